"""What must hold of the machine whatever people do and whenever they do it.

Hypothesis makes policies, words and times; a small world around the machine answers who is on duty and how messages ended.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.commands import Command
from domain.errors import DomainError
from domain.escalation import advance, answer, apply, delivered, next_due, open_case
from domain.messages import AFTER_CLOSING, DutyAnswer, DutyQuestion, Message, SendResult
from domain.outcome import Outcome
from domain.policy import Policy
from domain.policy_file import check_policy
from domain.state import Escalation, Opening, TimelineEntry
from domain.tickets import Customer, Ticket, Trigger
from domain.view import document

START = datetime(2026, 3, 6, 15, 0, tzinfo=UTC)  # a Friday afternoon: the weekend is near
PEOPLE = ("dana", "sam", "lee", "robin")
EXAMPLES = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

TARGETS: dict[str, Any] = {"warn_at": [50, 80]}
OFFICE = {
    "timezone": "Europe/Berlin",
    "day": "8h",
    "hours": {d: ["09:00-12:30", "13:15-17:30"] for d in ("mon", "tue", "fri")},
}
ALL_CHANNELS = st.sampled_from([["sms"], ["email"], ["sms", "email"]])
SHORT = st.sampled_from(["30s", "5m", "15m", "1h", "4h"])
LONG = st.sampled_from(["1h", "8h", "2d"])


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Between one and three tiers, each with one to three steps, in a calendar that is always open or keeps office hours."""
    return check_policy(
        {
            "name": "generated",
            "owner_of_last_resort": "ops-manager",
            "calendars": {"office": OFFICE},
            "tiers": [_tier(draw, f"L{number + 1}") for number in range(draw(st.integers(1, 3)))],
            "targets": {
                "resolution": {
                    "all": draw(LONG),
                    "warn_at": [75],
                    "calendar": draw(st.sampled_from(["office", "always"])),
                },
                "closure": {"all": "5d", "calendar": "always", "warn_at": [80]},
                "root_cause": {"all": "1d", "calendar": "office"},
            },
            "customer_updates": {"every": {"all": draw(LONG)}, "channels": ["email", "sms"]},
            "closing": {"root_cause": "required", **({"confirm_within": "1d"} if draw(st.booleans()) else {})},
            "quiet_hours": {"customer_sms": "21:00-08:00", "timezone": "Europe/Berlin"},
        }
    )


def _tier(draw: st.DrawFn, name: str) -> dict[str, Any]:
    afters = sorted(draw(st.sets(st.integers(1, 40), max_size=2)))
    steps = [{"tell": "on_call", "channels": draw(ALL_CHANNELS)}]
    steps += [{"after": f"{after}m", "tell": "on_call.next", "channels": draw(ALL_CHANNELS)} for after in afters]
    return {
        "name": name,
        "team": f"team-{name.lower()}",
        "calendar": draw(st.sampled_from(["office", "always"])),
        "targets": {
            "acknowledge": {"all": draw(SHORT), **TARGETS},
            "tier_resolution": {"all": draw(LONG), "warn_at": [75]},
        },
        "repeat": draw(st.integers(0, 2)),
        "steps": steps,
        **({"acknowledge_timeout": {"all": "2h"}} if draw(st.booleans()) else {}),
    }


WORDS = st.one_of(
    st.tuples(st.just("acknowledge"), st.just({})),
    st.tuples(st.just("assign"), st.fixed_dictionaries({"to": st.sampled_from(PEOPLE)})),
    st.tuples(st.just("escalate"), st.just({"kind": "hierarchical", "reason": "too hard"})),
    st.tuples(st.just("escalate"), st.just({"kind": "functional", "team": "network", "reason": "a switch"})),
    st.tuples(st.just("hand-back"), st.just({"reason": "wrong tier"})),
    st.tuples(
        st.just("pause"),
        st.fixed_dictionaries(
            {"reason": st.sampled_from(["waiting_on_customer", "waiting_on_third_party", "scheduled"])}
        ),
    ),
    st.tuples(st.just("resume"), st.just({})),
    st.tuples(st.just("note"), st.just({"text": "looked at it"})),
    st.tuples(
        st.just("customer-update"),
        st.sampled_from([{"text": "we are on it"}, {"text": "soon", "next_update_in": "20m"}]),
    ),
    st.tuples(st.just("customer-reply"), st.just({"text": "any news?"})),
    st.tuples(
        st.just("reprioritize"),
        st.fixed_dictionaries({"priority": st.sampled_from(["low", "critical"]), "reason": st.just("because")}),
    ),
    st.tuples(st.just("resolve"), st.just({"summary": "restarted it"})),
    st.tuples(st.just("root-cause"), st.just({"category": "config", "description": "typo", "origin": "ours"})),
    st.tuples(st.just("close"), st.just({})),
    st.tuples(st.just("reopen"), st.just({"reason": "still broken"})),
    st.tuples(st.just("cancel"), st.just({"reason": "by mistake"})),
)
MOMENTS = st.tuples(st.integers(0, 3 * 24 * 3600), WORDS, st.sampled_from(PEOPLE))
PLAYS = st.lists(MOMENTS, max_size=12).map(lambda play: sorted(play, key=lambda moment: moment[0]))


@dataclass
class World:
    """The machine with everything around it that answers: nobody is on duty where `absent` says so, SMS fail where asked."""

    policy: Policy
    absent: frozenset[str] = frozenset()
    failing: frozenset[str] = frozenset()
    state: Escalation = field(init=False)
    timeline: list[TimelineEntry] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    asked: list[DutyQuestion] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        opening = Opening(
            id="zendesk-1",
            episode=1,
            accepted_at=START,
            opened_by=None,
            policy=self.policy,
            priority="high",
            priority_reasons=(),
            ticket=Ticket(system="zendesk", id="1", subject="Down"),
            customer=Customer(id="acme", name="Acme", email="it@acme.example", phone="+493012345678"),
            trigger=Trigger(kind="manual"),
        )
        self.take(open_case(opening))

    def take(self, outcome: Outcome) -> None:
        self.state = outcome.state
        self.timeline += outcome.timeline
        self.asked += outcome.questions
        self.messages += outcome.messages
        self.sent += outcome.messages

    def settle(self, at: datetime) -> None:
        """Answer every question and end every message, at `at`, until nothing is left."""
        while self.asked or self.sent:
            questions, self.asked = self.asked, []
            for asked in questions:
                person = None if f"{asked.team}/{asked.selector}" in self.absent else f"{asked.team}-{asked.selector}"
                place = {"entry": asked.entry, "step": asked.step, "round": asked.round}
                self.take(answer(self.state, DutyAnswer(**place, person=person, lead="robin", at=at)))
            messages, self.sent = self.sent, []
            for message in messages:
                status = "failed" if message.channel in self.failing else "sent"
                self.take(delivered(self.state, SendResult(key=message.key, status=status, at=at)))

    def say(self, number: int, at: datetime, word: tuple[str, dict[str, Any]], by: str) -> bool:
        name, body = word
        command = Command(id=str(number), name=name, by=by, received_at=at, body=body)
        try:
            self.take(apply(self.state, command, at))
        except DomainError:
            return False
        return True

    def observable(self) -> dict[str, Any]:
        """Everything but the count of transitions."""
        return self.state.model_dump(exclude={"version"})


ABSENT = st.frozensets(
    st.sampled_from([f"team-l{n}/{who}" for n in (1, 2, 3) for who in ("on_call", "on_call.next")]), max_size=4
)
FAILING = st.frozensets(st.sampled_from(["sms", "email"]), max_size=2)


@given(policies(), PLAYS, ABSENT, FAILING)
@EXAMPLES
def test_there_is_exactly_one_accountable_person_and_at_most_one_owner(
    policy: Policy, play: list[Any], absent: frozenset[str], failing: frozenset[str]
) -> None:
    world = World(policy, absent, failing)
    for number, (second, word, by) in enumerate(play):
        at = START + timedelta(seconds=second)
        world.take(advance(world.state, at))
        world.settle(at)
        world.say(number, at, word, by)
        world.settle(at)
        assert isinstance(world.state.accountable, str)
        assert world.state.accountable
        owned = world.state.status in ("acknowledged", "paused", "resolved")
        assert (world.state.owner is not None) == owned or world.state.status in ("closed", "cancelled")
        assert document(world.state)["accountable"] == world.state.accountable


@given(policies(), PLAYS, ABSENT, FAILING, st.integers(0, 20 * 24 * 3600))
@EXAMPLES
def test_after_advance_the_next_due_is_later(
    policy: Policy, play: list[Any], absent: frozenset[str], failing: frozenset[str], leap: int
) -> None:
    world = World(policy, absent, failing)
    for number, (second, word, by) in enumerate(play):
        at = START + timedelta(seconds=second)
        world.say(number, at, word, by)
        world.settle(max(at, world.state.at))
        due = next_due(world.state)
        assert due is None or due > world.state.at
    at = max(START + timedelta(seconds=leap), world.state.at)
    world.take(advance(world.state, at))
    assert world.state.at <= at, "it stays at what fired last"
    due = next_due(world.state)
    assert due is None or due > at


@given(policies(), PLAYS, ABSENT, FAILING)
@EXAMPLES
def test_one_leap_or_many_small_steps_give_the_same_state_and_timeline(
    policy: Policy, play: list[Any], absent: frozenset[str], failing: frozenset[str]
) -> None:
    leaping, stepping = World(policy, absent, failing), World(policy, absent, failing)
    for number, (second, word, by) in enumerate([*play, (4 * 24 * 3600, ("note", {"text": "end"}), "dana")]):
        at = START + timedelta(seconds=second)
        while (due := next_due(stepping.state)) is not None and due < at:  # one small step for each due time
            stepping.take(advance(stepping.state, due))
        for world in (leaping, stepping):
            if not world.say(number, at, word, by):
                world.take(advance(world.state, at))
            world.settle(max(at, world.state.at))
        assert leaping.timeline == stepping.timeline
        assert leaping.observable() == stepping.observable()
        assert [message.key for message in leaping.messages] == [message.key for message in stepping.messages]


@given(policies(), PLAYS, ABSENT, FAILING)
@EXAMPLES
def test_nothing_goes_out_after_the_end_but_the_closed_notice(
    policy: Policy, play: list[Any], absent: frozenset[str], failing: frozenset[str]
) -> None:
    world = World(policy, absent, failing)
    for number, (second, word, by) in enumerate(play):
        at = START + timedelta(seconds=second)
        ended, said = not world.state.live, len(world.messages)
        world.say(number, at, word, by)
        world.settle(max(at, world.state.at))
        world.take(advance(world.state, max(at, world.state.at)))
        if ended:
            assert all(message.kind in AFTER_CLOSING for message in world.messages[said:])
    if not world.state.live:
        world.settle(world.state.at)
        said = len(world.messages)
        world.take(advance(world.state, world.state.at + timedelta(days=40)))
        world.settle(world.state.at)
        assert len(world.messages) == said
        assert next_due(world.state) is None
        closing = [message for message in world.messages if message.at >= (world.state.closed_at or START)]
        assert all(message.kind in AFTER_CLOSING or message.at == world.state.closed_at for message in closing)


@given(policies(), PLAYS, ABSENT, FAILING)
@EXAMPLES
def test_a_message_key_never_repeats(
    policy: Policy, play: list[Any], absent: frozenset[str], failing: frozenset[str]
) -> None:
    world = World(policy, absent, failing)
    for number, (second, word, by) in enumerate(play):
        at = START + timedelta(seconds=second)
        world.take(advance(world.state, at))
        world.settle(at)
        world.say(number, at, word, by)
        world.settle(max(at, world.state.at))
    keys = [message.key for message in world.messages]
    assert len(keys) == len(set(keys))
    assert [entry.seq for entry in world.timeline] == list(range(1, len(world.timeline) + 1))
    assert sorted(world.timeline, key=lambda entry: entry.at) == world.timeline


@given(policies(), PLAYS, ABSENT, FAILING)
@EXAMPLES
def test_the_state_survives_json_and_a_command_id_is_applied_once(
    policy: Policy, play: list[Any], absent: frozenset[str], failing: frozenset[str]
) -> None:
    world = World(policy, absent, failing)
    for number, (second, word, by) in enumerate(play):
        at = START + timedelta(seconds=second)
        if world.say(number, at, word, by):
            before = world.observable()
            world.say(number, max(at, world.state.at), word, by)
            assert world.observable() == before
        world.settle(max(at, world.state.at))
        world.state = Escalation.model_validate_json(world.state.model_dump_json())
    world.take(advance(world.state, world.state.at + timedelta(days=1)))
    assert Escalation.model_validate_json(world.state.model_dump_json()) == world.state
