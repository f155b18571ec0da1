"""Times as they are written: for machines (RFC 3339 in UTC) and for people (the wall clock of their place)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

A_WEEK = timedelta(days=6)  # within it a weekday names the day without doubt


def rfc3339(at: datetime | None) -> str | None:
    """A time as the contract writes it: UTC with `Z`."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def clock_time(at: datetime, timezone: str, now: datetime) -> str:
    """`17:05` today, `Tue 17:05` within the week, else `2026-05-15 17:05`; seconds only where they matter."""
    zone = ZoneInfo(timezone)
    local, today = at.astimezone(zone), now.astimezone(zone)
    text = local.strftime("%H:%M:%S" if local.second else "%H:%M")
    if local.date() == today.date():
        return text
    if timedelta(0) < at - now < A_WEEK:
        return f"{local.strftime('%a')} {text}"
    return f"{local.date().isoformat()} {text}"
