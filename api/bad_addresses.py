"""The routes of addresses that do not work: who is not reached there and why, and that one is well again."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.auth import Operator, Reader
from api.errors import Json, problems
from api.services import Wired
from api.shapes import BadAddressItem
from domain.errors import NotFound
from domain.roster import Roster
from domain.tickets import Channel
from records.bad_addresses import BadAddress

router = APIRouter(prefix="/v1/roster/bad-addresses", tags=["roster"])


@router.get("", response_model=list[BadAddressItem], responses=problems(401, 403, 503))
def list_bad_addresses(_: Reader, services: Wired) -> Response:
    """Addresses that do not work, as providers say, the latest first: nothing goes there. `person` is null for a customer's."""
    roster = services.roster.current()
    return Json([_item(bad, roster).model_dump(mode="json") for bad in services.bad_addresses.all()])


@router.delete("/{channel}/{address}", status_code=204, responses=problems(401, 403, 404, 422, 503))
def forgive(channel: Channel, address: Annotated[str, Path(max_length=320)], _: Operator, services: Wired) -> Response:
    """The address works again: the next message goes there."""
    if not services.bad_addresses.forgive(channel, address):
        raise NotFound("address_not_found", "nothing is known against this address", field="address")
    return Response(status_code=204)


def _item(bad: BadAddress, roster: Roster) -> BadAddressItem:
    return BadAddressItem(person=_whose(bad, roster), **vars(bad))


def _whose(bad: BadAddress, roster: Roster) -> str | None:
    people = ((one.id, one.email if bad.channel == "email" else one.phone) for one in roster.people)
    return next((id for id, address in people if address is not None and address.casefold() == bad.address), None)
