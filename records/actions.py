"""The actions of root causes: kept with the record of the transition, ended and moved by people, listed for who waits for them.

What is kept is made of the root cause as it stands and of what people have ended and moved, so that a record that is written
again, or after one that was taken back, comes to the same. The run that reminds owners is told of a move by whoever looks
what is owed (`api/relay.py`): it is written down with the move, so no crash in between loses it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, func, insert, or_, select, update

from domain.actions import ActionState, KeptAction, ended, kept, moved, overdue
from domain.commands import Action
from domain.errors import Invalid, NotFound
from domain.roster import Roster
from records.database import Database
from records.tables import actions, escalations

LARGEST_PAGE = 200
FARTHEST_ZONE = timedelta(hours=14)  # east of Greenwich: where a day is over first

Case = tuple[str, int]  # id and episode


@dataclass(frozen=True)
class ActionFilters:
    """What a list shows; None means anything."""

    owner: str | None = None
    state: ActionState | None = None
    overdue: bool | None = None


@dataclass(frozen=True)
class ListedAction:
    """An action with what it is about."""

    action: KeptAction
    subject: str
    customer: str
    overdue: bool


@dataclass(frozen=True)
class OwedMove:
    """The run that reminds of this action is to look again; `cause_at` is when its root cause was recorded."""

    action: str
    escalation: str
    episode: int
    cause_at: str | None
    since: datetime


def keep_actions(connection: Connection, case: Case, document: Mapping[str, Any], as_of: datetime | None) -> None:
    """Bring the rows of the case in step with its root cause."""
    cause = document["root_cause"]
    if cause is None:
        return
    before = of_case(connection, case)
    said = [Action.model_validate(one) for one in cause.get("actions") or ()]
    known = {one.id: one for one in before}
    for one in kept(*case, before, said, cause["at"]):
        if one.id not in known:
            connection.execute(insert(actions).values(**_row(one), as_of=as_of))
        elif one != known[one.id]:
            write(connection, one)


def forget_actions(connection: Connection, case: Case, after: datetime) -> None:
    """Those that came with a record that never happened."""
    connection.execute(delete(actions).where(_of(case), actions.c.as_of > after))


def of_case(connection: Connection, case: Case) -> list[KeptAction]:
    """All actions of one episode, in their order."""
    query = select(actions).where(_of(case)).order_by(actions.c.number)
    return [_action(row) for row in connection.execute(query).mappings()]


def last_look(connection: Connection, case: Case) -> datetime | None:
    """The instant of the last look for reminders; None before the first, and of one that an earlier release took."""
    latest: datetime | None = connection.scalar(select(func.max(actions.c.looked_at)).where(_of(case)))
    return latest


def keep_look(connection: Connection, case: Case, at: datetime) -> None:
    """Write down that the reminders of the case were looked for up to that instant."""
    connection.execute(update(actions).where(_of(case)).values(looked_at=at))


class Actions:
    """What people read and end."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_case(self, escalation: str, episode: int) -> list[KeptAction]:
        """All actions of one episode, in their order."""
        with self._database.read() as connection:
            return of_case(connection, (escalation, episode))

    def overdue(self, roster: Roster, now: datetime) -> int:
        """How many open ones have their day behind them, each by its owner's clock."""
        query = (
            select(actions.c.owner, actions.c.due_on, func.count().label("count"))
            .where(*_conditions(ActionFilters(overdue=True), now))
            .group_by(actions.c.owner, actions.c.due_on)
        )
        with self._database.read() as connection:
            found = connection.execute(query).all()
        return sum(count for owner, due_on, count in found if overdue(owner, date.fromisoformat(due_on), now, roster))

    def page(
        self, filters: ActionFilters, roster: Roster, now: datetime, limit: int = 50, cursor: str | None = None
    ) -> tuple[list[ListedAction], str | None]:
        """The actions that fit, the earliest day first, and the cursor of the next page, None at the end.

        Whether a day is over depends on the owner's clock, so a page of overdue ones may be shorter than `limit`.
        Raises Invalid `bad_limit`, `bad_cursor`.
        """
        if not 1 <= limit <= LARGEST_PAGE:
            raise Invalid("bad_limit", f"limit is 1 to {LARGEST_PAGE}", field="limit")
        conditions = [*_conditions(filters, now), *([_after(cursor)] if cursor is not None else [])]
        same = and_(escalations.c.id == actions.c.escalation, escalations.c.episode == actions.c.episode)
        query = (
            select(actions, escalations.c.subject, escalations.c.customer)
            .join(escalations, same)
            .where(*conditions)
            .order_by(actions.c.due_on, actions.c.id)
            .limit(limit + 1)
        )
        with self._database.read() as connection:
            found = connection.execute(query).mappings().all()
        page = [_listed(row, roster, now) for row in found[:limit]]
        fits = [one for one in page if filters.overdue in (None, one.overdue)]
        last = found[limit - 1] if len(found) > limit else None
        return fits, None if last is None else f"{last['due_on']}_{last['id']}"

    def end(self, id: str, state: Literal["done", "dropped"], by: str, note: str | None, now: datetime) -> KeptAction:
        """Done, or dropped. Raises NotFound `action_not_found`, NotAllowed `action_done`, `action_dropped`."""
        with self._database.write() as connection:
            _cause_of(connection, id)  # holds the case: a look for reminders writes what it has read of its actions
            before = _locked(connection, id)
            changed = ended(before, state, by, note, now)
            if changed != before:
                write(connection, changed)
            return changed

    def move(
        self,
        id: str,
        owner: str | None,
        due_on: date | None,
        by: str,
        note: str | None,
        now: datetime,
        roster: Roster,
    ) -> KeptAction:
        """To another owner, another day, or both; None is the one it has. Raises NotFound `action_not_found`, and as `moved`."""
        with self._database.write() as connection:
            cause_at = _cause_of(connection, id)  # holds the case: a record of it writes its actions anew
            before = _locked(connection, id)
            changed = moved(before, owner, due_on, by, note, now, roster)
            if changed.moved is None or changed == before:
                return before
            changed = changed.model_copy(update={"moved": changed.moved.model_copy(update={"cause_at": cause_at})})
            write(connection, changed)
            connection.execute(update(actions).where(actions.c.id == id).values(owed_since=now))
            return changed

    def owed(self, most: int) -> list[OwedMove]:
        """Moves that no run was told of yet, the oldest first."""
        query = select(actions).where(actions.c.owed_since.is_not(None)).order_by(actions.c.owed_since).limit(most)
        with self._database.read() as connection:
            return [_owed(row) for row in connection.execute(query).mappings()]

    def handed_over(self, owed: OwedMove) -> None:
        """Its run was told, or has ended; a move that came meanwhile is owed still."""
        this = (actions.c.id == owed.action) & (actions.c.owed_since == owed.since)
        with self._database.write() as connection:
            connection.execute(update(actions).where(this).values(owed_since=None))


def state_of(connection: Connection, reminder: Mapping[str, str]) -> str:
    """The state of the action that a reminder with these facts is about; `moved` where it says another's or another day.

    One nobody knows any more is dropped.
    """
    query = select(actions.c.state, actions.c.owner, actions.c.due_on).where(actions.c.id == reminder["action"])
    row = connection.execute(query).one_or_none()
    if row is None or row.state != "open":
        return row.state if row else "dropped"
    told = (reminder.get("owner", row.owner), reminder["due_on"])  # an earlier release did not write down whose
    return "open" if told == (row.owner, row.due_on) else "moved"


def _cause_of(connection: Connection, id: str) -> str | None:
    """When the root cause that an action comes from was recorded. Its case is held until the end of the transaction."""
    of_it = (escalations.c.id == actions.c.escalation) & (escalations.c.episode == actions.c.episode)
    query = select(escalations.c.document).join(actions, of_it).where(actions.c.id == id)
    document = connection.scalar(query.with_for_update(of=escalations))
    return ((document or {}).get("root_cause") or {}).get("at")


def _locked(connection: Connection, id: str) -> KeptAction:
    """Held until the end of the transaction. Raises NotFound `action_not_found`."""
    row = connection.execute(select(actions).where(actions.c.id == id).with_for_update()).mappings().one_or_none()
    if row is None:
        raise NotFound("action_not_found", f"there is no action '{id}'; see `tierline actions list`")
    return _action(row)


def _owed(row: RowMapping) -> OwedMove:
    move = _action(row).moved
    return OwedMove(row["id"], row["escalation"], row["episode"], move.cause_at if move else None, row["owed_since"])


def _conditions(filters: ActionFilters, now: datetime) -> Sequence[ColumnElement[bool]]:
    conditions = []
    if filters.owner is not None:
        conditions.append(actions.c.owner == filters.owner)
    if filters.state is not None:
        conditions.append(actions.c.state == filters.state)
    if filters.overdue:
        today = (now.astimezone(UTC) + FARTHEST_ZONE).date()
        conditions += [actions.c.state == "open", actions.c.due_on < today.isoformat()]
    return conditions


def _after(cursor: str) -> ColumnElement[bool]:
    due_on, _, id = cursor.partition("_")
    try:
        date.fromisoformat(due_on)
    except ValueError:
        raise Invalid("bad_cursor", "this cursor is not one of ours; begin again without it", field="cursor") from None
    return or_(actions.c.due_on > due_on, and_(actions.c.due_on == due_on, actions.c.id > id))


def _listed(row: RowMapping, roster: Roster, now: datetime) -> ListedAction:
    action = _action(row)
    return ListedAction(action, row["subject"], row["customer"], action.overdue(now, roster))


def _of(case: Case) -> ColumnElement[bool]:
    return (actions.c.escalation == case[0]) & (actions.c.episode == case[1])


def _action(row: RowMapping) -> KeptAction:
    return KeptAction.model_validate({name: row[name] for name in KeptAction.model_fields})


def _row(action: KeptAction) -> dict[str, Any]:
    moved = action.moved.model_dump(mode="json") if action.moved else None
    return {**action.model_dump(), "due_on": action.due_on.isoformat(), "moved": moved}


def write(connection: Connection, action: KeptAction) -> None:
    """What has become of an action."""
    connection.execute(update(actions).where(actions.c.id == action.id).values(**_row(action)))
