"""Quiet hours: when an SMS to the customer may go out."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.calendars import wall_to_utc
from domain.policy import QuietHours


def quiet_until(quiet: QuietHours, timezone: str | None, at: datetime) -> datetime | None:
    """The end of the quiet window that `at` falls into, in the customer's zone (the policy's where unknown); else None."""
    zone = ZoneInfo(timezone or quiet.timezone)
    begins, ends = (time.fromisoformat(text) for text in quiet.customer_sms.split("-"))
    overnight = timedelta(days=1 if ends <= begins else 0)
    today = at.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):  # a window may have begun yesterday
        opens = wall_to_utc(datetime.combine(day, begins), zone)
        closes = wall_to_utc(datetime.combine(day + overnight, ends), zone, last=True)
        if opens <= at < closes:
            return closes
    return None
