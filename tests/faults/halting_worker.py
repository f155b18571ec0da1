"""The real worker, except that it stands still at two points of a send, for a test to kill it there.

`python -m tests.faults.halting_worker`; which messages halt where is in the id of their case. Nothing of the product knows.
"""

import sys
import threading
from datetime import datetime, timedelta
from typing import Any

import activities.sending
import worker
from records.crowding import Limit
from records.outbound import Claim, Outbound
from records.stored import MessageStatus

CLAIMED, ANSWERED = "claimed", "answered"  # ticket numbers
LONG = timedelta(minutes=1)  # a request the vendor holds is not given up before the test has killed us


class Halting(Outbound):
    """The store of messages; its caller gets no further than the point of the case."""

    def claim(
        self, key: str, to: str, subject: str | None, text: str, now: datetime, limit: Limit | None = None
    ) -> Claim:
        claim = super().claim(key, to, subject, text, now, limit)
        _halt_if(CLAIMED, key)
        return claim

    def mark(self, key: str, status: MessageStatus, now: datetime, **what: Any) -> bool:
        _halt_if(ANSWERED, key)
        return super().mark(key, status, now, **what)


def _halt_if(point: str, key: str) -> None:
    if key.startswith(f"zendesk-{point}."):
        print(f"halted: {key}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    vars(activities.sending)["Outbound"] = Halting
    worker.VENDOR_TIMEOUT = LONG
    sys.exit(worker.main())
