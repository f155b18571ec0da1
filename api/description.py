"""/openapi.json as a client's author needs it: what the routes say by themselves, and what holds for all of them.

Operation ids are the short names of the routes, one schema describes every problem, headers that clients act on are declared, and
no answer is declared that never comes (FastAPI adds a 422 of its own shape to every route with a parameter).
"""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.errors import PROBLEM_SCHEMA
from domain.policy import Policy

FOREIGN = ("HTTPValidationError", "ValidationError")  # FastAPI's own shape of a 422, which we never answer
METHODS = ("get", "put", "post", "delete", "patch")

COMMAND_ID = {"description": "the id of this command, for `…/commands/{command_id}`", "schema": {"type": "string"}}
REPLAYED = {
    "description": "`true` when this is the answer of the first request with this Idempotency-Key",
    "schema": {"type": "string", "enum": ["true"]},
}


def operation_id(route: APIRoute) -> str:
    """`hand_back` for the route of the command `hand-back`."""
    return route.name.replace("-", "_")


class DescribedApi(FastAPI):
    """FastAPI with a description that is complete and has nothing in it that is not so."""

    def __init__(self, **options: Any) -> None:
        super().__init__(generate_unique_id_function=operation_id, **options)

    def openapi(self) -> dict[str, Any]:
        """The description, made once."""
        made_before = self.openapi_schema is not None
        found = super().openapi()
        if not made_before:
            _complete(found)
        return found


def _complete(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    policy = Policy.model_json_schema(
        ref_template="#/components/schemas/Policy{model}"
    )  # it has a `Target` too, another
    schemas |= {f"Policy{name}": schema for name, schema in policy.pop("$defs").items()}
    schemas |= {"Policy": policy, "Problem": PROBLEM_SCHEMA}
    for foreign in FOREIGN:
        schemas.pop(foreign, None)
    for operation in _operations(description):
        answers = operation["responses"]
        if any(FOREIGN[0] in str(content) for content in answers.get("422", {}).get("content", {}).values()):
            del answers["422"]
        if any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", ())):
            for status in ("200", "201", "202"):
                if status in answers:
                    answers[status].setdefault("headers", {}).update(
                        {"Command-Id": COMMAND_ID, "Idempotent-Replayed": REPLAYED}
                    )


def _operations(description: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in description["paths"].values():
        yield from (path[method] for method in METHODS if method in path)
