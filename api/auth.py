"""Who calls, what a role may do, and as whom.

A key is looked up at every request, so a revoked one opens nothing from that moment. Who may call a route stands in its
signature (`caller: Operator`); who may *act* as whom in a case is `acting`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.audit_notes import notes
from api.errors import Unauthorized
from api.services import Wired
from domain.errors import Forbidden, Invalid
from domain.roster import Roster
from records.keys import Role

ROLES: tuple[Role, ...] = ("system", "viewer", "agent", "operator", "admin")
SYSTEM_COMMANDS = frozenset({"note", "customer-reply", "ticket-update", "reprioritize", "cancel"})
OPERATOR_COMMANDS = frozenset({"rebase"})
NEEDS_NOBODY = frozenset({"customer-reply", "ticket-update", "survey"})  # the contract knows no `by` for these

_bearer = HTTPBearer(auto_error=False, scheme_name="ApiKey", description="an API key: `Authorization: Bearer tl_…`")


@dataclass(frozen=True)
class Caller:
    """The key behind a request; `person` is set for an agent's key and may be for an operator's."""

    id: str
    role: Role
    person: str | None
    label: str

    @property
    def name(self) -> str:
        """How records name this caller: the person, else the key's label."""
        return self.person or self.label


def authenticated(
    services: Wired, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """The caller, or 401 `key_missing` / `key_unknown`."""
    if credentials is None:
        raise Unauthorized("key_missing", "send an API key as 'Authorization: Bearer <key>'")
    key = services.keys.find(credentials.credentials)
    if key is None:
        raise Unauthorized("key_unknown", "this API key is unknown or was revoked")
    notes().key = key
    return Caller(key.id, key.role, key.person, key.label)


def allow(*roles: Role) -> Callable[[Caller], Awaitable[Caller]]:
    """A dependency that lets only these roles in; others get 403 `role_not_allowed`."""

    async def allowed(caller: Annotated[Caller, Depends(authenticated)]) -> Caller:
        if caller.role not in roles:
            needed = " or ".join(roles)
            raise Forbidden("role_not_allowed", f"a key of role '{caller.role}' may not do this; it needs {needed}")
        return caller

    return allowed


def command_roles(command: str) -> tuple[Role, ...]:
    """The roles that may say `command`."""
    if command in OPERATOR_COMMANDS:
        return ("operator", "admin")
    return ("system", "agent", "operator", "admin") if command in SYSTEM_COMMANDS else ("agent", "operator", "admin")


Anybody = Annotated[Caller, Depends(authenticated)]
"""Any valid key; a ticket system may read the cases it opened."""
Reader = Annotated[Caller, Depends(allow("viewer", "agent", "operator", "admin"))]
"""People: everything but what only operators and admins see."""
Opener = Annotated[Caller, Depends(allow("system", "agent", "operator", "admin"))]
Operator = Annotated[Caller, Depends(allow("operator", "admin"))]
Admin = Annotated[Caller, Depends(allow("admin"))]


def acting(caller: Caller, command: str, by: str | None, roster: Roster) -> str | None:
    """The person a command is said by, or the label of a system; None where nobody needs to be named.

    Raises Forbidden `not_yourself`, Invalid `field_required` or `unknown_person` (field `by`).
    """
    if caller.role == "system":
        if by not in (None, caller.label):
            raise Forbidden("not_yourself", f"this key speaks as '{caller.label}' only; leave `by` out", field="by")
        return caller.label
    if caller.role == "agent" and by not in (None, caller.person):
        raise Forbidden("not_yourself", f"this key acts as '{caller.person}' only; leave `by` out", field="by")
    person = by or caller.person
    if person is None:
        if command in NEEDS_NOBODY:
            return None
        raise Invalid("field_required", "by: name the person who acts; this key belongs to nobody", field="by")
    notes().person = known_person(roster, person, "by")
    return person


def known_person(roster: Roster, person: str, field: str) -> str:
    """The person's id again; raises Invalid `unknown_person` when the roster lacks it."""
    if roster.person(person) is None:
        raise Invalid("unknown_person", f"{field}: the roster has no person '{person}'", field=field)
    return person
