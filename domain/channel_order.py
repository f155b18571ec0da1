"""Which channels a person takes for a case of each priority, best first.

A preference orders and narrows what a step lists: it adds no channel, and where it would leave none the step's own stand. A
channel that is no person's own (a team's) is not theirs to choose.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from domain.tickets import Channel, PersonalChannel, Priority

PERSONAL: tuple[Channel, ...] = get_args(PersonalChannel)
PREFERENCES_SINCE = 4  # the rules version from which on what people prefer counts; see `domain.state`


def _each_once(channels: tuple[PersonalChannel, ...]) -> tuple[PersonalChannel, ...]:
    twice = dict.fromkeys(one for one in channels if channels.count(one) > 1)
    if twice:
        once = ", ".join(dict.fromkeys(channels))
        raise ValueError(f"names {' and '.join(twice)} twice: write [{once}]")
    return channels


def _by_priority() -> Any:
    return Field(default=None, min_length=1, exclude_if=lambda channels: channels is None)


Taken = Annotated[tuple[PersonalChannel, ...], AfterValidator(_each_once)]


class ChannelOrder(BaseModel):
    """Channels in the order to try, by priority; `all` is the default, a named priority wins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    all: Taken | None = _by_priority()
    low: Taken | None = _by_priority()
    medium: Taken | None = _by_priority()
    high: Taken | None = _by_priority()
    critical: Taken | None = _by_priority()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not any(channels for _, channels in self):
            raise ValueError("says nothing: write channels by priority such as {all: [email, sms]}, or leave it out")
        return self

    def of(self, priority: Priority) -> tuple[PersonalChannel, ...] | None:
        """What the person takes for a case of `priority`, None where nothing is said of it."""
        named: tuple[PersonalChannel, ...] | None = getattr(self, priority)
        return named if named is not None else self.all

    def narrowed(self, listed: Sequence[Channel], priority: Priority) -> tuple[Channel, ...]:
        """Those of the `listed` channels that the person takes, best first; all of them where that leaves none."""
        own = tuple(channel for channel in listed if channel in PERSONAL)
        taken = tuple(channel for channel in self.of(priority) or () if channel in own)
        return (*(taken or own), *(channel for channel in listed if channel not in PERSONAL))

    def ordered(self, listed: Sequence[Channel], priority: Priority) -> tuple[Channel, ...]:
        """All the `listed` channels, those that the person takes first: the others are the way out when these fail."""
        first = self.narrowed(listed, priority)
        return (*first, *(channel for channel in listed if channel not in first))
