"""When we cannot tell the customer, a person does: by phone, face to face, any way that is not ours.

Then the promise is kept by the one who says so (`customer-update` with `told_by`). Where there is no address at all, a page asks
how they were told before it takes the words; a program that says nothing of it (a ticket system whose answer is there already)
is believed.
"""

from collections.abc import Mapping
from typing import Any

from domain.commands import ToldBy
from domain.errors import NotAllowed
from domain.turn import Turn

WAYS: dict[ToldBy, str] = {"phone": "by phone", "in_person": "in person", "other": "another way"}


def require_address(customer: Mapping[str, Any], name: str, fields: Mapping[str, Any]) -> None:
    """Raises NotAllowed `customer_unreachable` where the update that a person writes could go nowhere.

    `customer` is as the contract shows it, `fields` are those of the command `name`.
    """
    nowhere = not customer.get("email") and not customer.get("phone")
    if name == "customer-update" and nowhere and "told_by" not in fields:
        message = (
            "there is no address of the customer: call them, then say how you told them (phone, in_person or other)"
        )
        raise NotAllowed("customer_unreachable", message, field="told_by")


def told_by_a_person(turn: Turn, by: str, text: str, how: ToldBy) -> None:
    """Write down what somebody has told the customer themselves; nothing goes out."""
    data = {"message": "customer_update", "told_by": how, "text": text}
    turn.note("customer_told", by, f"{by} told the customer {WAYS[how]}", **data)
