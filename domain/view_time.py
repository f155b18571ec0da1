"""Times as they are written: for machines (RFC 3339 in UTC) and for people (the wall clock of their place)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

A_WEEK = timedelta(days=6)  # within it a weekday names the day without doubt


def rfc3339(at: datetime | None) -> str | None:
    """A time as the contract writes it: UTC with `Z`."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def clock_time(at: datetime, timezone: str, now: datetime) -> str:
    """`17:05 CET` today, `Tue 17:05 CET` within the week, else `2026-05-15 17:05 CEST`; seconds only where they matter."""
    zone = ZoneInfo(timezone)
    local, today = at.astimezone(zone), now.astimezone(zone)
    text = f"{local.strftime('%H:%M:%S' if local.second else '%H:%M')} {zone_name(local)}"
    if local.date() == today.date():
        return text
    if timedelta(0) < at - now < A_WEEK:
        return f"{local.strftime('%a')} {text}"
    return f"{local.date().isoformat()} {text}"


def zone_name(local: datetime) -> str:
    """`CET`; where the zone of a local time has no letters its distance: `UTC-03`, `UTC+05:45`."""
    name = local.tzname() or "UTC"
    if name[0] in "+-":
        return f"UTC{name[:3]}{':' + name[3:5] if name[3:] else ''}"
    return name
