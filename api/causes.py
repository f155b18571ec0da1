"""The routes of the tree of causes, and its say in who may call a root cause what.

A PUT makes a new version and counts at once, for every case: a category is a name, and nothing runs by it. What was recorded
before stays as it was.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response
from pydantic import create_model

from api.auth import Caller, Operator, Reader
from api.errors import BODY as REFUSALS
from api.errors import Json, problems
from api.services import Services, Wired
from api.uploads import BODY, Uploaded
from domain.causes import Causes, Stored, check_causes, dump_causes, require_known
from domain.errors import Fault, Invalid, NotFound
from domain.roster import Roster

router = APIRouter(prefix="/v1/causes", tags=["causes"])

CauseTreeItem = create_model("CauseTreeItem", __base__=Causes, version=(int, ...))
PutCauses = create_model("PutCauses", __base__=CauseTreeItem, warnings=(list[dict[str, str]], ...))


@router.get("", response_model=CauseTreeItem, responses=problems(401, 403, 404, 503))
def show_causes(_: Reader, services: Wired) -> Response:
    """The tree of causes in use, as its file would say it, and its version."""
    stored = services.causes.current()
    if stored is None:
        raise NotFound("causes_not_found", "no tree of causes is stored; PUT one, or any text is taken as a category")
    return Json(_shown(stored))


@router.put("", openapi_extra=BODY, response_model=PutCauses, responses=problems(401, 403, *REFUSALS, 503))
def put_causes(body: Uploaded, caller: Operator, services: Wired) -> Response:
    """Store a new version; refused with every fault listed. `warnings`: allowed, but probably not meant."""
    return Json(_put(services, caller, body))


def check_cause(services: Services, name: str, fields: Mapping[str, Any]) -> None:
    """What a root cause names must be there: its category, once a tree is stored, and its problem.

    Raises Invalid `unknown_category`, `unknown_problem`.
    """
    if name != "root-cause":
        return
    require_known(services.causes.tree, fields["category"])
    problem = fields.get("problem")
    if problem is not None and not services.problems.exists(problem):
        message = f"problem: there is no problem '{problem}'; see `tierline problems list`, or leave it out"
        raise Invalid("unknown_problem", message, field="problem")


def _put(services: Services, caller: Caller, body: dict[str, object]) -> dict[str, Any]:
    tree = check_causes({name: value for name, value in body.items() if name != "version"})  # as GET shows it
    version = services.causes.save(tree, "api", caller.name, services.now())
    told = [{"path": one.path, "message": one.message} for one in owner_warnings(tree, services.roster.current())]
    return {**_shown(Stored(tree, version)), "warnings": told}


def owner_warnings(tree: Causes, roster: Roster) -> list[Fault]:
    """The owners of problems that the roster does not have: then the team's lead gets them."""
    said = [("recurrence.owner", tree.recurrence.owner)]
    said += [(f"{one[-1].id}.recurrence.owner", one[-1].recurrence.owner) for one in tree.paths() if one[-1].recurrence]
    return [
        Fault(path, f"the roster has no person '{owner}'; the lead of the case's team gets the problem")
        for path, owner in said
        if owner is not None and roster.person(owner) is None
    ]


def _shown(stored: Stored) -> dict[str, Any]:
    return {**dump_causes(stored.causes), "version": stored.version}
