"""What stands where production has no credentials for a channel: it refuses, so that the next channel or responder is told.

Production starts without them as long as no policy uses the channel. A policy that begins to use it later must not find an
outbox there, whose messages count as sent and reach nobody.
"""

import structlog

from activities.providers.port import Channel, Envelope, Refused

log = structlog.get_logger(__name__)


class Unset:
    """Stands in for the provider of one channel. Always refuses."""

    name = "none"

    def __init__(self, channel: Channel) -> None:
        self.channel: Channel = channel

    def send(self, envelope: Envelope) -> Refused:
        """Send nothing, and say what is missing."""
        log.warning("no_credentials", channel=self.channel, reference=envelope.reference)
        return Refused("no_credentials", f"this installation has no credentials for {self.channel}; see .env.example")
