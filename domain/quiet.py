"""Quiet hours: when an SMS to the customer may go out."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.calendars import wall_to_utc
from domain.policy import QuietHours

IN_TIME = timedelta(minutes=1)  # who is no later than that is not late: a preview, which is never late, says the same


def goes_out_at(due_at: datetime, made_at: datetime | None) -> datetime:
    """The instant at which hours of rest are asked about: when it was due, or after an outage when that is caught up with."""
    return made_at if made_at is not None and made_at - due_at > IN_TIME else due_at


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
