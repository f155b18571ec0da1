"""Times as people type them: an instant, a time on this machine's clock, or so much after another time."""

from datetime import UTC, datetime, timedelta

from domain.durations import Duration

FORMS = "write 7d or 12h, 2026-12-24, '2026-12-24 09:00' or 09:00 on your clock, or 2026-12-24T09:00:00Z"


def moment_of(text: str, base: datetime) -> datetime:
    """The instant `text` means, in UTC: `7d` (or `+7d`) counts from `base`, `17:50` is that time of `base`'s day on this clock.

    Raises ValueError, with what can be written.
    """
    duration = _duration(text)
    try:
        if duration is not None:
            return base + timedelta(seconds=duration.wall_seconds)
        day = f"{base.astimezone().date().isoformat()}T{text}" if len(text) <= len("17:50:00") else text
        return datetime.fromisoformat(day).astimezone(UTC)  # without an offset it is this machine's time
    except OverflowError:
        raise ValueError(f"'{text}' is no time within reach: {FORMS}") from None
    except ValueError:
        raise ValueError(f"'{text}' is no time: {FORMS}") from None


def _duration(text: str) -> Duration | None:
    """The duration `text` is, or None where it names the time itself."""
    try:
        return Duration.parse(text.removeprefix("+"))
    except ValueError:
        return None
