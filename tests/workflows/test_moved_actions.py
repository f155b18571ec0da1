"""An action gets another day or owner while the run that reminds of it sleeps: it hears at once, and nobody hears twice."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from temporalio.testing import WorkflowEnvironment

from api.cases import Cases
from records.actions import Actions
from records.roster import RosterStore
from tests.until import until
from tests.workflows.house import ROSTER, House, child_of, says, sends_taken_in
from tests.workflows.test_actions import (
    CAUSE,
    POLICY,
    TODAY,
    TUESDAY,
    Followed,
    Handle,
    action,
    day,
    explains,
    reminded,
    resolved,
)
from workflows import contract

MONDAY, NEXT_MONDAY, NEXT_TUESDAY = (TUESDAY + timedelta(days=days) for days in (-1, 6, 7))
AUCKLAND = ZoneInfo("Pacific/Auckland")


async def moves(
    tierline: House, case: Handle, owner: str | None = None, due_on: date | None = None, by: str = "dana"
) -> None:
    """As the API writes it down and its relay tells it."""
    actions, now = Actions(tierline.database), datetime.now(UTC)
    actions.move(f"{case.id}.1.1", owner, due_on, by, None, now, RosterStore(tierline.database).current())
    [owed] = actions.owed(10)
    await Cases(tierline.client).look_again(owed.escalation, owed.episode, owed.cause_at)
    actions.handed_over(owed)


def lee_lives_in_auckland(tierline: House) -> None:
    people = [
        one.model_copy(update={"timezone": "Pacific/Auckland"} if one.id == "lee" else {}) for one in ROSTER.people
    ]
    RosterStore(tierline.database).save(ROSTER.model_copy(update={"people": tuple(people)}), None, datetime.now(UTC))


def told_at(tierline: House, case: Handle) -> list[datetime]:
    return [line.at for line in tierline.escalations.timeline(case.id, 1) if line.data.get("message") == "action_due"]


async def test_a_day_that_moves_earlier_wakes_the_run_and_is_reminded_of_at_its_nine_o_clock(
    env: WorkflowEnvironment, tierline: House
) -> None:
    with env.with_time_skipping_disabled():
        case = await resolved(tierline)
        followed = await explains(env, tierline, case, action("sam", NEXT_TUESDAY))
        await moves(tierline, case, due_on=TUESDAY)
        await sends_taken_in(followed.run, 2)
        assert reminded(tierline, case) == []
        await followed.passes_to(MONDAY, 4)  # another look, a message
        assert reminded(tierline, case) == [("sam", day(MONDAY), "sent")]
        [at] = told_at(tierline, case)
        assert at.replace(second=0, microsecond=0) == datetime(MONDAY.year, MONDAY.month, MONDAY.day, 9, tzinfo=UTC)


async def test_a_day_that_moves_later_is_reminded_of_then_and_not_before(
    env: WorkflowEnvironment, tierline: House
) -> None:
    with env.with_time_skipping_disabled():
        case = await resolved(tierline)
        followed = await explains(env, tierline, case, action("sam"))
        await moves(tierline, case, due_on=NEXT_TUESDAY)
        await sends_taken_in(followed.run, 2)
        await followed.passes_to(TUESDAY + timedelta(days=1), 2)
        assert reminded(tierline, case) == []
        await followed.passes_to(NEXT_MONDAY, 4)
        assert reminded(tierline, case) == [("sam", day(NEXT_MONDAY), "sent")]


async def test_a_new_owner_hears_at_once_and_is_reminded_from_then_on_by_their_own_clock(
    env: WorkflowEnvironment, tierline: House
) -> None:
    lee_lives_in_auckland(tierline)
    with env.with_time_skipping_disabled():
        case = await resolved(tierline)
        followed = await explains(env, tierline, case, action("sam"))
        await moves(tierline, case, owner="lee")
        await sends_taken_in(followed.run, 3)  # another look, a message
        [(who, _, how)] = reminded(tierline, case)
        assert (who, how) == ("lee", "sent")
        [mail] = tierline.email.kept
        assert mail.to == "lee@support.example"
        await followed.passes_to(MONDAY, 5)
        assert reminded(tierline, case)[1:] == [("lee", day(MONDAY), "sent")]
        local = told_at(tierline, case)[1].astimezone(AUCKLAND)
        assert (local.date(), local.hour) == (MONDAY, 9)


async def test_however_often_the_run_is_told_to_look_nobody_hears_twice(
    env: WorkflowEnvironment, tierline: House
) -> None:
    with env.with_time_skipping_disabled():
        case = await resolved(tierline)
        followed = await explains(env, tierline, case, action("sam"))
        await moves(tierline, case, owner="lee", due_on=TODAY - timedelta(days=30))
        await until(lambda: [how for _, _, how in reminded(tierline, case)] == ["sent"])
        for ended in (4, 5):
            await followed.run.signal(contract.LOOK_AGAIN)
            await sends_taken_in(followed.run, ended)
    assert [who for who, _, _ in reminded(tierline, case)] == ["lee"]


async def test_a_move_that_meets_the_beginning_of_the_run_is_heard_and_outlives_what_is_written_of_the_case(
    env: WorkflowEnvironment, tierline: House
) -> None:
    with env.with_time_skipping_disabled():
        case = await resolved(tierline)
        await says(case, "root-cause", **CAUSE, actions=[action("sam")])
        await until(lambda: bool(Actions(tierline.database).of_case(case.id, 1)))
        cause_at = tierline.document(case)["root_cause"]["at"]
        await Cases(tierline.client).look_again(case.id, 1, "2020-01-01T00:00:00Z")  # no such run: nothing to do
        Actions(tierline.database).move(f"{case.id}.1.1", "lee", None, "dana", None, datetime.now(UTC), ROSTER)
        await Cases(tierline.client).look_again(case.id, 1, cause_at)
        await until(lambda: [who for who, _, _ in reminded(tierline, case)] == ["lee"])
        await says(case, "note", text="goes on")
        await until(lambda: "note" in tierline.kinds(case))
        [kept] = Actions(tierline.database).of_case(case.id, 1)
        assert (kept.owner, kept.news) == ("lee", None)


async def test_the_run_of_a_case_of_earlier_rules_hears_of_a_move_too(
    env: WorkflowEnvironment, tierline: House
) -> None:
    with env.with_time_skipping_disabled():
        case = await tierline.opens(POLICY, rules_version=5)
        await says(case, "resolve", summary="renewed the certificate")
        await says(case, "root-cause", **CAUSE, actions=[action("sam", NEXT_TUESDAY)])
        await says(case, "close")
        await case.result()
        lessons = await child_of(tierline, case, contract.LESSONS)
        await sends_taken_in(lessons, 2)  # a count, a look
        await moves(tierline, case, due_on=TUESDAY)
        await sends_taken_in(lessons, 3)
        await Followed(env, lessons).passes_to(MONDAY, 5)
        assert reminded(tierline, case) == [("sam", day(MONDAY), "sent")]


async def test_a_run_that_was_told_of_a_move_replays(env: WorkflowEnvironment, tierline: House) -> None:
    """Its worker is replaced: the next one reads the history from its beginning."""
    with env.with_time_skipping_disabled():
        case = await resolved(tierline)
        followed = await explains(env, tierline, case, action("sam", NEXT_TUESDAY))
        await moves(tierline, case, due_on=TUESDAY)
        await sends_taken_in(followed.run, 2)
        await tierline.crew.leaves()
        await tierline.crew.comes()
        await moves(tierline, case, owner="lee")
        await sends_taken_in(followed.run, 4)
        assert [who for who, _, _ in reminded(tierline, case)] == ["lee"]
