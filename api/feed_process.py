"""A calendar feed is read in a process of its own, with little time, little memory and none of our secrets.

A feed is somebody else's file, and one line of it can keep any library busy for ever ("each hour of each 30th of February"). When
the process ends early, the feed is refused and nothing has changed.
"""

import os
import subprocess
import sys
from datetime import datetime, timedelta
from signal import SIGXCPU

from pydantic import BaseModel

from domain.errors import Invalid
from domain.feeds import FeedEvent

AHEAD = timedelta(days=366)  # who plans shifts plans a year; a rule without end has to stop somewhere
BEHIND = timedelta(days=1)  # an all-day event ends up to 14 h later where the person is
TIME_LIMIT = 10  # seconds of processor time; a year of three shifts a day takes one
MOST_FAULTS = 10  # said at once
OUT_OF_MEMORY = 3  # exit code
TOO_LONG = "the feed takes too much time or memory to read: does an event repeat without sense?"


class _Read(BaseModel):
    """What the reading process says: the events, or why there are none."""

    events: list[FeedEvent] = []
    faults: list[str] = []


def read_feed(content: bytes, now: datetime, seconds: int = TIME_LIMIT) -> list[FeedEvent]:
    """The events of a feed from `now` to a year ahead, those that are over since yesterday too.

    `seconds` of processor time may pass. Raises Invalid `invalid_feed` or `feed_too_long`.
    """
    words = [(now - BEHIND).isoformat(), (now + AHEAD).isoformat(), str(seconds)]
    bare = {"PYTHONTZPATH": "", "PYTHONPATH": os.pathsep.join(sys.path)}
    try:
        done = subprocess.run(  # noqa: S603 - ourselves, no shell
            [sys.executable, "-P", "-m", "api.ical", *words], input=content, capture_output=True, env=bare, check=False,
            timeout=3 * seconds,
        )  # fmt: skip
    except subprocess.TimeoutExpired:  # on a machine that has much else to do
        raise Invalid("feed_too_long", TOO_LONG) from None
    if done.returncode in (-SIGXCPU, OUT_OF_MEMORY):
        raise Invalid("feed_too_long", TOO_LONG)
    if done.returncode:
        raise RuntimeError(f"the reader of feeds ended with {done.returncode}: {done.stderr[-2000:]!r}")
    read = _Read.model_validate_json(done.stdout)
    if read.faults:
        raise Invalid("invalid_feed", "; ".join(read.faults[:MOST_FAULTS]))
    return read.events
