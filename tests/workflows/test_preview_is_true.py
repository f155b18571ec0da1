"""A preview never lies: what it says of a made-up case is what the real workflow does in virtual time, line by line.

    PREVIEWS=500 PREVIEW_SEED=1 make test-long      # as many policies, beginning with that seed

Each case starts at an instant of its own (clock changes, Christmas, Friday evening) and hears the words of its script. Compared
are every line of the timeline with its words, every message that went out under its key, and every refusal, each to the second,
though the server moves its virtual clock in steps of about a second: no step makes a case late. Only that a
message did not go out is written down when it is known, and so is what comes of one that fails: from the first of these on lines
are compared to the minute.
"""

import asyncio
import os
import re
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from domain.commands import Command
from domain.messages import Message
from domain.simulation import Course, Refusal, Sending
from domain.state import TimelineEntry
from records.roster import RosterStore
from records.tables import messages
from tests.until import until
from tests.workflows.house import House
from tests.workflows.matrices import Play, plays
from workflows import contract

HOW_MANY = int(os.environ.get("PREVIEWS", "50"))
SEED = int(os.environ.get("PREVIEW_SEED", "1"))
AT_ONCE = 25  # cases that share a roster and run side by side
A_BIT = timedelta(seconds=2)  # a word comes a little after its time: nothing is due for a while then

SECONDS = re.compile(r"(?<=\d\d:\d\d):\d\d")

Case = WorkflowHandle[Any, Any]
Lines = Counter[tuple[datetime, str]]


@pytest.mark.parametrize("first", range(SEED, SEED + HOW_MANY, AT_ONCE))
async def test_what_the_preview_says_is_what_happens(env: WorkflowEnvironment, tierline: House, first: int) -> None:
    made_up = plays(range(first, min(first + AT_ONCE, SEED + HOW_MANY)))
    RosterStore(tierline.database).save(made_up[0].roster, None, datetime.now(UTC))
    with env.with_time_skipping_disabled():
        await asyncio.gather(*(happens_as_previewed(env, tierline, one) for one in made_up))


async def happens_as_previewed(env: WorkflowEnvironment, tierline: House, made_up: Play) -> None:
    expected = made_up.course()
    end = expected.state.at
    case = await tierline.starts(contract.Start(opening=made_up.opening))
    clock = VirtualClock(env, case)
    words = [word for word in made_up.words if word.received_at <= end]
    refused = [word.id for word in words if not await heard(clock, case, word)]
    await clock.goes_on_to(end)
    exact = first_failure(expected)
    said = said_to_happen(expected, exact)
    with suppress(TimeoutError):  # what is missing then is told below
        await until(lambda: happened(tierline, case, end, exact) >= said)
    await over(case)
    assert happened(tierline, case, end, exact) == said, made_up.opening.id
    assert refused == [one.command.id for one in expected.happenings if isinstance(one, Refusal) and one.at <= end]


class VirtualClock:
    """The clock of one workflow, which goes on with the real one and can be moved on."""

    def __init__(self, env: WorkflowEnvironment, case: Case) -> None:
        self._env = env
        self._case = case
        self._now = datetime.now(UTC)  # or a little later: real time passes, too

    async def goes_on_to(self, at: datetime) -> None:
        """Move on to `at`, or a little later."""
        if at + A_BIT > self._now:
            await self._env.fast_forward(self._case, at + A_BIT - self._now)
            self._now = at + A_BIT


async def heard(clock: VirtualClock, case: Case, word: Command) -> bool:
    """Say the word right after its time; whether the case obeyed."""
    await clock.goes_on_to(word.received_at)
    try:
        await case.execute_update(word.name, word, result_type=contract.Answer)
    except WorkflowUpdateFailedError:
        return False
    return True


async def over(case: Case) -> None:
    """Leave no case behind that lives on."""
    with suppress(RPCError):  # it has ended by itself
        await case.terminate("seen enough")


def first_failure(course: Course) -> datetime:
    """Until then the real case is as exact as the preview."""
    lines = (one for one in course.happenings if isinstance(one, TimelineEntry))
    return min((line.at for line in lines if line.kind == "delivery_failed"), default=course.state.at)


def said_to_happen(course: Course, exact: datetime) -> Lines:
    """The course as the preview has it, without the refusals."""
    return Counter(_line(one, exact) for one in course.happenings if not isinstance(one, Refusal))


def _line(one: TimelineEntry | Sending, exact: datetime) -> tuple[datetime, str]:
    if isinstance(one, Sending):
        return rounded(one.at, exact), one.message.key
    text = one.text if one.at < exact else SECONDS.sub("", one.text)
    return rounded(one.at, exact, known_later=one.kind == "skipped"), f"{one.kind} {one.actor} {text}"


def rounded(at: datetime, exact: datetime, *, known_later: bool = False) -> datetime:
    """To the second before `exact`: finer is no clock that a person reads. Else to the minute, on which all was made up."""
    at = at.astimezone(UTC).replace(microsecond=0)
    return at if at < exact and not known_later else at.replace(second=0)


def happened(tierline: House, case: Case, until_then: datetime, exact: datetime) -> Lines:
    """The course as the store has it: every line, and every message a provider has taken."""
    lines = [_line(entry, exact) for entry in tierline.escalations.timeline(case.id, 1)]
    with tierline.database.read() as connection:
        documents = connection.scalars(select(messages.c.document).where(messages.c.status == "sent")).all()
    sent = [Message.model_validate(document) for document in documents]
    mine = (one for one in sent if one.key.startswith(f"{case.id}."))
    lines += [(rounded(one.not_before or one.at, exact), one.key) for one in mine]
    return Counter(line for line in lines if line[0] <= until_then)
