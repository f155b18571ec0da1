"""A task without commands leaves no trace: the SDK may make it one with the next task when it replays.

Thirty minutes of chaos found it: a message was sent, its worker was killed, and a word came at the same time. The next worker
heard the word first; the one after that, with more of the history before it, heard of the message first. The word then
counted from another time, its timer was another, and the case stood still for good (TMPRL1100).
"""

import threading
from datetime import UTC, datetime

from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.providers.port import Envelope, Outcome, Sent
from tests.until import until
from tests.workflows.house import House, said


async def test_a_message_that_was_sent_does_not_move_the_time_a_word_counts_from(
    env: WorkflowEnvironment, tierline: House
) -> None:
    answers = threading.Event()

    def slowly(_: Envelope) -> Outcome:
        assert answers.wait(20)
        return Sent("sms-1")

    tierline.sms.answers = slowly
    with env.with_time_skipping_disabled():
        case = await tierline.opens()
        await until(lambda: sms(tierline, case) == {"sending"})
        early = datetime.now(UTC)
        answers.set()
        await until(lambda: sms(tierline, case) == {"sent"})
        await case.execute_update("note", said("note", text="seen", at=early))
        await until(lambda: "note" in tierline.kinds(case))
    [note] = [entry for entry in tierline.escalations.timeline(case.id, 1) if entry.kind == "note"]
    assert note.at == early


def sms(tierline: House, case: WorkflowHandle[object, object]) -> set[str]:
    return {one.status for one in tierline.escalations.messages(case.id, 1) if one.channel == "sms"}
