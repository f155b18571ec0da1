"""The routes of API keys, for admins. A secret is shown once; the last admin's key cannot be revoked by accident."""

from functools import partial
from typing import Self

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from api.audit_notes import notes
from api.auth import Admin, known_person
from api.errors import BODY, Json, problems
from api.idempotency import Acting, Answered
from api.services import Services, Wired, in_thread
from api.shapes import KeyItem, KeyList, NewKey
from domain.commands import PersonId
from domain.errors import NotAllowed, NotFound
from domain.tickets import Line
from records.keys import ApiKey, Role

router = APIRouter(prefix="/v1/keys", tags=["keys"])


class KeyRequest(BaseModel):
    """An agent's key names its person; an operator's or admin's may; others have none. The label names it in lists."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Role
    person: PersonId | None = None
    label: Line | None = None

    @model_validator(mode="after")
    def _names_whom_it_speaks_for(self) -> Self:
        if self.role == "agent" and self.person is None:
            raise PydanticCustomError("person_required", "an agent's key names the person it acts as: write `person`")
        if self.role in ("system", "viewer") and self.person is not None:
            raise PydanticCustomError(
                "person_unwanted", "a system's or viewer's key acts as nobody: leave `person` out"
            )
        return self


@router.post("", status_code=201, response_model=NewKey, responses=problems(401, 403, 409, *BODY, 503))
async def create_key(request: KeyRequest, _: Admin, acting: Acting, services: Wired) -> Response:
    """Make a key. Its secret is in this answer only."""
    return await acting.answer(partial(_create, services, request))


@router.get("", response_model=KeyList, responses=problems(401, 403, 503))
def list_keys(_: Admin, services: Wired) -> Response:
    """Every key ever made, without secrets, oldest first."""
    return Json({"items": [_item(key).model_dump(mode="json") for key in services.keys.all()]})


@router.delete("/{id}", status_code=204, responses=problems(401, 403, 404, 409, 503))
def revoke_key(id: str, _: Admin, services: Wired) -> None:
    """From now on the key opens nothing."""
    _revoke(services, id)


async def _create(services: Services, request: KeyRequest) -> Answered:
    made = await in_thread(_make, services, request)
    body = made.model_dump(mode="json")
    return Answered(201, body, remembered={**body, "key": None})


def _make(services: Services, request: KeyRequest) -> NewKey:
    if request.person is not None:
        known_person(services.roster.current(), request.person, "person")
    label, now = request.label or request.person or request.role, services.now()
    id, secret = services.keys.create(request.role, request.person, label, now)
    notes().about(id)
    notes().made_for = request.role
    return NewKey(id=id, key=secret, role=request.role, person=request.person, label=label, created_at=now)


def _revoke(services: Services, id: str) -> None:
    keys = [key for key in services.keys.all() if key.revoked_at is None]
    admins = [key.id for key in keys if key.role == "admin"]
    if admins == [id]:
        raise NotAllowed("last_admin_key", "this is the last admin key; make another one first")
    if id not in {key.id for key in keys} or not services.keys.revoke(id, services.now()):
        raise NotFound("key_not_found", "there is no such key, or it was revoked before")


def _item(key: ApiKey) -> KeyItem:
    return KeyItem.model_validate({name: getattr(key, name) for name in KeyItem.model_fields})
