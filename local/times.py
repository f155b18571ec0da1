"""Times as people type them: an instant, a time on this machine's clock, or so much after another time.

This machine's clock may have no zone with a name (`TZ` in POSIX form, an `/etc/localtime` of its own), so the operating system is
asked what it shows. A time it skips is the first instant after the gap, one it shows twice the first, as everywhere here.
"""

import re
import time
from bisect import bisect_left
from datetime import UTC, datetime, timedelta

from domain.durations import Duration

FORMS = "write 7d or 12h, 2026-12-24, '2026-12-24 09:00' or 09:00 on your clock, or 2026-12-24T09:00:00Z"

_LENGTH = re.compile(r"\+?(?:\d{1,9} ?[wdhms] ?)+", re.ASCII | re.IGNORECASE)  # whatever its size, it is no date


def moment_of(text: str, base: datetime) -> datetime:
    """The instant `text` means, in UTC: `7d` (or `+7d`) counts from `base`, `17:50` is that time of `base`'s day on this clock.

    Raises ValueError, with what can be written.
    """
    duration = _duration(text)
    try:
        if duration is not None:
            return base + timedelta(seconds=duration.wall_seconds)
        day = f"{base.astimezone().date().isoformat()}T{text}" if len(text) <= len("17:50:00") else text
        at = datetime.fromisoformat(day)
        return at.astimezone(UTC) if at.tzinfo else _shown_here(at)
    except OverflowError:
        raise ValueError(f"'{text}' is no time within reach: {FORMS}") from None
    except ValueError:
        raise ValueError(f"'{text}' is no time: {FORMS}") from None


def _duration(text: str) -> Duration | None:
    """The duration `text` is, or None where it names the time itself."""
    try:
        return Duration.parse(text.removeprefix("+"))
    except ValueError as error:
        if _LENGTH.fullmatch(text):
            raise ValueError(f"'{text}': {error}") from None
        return None


def _shown_here(wall: datetime) -> datetime:
    """The instant at which this machine's clock shows `wall`, which has no zone."""
    at = wall.astimezone(UTC)
    return at if at.astimezone().replace(tzinfo=None) == wall else _end_of_gap(wall)


def _end_of_gap(wall: datetime) -> datetime:
    """The change of this machine's clock that skips `wall`.

    Read by the clock before the change `wall` is an instant after it, and the other way round (PEP 495).
    """
    before, after = sorted(int(wall.replace(fold=fold).timestamp()) for fold in (0, 1))
    ahead = time.localtime(after).tm_gmtoff
    changed = bisect_left(range(before, after), True, key=lambda second: time.localtime(second).tm_gmtoff == ahead)
    return datetime.fromtimestamp(before + changed, UTC)
