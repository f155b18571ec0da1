"""Times as people type them: an instant, a time on this machine's clock, or so much after another time."""

from datetime import UTC, datetime, timedelta

from domain.durations import Duration

FORMS = 'write 2026-03-06T17:50:00+01:00, "2026-03-06 17:50" or 17:50 on your clock, or +80m'


def moment_of(text: str, base: datetime) -> datetime:
    """The instant `text` means, in UTC: `+80m` counts from `base`, `17:50` is that time of `base`'s day on this clock.

    Raises ValueError, with what can be written.
    """
    try:
        if text.startswith("+"):
            return base + timedelta(seconds=Duration.parse(text[1:]).wall_seconds)
        day = f"{base.astimezone().date().isoformat()}T{text}" if len(text) <= len("17:50:00") else text
        return datetime.fromisoformat(day).astimezone(UTC)  # without an offset it is this machine's time
    except (ValueError, OverflowError):
        raise ValueError(f"'{text}' is no time: {FORMS}") from None
