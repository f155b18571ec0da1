"""The routes of policies. A PUT makes a new version; running cases keep theirs until they are rebased."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.auth import Caller, Operator, Reader
from api.errors import BODY as REFUSALS
from api.errors import Json, problems
from api.services import Services, Wired
from api.shapes import PolicyVersionItem, PolicyVersionList
from api.uploads import BODY, Uploaded
from domain.errors import Fault, NotFound, PolicyFaults
from domain.policy import Policy
from domain.policy_file import check_policy, dump_policy
from domain.policy_warnings import warnings
from domain.routing import match_ties

router = APIRouter(prefix="/v1/policies", tags=["policies"])

_POLICY = {"$ref": "#/components/schemas/Policy"}  # what `dump_policy` makes: a file again, without idle defaults
_POLICIES = {"type": "object", "required": ["items"], "properties": {"items": {"type": "array", "items": _POLICY}}}
POLICY: dict[str, Any] = {"content": {"application/json": {"schema": _POLICY}}}
POLICIES: dict[str, Any] = {"content": {"application/json": {"schema": _POLICIES}}}

Version = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="the newest when left out")]


@router.get("", responses={200: POLICIES, **problems(401, 403, 503)})
def list_policies(_: Reader, services: Wired) -> Response:
    """The newest version of every policy, by name."""
    return Json({"items": [dump_policy(policy) for policy in services.policies.latest_all()]})


@router.get("/{name}", responses={200: POLICY, **problems(401, 403, 404, 422, 503)})
def show_policy(name: str, _: Reader, services: Wired, version: Version = None) -> dict[str, Any]:
    """One policy, as a file would say it."""
    return dump_policy(policy_of(services, name, version))


@router.get("/{name}/versions", response_model=PolicyVersionList, responses=problems(401, 403, 404, 503))
def list_versions(name: str, _: Reader, services: Wired) -> Response:
    """All versions, newest first, and where each came from."""
    policy_of(services, name, None)
    found = services.policies.versions(name)
    return Json({"items": [_version_item(one) for one in found]})


@router.put("/{name}", openapi_extra=BODY, responses=problems(401, 403, *REFUSALS, 503))
def put_policy(name: str, body: Uploaded, caller: Operator, services: Wired) -> dict[str, Any]:
    """Store a new version; refused with every fault listed. The answer has `warnings`: allowed, but probably not meant."""
    return _put(services, caller, name, body)


def policy_of(services: Services, name: str, version: int | None) -> Policy:
    """The newest or the named version; raises NotFound `policy_not_found` or `version_not_found`."""
    newest = None if "\0" in name else services.policies.latest(name)
    if newest is None:
        raise NotFound("policy_not_found", f"there is no policy '{name}'")
    found = newest if version is None else services.policies.find(name, version)
    if found is None:
        raise NotFound("version_not_found", f"the policy '{name}' has no version {version}", field="version")
    return found


def _put(services: Services, caller: Caller, name: str, body: dict[str, object]) -> dict[str, Any]:
    policy = check_policy({"name": name, **body})
    if policy.name != name:
        raise PolicyFaults("the policy", [Fault("name", f"is '{policy.name}', but the address says '{name}'")])
    now = services.now()
    version = services.policies.save(policy, "api", caller.name, now)
    ties = match_ties(services.policies.latest_all(), name)
    found = [*warnings(policy, services.roster.current(), now), *ties]
    told = [{"path": one.path, "message": one.message} for one in found]
    return {**dump_policy(policy.with_version(version)), "warnings": told}


def _version_item(stored: Any) -> dict[str, Any]:
    item = PolicyVersionItem.model_validate({name: getattr(stored, name) for name in PolicyVersionItem.model_fields})
    return item.model_dump(mode="json")
