"""The local channel for whoever has no credentials yet: it takes every message and sends none.

The outbox keeps nothing itself. The row that the records layer claims before sending already holds recipient, subject
and text, and the outbox page and `tierline outbox` read that row; a second copy here could only disagree with it.
"""

import structlog

from activities.providers.port import Channel, Envelope, Sent

log = structlog.get_logger(__name__)


class Outbox:
    """Stands in for the provider of one channel. Never refuses."""

    name = "outbox"

    def __init__(self, channel: Channel) -> None:
        self.channel: Channel = channel

    def send(self, envelope: Envelope) -> Sent:
        """Accept the message; it stays on this machine, in its message row."""
        log.info("outbox_kept", channel=self.channel, reference=envelope.reference)
        return Sent(provider_id=f"outbox-{envelope.reference}")
