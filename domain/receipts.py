"""What a provider says later about a message it had taken: it arrived, it was read, it did not arrive.

Receipts come late, twice and out of order. A failure is the last word: an e-mail may bounce after it was called delivered, but
nothing that failed arrives. What only says that it is still on its way changes nothing.
"""

from dataclasses import dataclass
from typing import Literal

from domain.provider_codes import AddressFault

Fate = Literal["delivered", "read", "failed", "address_fault"]


@dataclass(frozen=True)
class Receipt:
    """`reference` is ours (`reference_of` the message's key), `provider_id` the provider's; one of them names the message.

    `address_fault` as a fate: the message arrived, and its reader wants no more of them. `code` is the provider's.
    """

    reference: str | None
    provider_id: str | None
    fate: Fate
    code: str | None = None
    reason: str | None = None
    fault: AddressFault | None = None
