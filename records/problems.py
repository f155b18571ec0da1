"""Problems and the cases that belong to them: opened when a cause comes back, worked on by people, closed once for all.

A case belongs to one problem at most. What a problem costs is counted from its cases when somebody asks, never kept. The run
that follows it up is told of what happens to it by whoever looks what is owed (`api/relay.py`): that is written down with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, and_, delete, func, insert, or_, select, update

from domain.errors import Invalid, NotAllowed, NotFound
from domain.problem_reminders import Following, came_back_again, given
from domain.problems import UNRESOLVED, Occurrence, Problem, ProblemState, looks_like, problem_id, require_unresolved
from domain.state import LIVE
from records.database import Database, exclusive, insert_or_ignore
from records.tables import escalations, facts, occurrences, problem_cases, problems

LARGEST_PAGE = 200
MOST_OFFERED = 50  # children; a person goes through them one by one

Case = tuple[str, int]  # id and episode
Document = dict[str, Any]


@dataclass(frozen=True)
class ProblemFilters:
    """What a list shows; None means anything."""

    state: ProblemState | tuple[ProblemState, ...] | None = None  # or one of several
    owner: str | None = None
    category: str | None = None
    product: str | None = None


@dataclass(frozen=True)
class OwedLook:
    """The run that follows up this problem is to look, and to begin where there is none."""

    problem: str
    since: datetime


@dataclass(frozen=True)
class LinkedCase:
    """A case of a problem, and who linked it and when: nobody, where it came by its cause; None, where it is only offered."""

    document: Document
    linked_by: str | None
    linked_at: datetime | None


class Problems:
    """What people read and change."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, id: str) -> Problem:
        """Raises NotFound `problem_not_found`."""
        with self._database.read() as connection:
            return _found(connection, id)

    def before(self, problem: Problem) -> Problem | None:
        """The problem of the same cause that was resolved last before this one opened, or None."""
        earlier = same_cause(problems, problem.category, problem.product) & (problems.c.number < problem.number)
        query = select(problems).where(earlier, problems.c.state == "resolved").order_by(problems.c.number.desc())
        with self._database.read() as connection:
            row = connection.execute(query.limit(1)).mappings().one_or_none()
        return None if row is None else _problem(row)

    def exists(self, id: str) -> bool:
        """Whether there is a problem of that id."""
        with self._database.read() as connection:
            return connection.scalar(select(problems.c.id).where(problems.c.id == id)) is not None

    def page(
        self, filters: ProblemFilters, limit: int = 50, cursor: int | None = None
    ) -> tuple[list[tuple[Problem, int]], int | None]:
        """The problems that fit, the newest first, each with the number of its cases; and where the next page begins.

        Raises Invalid `bad_limit`.
        """
        if not 1 <= limit <= LARGEST_PAGE:
            raise Invalid("bad_limit", f"limit is 1 to {LARGEST_PAGE}", field="limit")
        given = [(problems.c[name], value) for name, value in vars(filters).items() if value is not None]
        conditions = [column.in_(value) if isinstance(value, tuple) else column == value for column, value in given]
        conditions += [] if cursor is None else [problems.c.number < cursor]
        count = select(func.count()).where(problem_cases.c.problem == problems.c.id).scalar_subquery()
        query = select(problems, count.label("cases")).where(*conditions).order_by(problems.c.number.desc())
        with self._database.read() as connection:
            found = connection.execute(query.limit(limit + 1)).mappings().all()
        page = [(_problem(row), int(row["cases"])) for row in found[:limit]]
        return page, page[-1][0].number if len(found) > limit else None

    def cases(self, id: str) -> list[LinkedCase]:
        """The cases of a problem, the newest first."""
        same = and_(escalations.c.id == problem_cases.c.escalation, escalations.c.episode == problem_cases.c.episode)
        query = (
            select(escalations.c.document, problem_cases.c.linked_by, problem_cases.c.linked_at)
            .join(problem_cases, same)
            .where(problem_cases.c.problem == id)
            .order_by(escalations.c.opened_at.desc(), escalations.c.id)
        )
        with self._database.read() as connection:
            return [LinkedCase(**row) for row in connection.execute(query).mappings()]

    def offered(self, problem: Problem) -> list[Document]:
        """Live cases that look like it and belong to no problem yet, the newest first.

        They are looked for among the facts, whose rows are small: a live case is written there with its first record.
        """
        linked = and_(facts.c.id == problem_cases.c.escalation, facts.c.episode == problem_cases.c.episode)
        case = and_(facts.c.id == escalations.c.id, facts.c.episode == escalations.c.episode)
        query = (
            select(escalations.c.document)
            .select_from(facts.join(escalations, case).outerjoin(problem_cases, linked))
            .where(facts.c.status.in_(LIVE), problem_cases.c.problem.is_(None), _alike(problem))
            .order_by(facts.c.opened_at.desc(), facts.c.id)
            .limit(MOST_OFFERED)
        )
        with self._database.read() as connection:
            return [one for one in connection.scalars(query) if looks_like(problem, one)]

    def offered_to(self, case: Document) -> list[Problem]:
        """The unresolved problems that a case looks like, the newest first; none for one that belongs to a problem already."""
        place, product = (case["id"], case["episode"]), case["ticket"].get("product")
        same = problems.c.product.is_(None) if product is None else problems.c.product == product
        query = select(problems).where(problems.c.state.in_(UNRESOLVED), same).order_by(problems.c.number.desc())
        with self._database.read() as connection:
            if problem_of(connection, place) is not None:
                return []
            found = [_problem(row) for row in connection.execute(query).mappings()]
        return [one for one in found if looks_like(one, case)]

    def unresolved(self) -> int:
        """How many are not resolved yet."""
        query = select(func.count()).select_from(problems).where(problems.c.state.in_(UNRESOLVED))
        with self._database.read() as connection:
            return connection.scalar(query) or 0

    def of_case(self, escalation: str, episode: int) -> Problem | None:
        """The problem that a case belongs to, or None."""
        mine = (problem_cases.c.escalation == escalation) & (problem_cases.c.episode == episode)
        query = select(problems).join(problem_cases, problem_cases.c.problem == problems.c.id).where(mine)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _problem(row)

    def link(self, id: str, case: Case, by: str, now: datetime) -> None:
        """Put a case under the problem; once more changes nothing.

        Raises NotFound `problem_not_found`, NotAllowed `problem_resolved` or `already_linked` (to another problem).
        """
        with self._database.write() as connection:
            require_unresolved(locked(connection, id))
            owe_a_look(connection, id, now)
            if not link(connection, id, case, by, now) and problem_of(connection, case) != id:
                other = problem_of(connection, case)
                message = f"'{case[0]}' belongs to the problem '{other}'; unlink it there first"
                raise NotAllowed("already_linked", message, field="escalation")

    def unlink(self, id: str, escalation: str) -> None:
        """Take every episode of a case out of the problem. Raises NotFound `problem_not_found`, `not_linked`."""
        with self._database.write() as connection:
            locked(connection, id)
            mine = (problem_cases.c.problem == id) & (problem_cases.c.escalation == escalation)
            if not connection.execute(delete(problem_cases).where(mine)).rowcount:
                message = f"'{escalation}' does not belong to the problem '{id}'"
                raise NotFound("not_linked", message, field="escalation")

    def work_around(self, id: str, text: str, now: datetime) -> None:
        """Write down what helps until it is resolved: it is a known error now. Raises NotFound, NotAllowed."""
        with self._database.write() as connection:
            require_unresolved(locked(connection, id))
            owe_a_look(connection, id, now)
            connection.execute(update(problems).where(problems.c.id == id).values(workaround=text, state="known_error"))

    def assign(self, id: str, to: str, by: str, now: datetime) -> None:
        """Give it another owner, who is told; the same once more changes nothing. Raises NotFound, NotAllowed."""
        with self._database.write() as connection:
            problem = locked(connection, id)
            require_unresolved(problem)
            if problem.owner == to:
                return
            keep_following(connection, id, given(following_of(connection, problem, now), by, now))
            owe_a_look(connection, id, now)
            connection.execute(update(problems).where(problems.c.id == id).values(owner=to))

    def resolve(self, id: str, by: str, resolution: str, now: datetime) -> None:
        """It is resolved; the same words once more change nothing. Raises NotFound, NotAllowed `problem_resolved`."""
        with self._database.write() as connection:
            problem = locked(connection, id)
            if problem.state == "resolved" and problem.resolution == resolution:
                return
            require_unresolved(problem)
            ended = {"state": "resolved", "resolved_at": now, "resolved_by": by, "resolution": resolution}
            owe_a_look(connection, id, now)
            connection.execute(update(problems).where(problems.c.id == id).values(**ended))

    def owed(self, most: int) -> list[OwedLook]:
        """What happened to problems that no run was told of yet, the oldest first."""
        waiting = problems.c.owed_since.is_not(None)
        query = select(problems.c.id, problems.c.owed_since).where(waiting).order_by(problems.c.owed_since).limit(most)
        with self._database.read() as connection:
            return [OwedLook(row.id, row.owed_since) for row in connection.execute(query)]

    def handed_over(self, owed: OwedLook) -> None:
        """Its run was told; what happened meanwhile is owed still."""
        this = (problems.c.id == owed.problem) & (problems.c.owed_since == owed.since)
        with self._database.write() as connection:
            connection.execute(update(problems).where(this).values(owed_since=None))


def following_of(connection: Connection, problem: Problem, now: datetime) -> Following:
    """How far the following up has come; of a problem from before there was any it begins now."""
    kept = connection.scalar(select(problems.c.following).where(problems.c.id == problem.id))
    begun = Following(since=problem.opened_at, looked_at=now, owner=problem.owner)
    return begun if kept is None else Following.model_validate(kept)


def keep_following(connection: Connection, id: str, following: Following) -> None:
    """Write down how far it has come."""
    kept = following.model_dump(mode="json")
    connection.execute(update(problems).where(problems.c.id == id).values(following=kept))


def owe_a_look(connection: Connection, id: str, now: datetime) -> None:
    """Something has happened to it: its run is to hear of that."""
    connection.execute(update(problems).where(problems.c.id == id).values(owed_since=now))


def has_come_back(connection: Connection, id: str, now: datetime) -> None:
    """A further case of it has closed: its owner is to hear of that, unless the problem is resolved."""
    problem = locked(connection, id)
    if problem.state in UNRESOLVED:
        keep_following(connection, id, came_back_again(following_of(connection, problem, now)))
        owe_a_look(connection, id, now)


def state_for(connection: Connection, told: Mapping[str, str]) -> str:
    """The state of the problem that a message with these facts is about; `moved` where it has another owner by now.

    One that does not say whose it was was queued by an earlier release, or before its case was forgotten.
    """
    query = select(problems.c.state, problems.c.owner).where(problems.c.id == told["problem"])
    row = connection.execute(query).one()
    return "moved" if row.state in UNRESOLVED and row.owner != told.get("owner", row.owner) else str(row.state)


def link(connection: Connection, id: str, case: Case, by: str | None, now: datetime) -> bool:
    """Put a case under a problem; False when it belongs to one already."""
    row = {"escalation": case[0], "episode": case[1], "problem": id, "linked_by": by, "linked_at": now}
    return insert_or_ignore(connection, problem_cases, [row]) == 1


def link_named(connection: Connection, case: Case, document: Document, now: datetime) -> None:
    """Put a case under the problem that its new root cause names, whatever it belonged to; an unknown one links nothing.

    Nor does one that was resolved before the case began: it has come back, and that is counted anew.
    """
    cause = document["root_cause"] or {}
    named = str(cause.get("problem"))
    found = connection.execute(select(problems.c.resolved_at).where(problems.c.id == named)).one_or_none()
    if found is None or (found.resolved_at and found.resolved_at < datetime.fromisoformat(document["opened_at"])):
        return
    connection.execute(delete(problem_cases).where(_of(problem_cases, case)))
    link(connection, named, case, cause.get("by"), now)


def problem_of(connection: Connection, case: Case) -> str | None:
    """The id of the problem that a case belongs to, or None."""
    return connection.scalar(select(problem_cases.c.problem).where(_of(problem_cases, case)))


def count_in(connection: Connection, case: Case, category: str, product: str | None, at: datetime) -> bool:
    """Write down that a case of this cause closed then: once for each episode. False when it was counted before."""
    row = {"escalation": case[0], "episode": case[1], "category": category, "product": product, "at": at}
    return insert_or_ignore(connection, occurrences, [row]) == 1


def unresolved(connection: Connection, category: str, product: str | None) -> str | None:
    """The problem of this cause that is not resolved yet, or None."""
    mine = same_cause(problems, category, product) & problems.c.state.in_(UNRESOLVED)
    return connection.scalar(select(problems.c.id).where(mine).order_by(problems.c.number.desc()).limit(1))


def seen_since_resolved(connection: Connection, category: str, product: str | None) -> list[Occurrence]:
    """The closed cases of this cause that belong to no problem, the oldest first; none from before its last one was resolved.

    A case of a problem that was resolved while it was open closes later, and is no news.
    """
    resolved = connection.scalar(
        select(func.max(problems.c.resolved_at)).where(same_cause(problems, category, product))
    )
    linked = and_(
        problem_cases.c.escalation == occurrences.c.escalation, problem_cases.c.episode == occurrences.c.episode
    )
    nobodys = select(occurrences).outerjoin(problem_cases, linked).where(problem_cases.c.problem.is_(None))
    query = nobodys.where(same_cause(occurrences, category, product)).order_by(occurrences.c.at)
    later = query if resolved is None else query.where(occurrences.c.at > resolved)
    return [
        Occurrence(escalation=row["escalation"], episode=row["episode"], at=row["at"])
        for row in connection.execute(later).mappings()
    ]


def open_problem(
    connection: Connection,
    title: str,
    category: str,
    product: str | None,
    owner: str,
    opened_at: datetime,
    now: datetime | None = None,
) -> Problem:
    """A new one under the next number; what was to be said of it before `now` is not. Call it after `one_opens_at_a_time`."""
    number = (connection.scalar(select(func.max(problems.c.number))) or 0) + 1
    problem = Problem(
        id=problem_id(number),
        number=number,
        title=title,
        category=category,
        product=product,
        state="open",
        owner=owner,
        opened_at=opened_at,
    )
    following = Following(since=opened_at, looked_at=now or opened_at, owner=owner).model_dump(mode="json")
    connection.execute(insert(problems).values(**problem.model_dump(), following=following, owed_since=opened_at))
    return problem


def one_opens_at_a_time(connection: Connection) -> None:
    """Until the end of the transaction nobody else opens a problem."""
    exclusive(connection, "problems")


def locked(connection: Connection, id: str) -> Problem:
    """The problem, held until the end of the transaction. Raises NotFound `problem_not_found`."""
    return _found(connection, id, held=True)


def _found(connection: Connection, id: str, *, held: bool = False) -> Problem:
    query = select(problems).where(problems.c.id == id)
    # What refers to it may be written meanwhile: that holds its key, and its writer may hold what we ask for next.
    row = connection.execute(query.with_for_update(key_share=True) if held else query).mappings().one_or_none()
    if row is None:
        raise NotFound("problem_not_found", f"there is no problem '{id}'; see `tierline problems list`")
    return _problem(row)


def _alike(problem: Problem) -> ColumnElement[bool]:
    """What the database can tell of `looks_like`: it keeps the page small."""
    if problem.product is None:
        return and_(facts.c.product.is_(None), facts.c.cause == problem.category)
    unknown_or_same = or_(facts.c.cause.is_(None), facts.c.cause == problem.category)
    return and_(facts.c.product == problem.product, unknown_or_same)


def same_cause(table: Table, category: str, product: str | None) -> ColumnElement[bool]:
    """The rows of this category and product, or of no product."""
    same_product = table.c.product.is_(None) if product is None else table.c.product == product
    return and_(table.c.category == category, same_product)


def _of(table: Table, case: Case) -> ColumnElement[bool]:
    return (table.c.escalation == case[0]) & (table.c.episode == case[1])


def _problem(row: RowMapping) -> Problem:
    return Problem.model_validate({name: row[name] for name in Problem.model_fields})
