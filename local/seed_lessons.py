"""What the newest made-up cases have taught: actions that people owe or have done, and causes that are known problems.

They are there to be looked at: no run in Temporal follows them up, so nobody is reminded of them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, Literal

from sqlalchemy import Connection, insert, select, update

from domain.actions import KeptAction
from domain.causes import Causes, title_of
from domain.problems import Problem, ProblemState, problem_id, title
from domain.roster import Roster
from local.seed_texts import Tongue
from records.database import Database
from records.tables import actions, escalations, problem_cases, problems

NEWEST: Final = 400  # closed cases looked at
AN_ACTION_IN: Final = 4
PROBLEMS: Final = 6
FEWEST: Final = 3  # cases of a problem
STATES: Final[Sequence[ProblemState]] = ("open", "known_error", "open", "resolved", "known_error", "open")
DONE: Final = 0.4
Kind = Literal["corrective", "preventive"]
TO_DO: Final[Mapping[Tongue, Sequence[tuple[Kind, str]]]] = {
    "en": (
        ("preventive", "Watch for it and be told before customers are"),
        ("preventive", "Add the case to the tests before a release"),
        ("corrective", "Mend the configuration on the other hosts too"),
        ("preventive", "Write down in the handbook how it is found and mended"),
        ("corrective", "Tell the supplier and ask for a lasting fix"),
    ),
    "de": (
        ("preventive", "Überwachung einrichten, die vor den Kunden Alarm schlägt"),
        ("preventive", "Den Fall in die Tests vor einem Release aufnehmen"),
        ("corrective", "Die Konfiguration auch auf den anderen Hosts berichtigen"),
        ("preventive", "Im Handbuch beschreiben, wie man es erkennt und behebt"),
        ("corrective", "Den Lieferanten informieren und eine dauerhafte Lösung verlangen"),
    ),
}
WORKAROUND: Final = "Restart the service and sign in anew; it holds for about a day."
SOLVED: Final = "Mended with the last release."
Case = Mapping[str, Any]


def seed_lessons(database: Database, roster: Roster, causes: Causes | None, chance: Random, now: datetime) -> None:
    """Write them, into a store that has neither actions nor problems yet; nothing without people who could own them."""
    people = [one.id for one in roster.people]
    with database.write() as connection:
        has_any = [connection.scalar(select(table.c.id).limit(1)) for table in (actions, problems)]
        if not people or any(has_any):
            return
        closed = select(escalations.c.document).where(escalations.c.status == "closed")
        newest = connection.scalars(closed.order_by(escalations.c.closed_at.desc()).limit(NEWEST)).all()
        taught = [one for one in newest if one["root_cause"] is not None]
        for case in taught[::AN_ACTION_IN]:
            _owe(connection, case, people, chance, now)
        for number, cases in enumerate(_same_causes(taught), start=1):
            _know(connection, number, cases, chance.choice(people), causes)


def _owe(connection: Connection, case: Case, people: Sequence[str], chance: Random, now: datetime) -> None:
    """One or two actions of a case, in its document and in the list."""
    tongue: Tongue = "de" if case["customer"].get("locale") == "de" else "en"
    made = [
        _action(case, number, kind, text, chance.choice(people), chance, now)
        for number, (kind, text) in enumerate(chance.sample(TO_DO[tongue], chance.randint(1, 2)))
    ]
    said = [one.model_dump(mode="json", include={"text", "kind", "owner", "due_on"}) for one in made]
    document = {**case, "root_cause": {**case["root_cause"], "actions": said}}
    mine = (escalations.c.id == case["id"]) & (escalations.c.episode == case["episode"])
    connection.execute(update(escalations).where(mine).values(document=document))
    connection.execute(insert(actions), [{**one.model_dump(), "due_on": one.due_on.isoformat()} for one in made])


def _action(case: Case, number: int, kind: Kind, text: str, owner: str, chance: Random, now: datetime) -> KeptAction:
    id, episode = case["id"], case["episode"]
    due_on = (now + timedelta(days=chance.randint(-12, 30))).date()
    known = {"id": f"{id}.{episode}.{number}", "escalation": id, "episode": episode, "number": number}
    made = KeptAction(**known, text=text, kind=kind, owner=owner, due_on=due_on)
    if chance.random() >= DONE:
        return made
    closed_at = datetime.fromisoformat(case["closed_at"])
    return made.model_copy(update={"state": "done", "done_at": closed_at + (now - closed_at) / 2, "done_by": owner})


def _same_causes(cases: Sequence[Case]) -> list[list[Case]]:
    """Those of one cause and product, the oldest first; the most frequent, where there are enough."""
    found: defaultdict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in reversed(cases):
        found[case["root_cause"]["category"], case["ticket"]["product"]].append(case)
    often = sorted(found.values(), key=len, reverse=True)[:PROBLEMS]
    return [one for one in often if len(one) >= FEWEST]


def _know(connection: Connection, number: int, cases: Sequence[Case], owner: str, causes: Causes | None) -> None:
    """A problem with its cases."""
    category, product = cases[0]["root_cause"]["category"], cases[0]["ticket"]["product"]
    state = STATES[(number - 1) % len(STATES)]
    opened_at = datetime.fromisoformat(cases[FEWEST - 1]["closed_at"])
    last = datetime.fromisoformat(cases[-1]["closed_at"])
    over = {"resolved_at": last, "resolved_by": owner, "resolution": SOLVED} if state == "resolved" else {}
    made = Problem(
        **{"id": problem_id(number), "number": number, "title": title(title_of(causes, category), product)},
        **{"category": category, "product": product, "state": state, "owner": owner, "opened_at": opened_at},
        **{"workaround": WORKAROUND if state == "known_error" else None, **over},
    )
    connection.execute(insert(problems).values(**made.model_dump()))
    connection.execute(
        insert(problem_cases),
        [
            {"escalation": one["id"], "episode": one["episode"], "problem": made.id, "linked_at": opened_at}
            for one in cases
        ],
    )
