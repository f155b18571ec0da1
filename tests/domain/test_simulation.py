"""Playing a case without waiting: what is heard when, what becomes of messages, and where it ends."""

from typing import Any

from domain.commands import Command
from domain.messages import Message
from domain.policy import Policy
from domain.preview import Row, preview
from domain.roster_file import check_roster
from domain.simulation import Course, Refusal, Sending, course
from domain.state import Opening, TimelineEntry
from domain.tickets import Customer, Ticket, Trigger
from tests.domain.setting import policy, said, when

NAMES = ("dana", "eli", "finn", "mia", "olga")
TWO_HOURS = policy("targets: {closure: {all: 2h}}")
ADDRESSES = {"email": "one@x.example", "phone": "+493023125101"}


def roster(support: dict[str, Any] | None = None, **changes: dict[str, Any]) -> Any:
    people = [{"id": name, "name": name.title(), **ADDRESSES, **changes.get(name, {})} for name in NAMES]
    teams = [
        {"id": "support", "lead": "dana", "members": ["dana", "eli"], **(support or {})},
        {"id": "specialists", "lead": "finn", "members": ["finn"]},
        {"id": "management", "lead": "mia", "members": ["mia"]},
    ]
    return check_roster({"people": people, "teams": teams})


def word(at: str, name: str, by: str | None = None, **body: Any) -> Command:
    return Command(id=f"{at} {name}", name=name, by=by, received_at=when(at), body=body)


def played(*words: Command, rules: Policy | None = None, people: Any = None, **more: Any) -> Course:
    number = more.pop("number", "4711")
    opening = Opening(
        id=f"zendesk-{number}",
        episode=1,
        accepted_at=when("10:00"),
        opened_by=None,
        policy=rules or policy(),
        priority="high",
        priority_reasons=(),
        ticket=Ticket(system="zendesk", id=number, subject="Checkout is down"),
        customer=Customer(id="acme", name="Acme GmbH", email="it@acme.example"),
        trigger=Trigger(kind="manual"),
    )
    return course(opening, people or roster(), words, **more)


def sent(found: Course) -> list[tuple[str | None, str | None, str]]:
    return [
        (said(one.at), one.message.person, one.message.channel) for one in found.happenings if isinstance(one, Sending)
    ]


def happened(found: Course, kind: str) -> list[str | None]:
    return [said(one.at) for one in found.happenings if isinstance(one, TimelineEntry) and one.kind == kind]


def test_a_word_at_the_instant_of_a_deadline_still_counts() -> None:
    assert happened(played(word("10:30", "acknowledge", "dana")), "breached") == []
    assert happened(played(word("10:31", "acknowledge", "finn")), "breached")[0] == "10:30"


def test_words_are_heard_in_the_order_of_their_times() -> None:
    found = played(
        word("10:20", "resume", "dana"),
        word("10:10", "acknowledge", "dana"),
        word("10:15", "pause", "dana", reason="scheduled"),
    )
    assert (happened(found, "acknowledged"), happened(found, "paused"), happened(found, "resumed")) == (
        ["10:10"],
        ["10:15"],
        ["10:20"],
    )


def test_a_word_that_is_refused_changes_nothing() -> None:
    found = played(word("10:05", "close", "dana"), rules=TWO_HOURS)
    [refusal] = [one for one in found.happenings if isinstance(one, Refusal)]
    assert (said(refusal.at), refusal.error.code) == ("10:05", "not_resolved")
    assert [one for one in found.happenings if one is not refusal] == played(rules=TWO_HOURS).happenings


def test_who_says_it_is_whoever_is_accountable_but_nobody_speaks_for_a_system() -> None:
    found = played(word("10:05", "acknowledge"), word("10:06", "ticket-update", fields={"subject": "All is down"}))
    actors = [
        one.actor for one in found.happenings if isinstance(one, TimelineEntry) and one.kind in ("acknowledged", "note")
    ]
    assert actors == ["dana", "tierline"]


def test_who_has_no_phone_is_passed_over_at_once() -> None:
    steps = "[{tell: on_call, channels: [sms]}, {after: 10m, tell: on_call.next, channels: [sms]}]"
    found = played(rules=policy(L1=f"steps: {steps}"), people=roster(dana={"phone": None}))
    assert happened(found, "delivery_failed")[0] == "10:00"
    assert sent(found)[0] == ("10:00", "eli", "sms")


def test_whose_turn_it_is_depends_on_the_case_and_on_the_round() -> None:
    turns = roster({"choose": "round_robin"})
    firsts = {sent(played(people=turns, number=str(number)))[0][1] for number in range(20)}
    assert firsts == {"dana", "eli"}


def test_it_ends_at_the_closing_limit_unless_somebody_has_still_to_speak() -> None:
    found = played(rules=TWO_HOURS)
    assert (found.ending, said(found.state.at)) == ("closure_missed", "12:00")
    words = (
        word("13:00", "resolve", "mia", summary="x"),
        word("13:01", "root-cause", "mia", category="c", description="d", origin="ours"),
        word("13:02", "close", "mia"),
    )
    assert played(*words, rules=TWO_HOURS).ending == "closed"


def test_it_ends_after_so_many_lines_and_when_nothing_is_left_to_happen() -> None:
    assert (cut := played(most=10)).ending == "too_long"
    assert cut.lines >= 10
    idle = policy("closing: {root_cause: optional}")
    assert played(word("10:05", "resolve", "dana", summary="x"), rules=idle).ending == "nothing_more"


def test_the_same_course_twice_is_the_same() -> None:
    words = (
        word("10:05", "acknowledge", "dana"),
        word("15:00", "escalate", "dana", kind="hierarchical", reason="hard"),
    )
    assert played(*words) == played(*words)


def test_a_reopened_case_says_that_it_asks_for_its_resolver() -> None:
    words = (word("10:05", "resolve", "eli", summary="x"), word("11:00", "reopen", "dana", reason="again"))
    rows = preview(played(*words, most=40), roster())
    [first, *_] = [row for row in rows if row.what == "told" and said(row.at) == "11:00"]
    assert (first.who, first.why) == ("Eli", "L1 step 1, named person: acknowledge")


def test_what_a_person_told_the_customer_is_a_row_though_no_message_says_it() -> None:
    rules = policy("customer_updates: {every: {all: 2h}, on: []}")
    told = word("10:10", "customer-update", "dana", text="soon", told_by="phone")
    rows = preview(played(word("10:05", "acknowledge", "dana"), told, rules=rules, most=9), roster())
    [row] = [row for row in rows if row.what == "customer_told" and row.channel is None]
    assert (row.who, row.why) == ("Dana", "dana told the customer by phone")


def test_every_message_is_a_row_and_no_row_says_it_again() -> None:
    found = played(most=60)
    rows: list[Row] = preview(found, roster())
    messages: list[Message] = [one.message for one in found.happenings if isinstance(one, Sending)]
    assert [row.person for row in rows if row.channel] == [message.person for message in messages]
    assert not [row for row in rows if row.what in ("told", "warned", "customer_told") and row.channel is None]
