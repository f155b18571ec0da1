"""/openapi.json is true: whatever a client sends, with whichever key, the answer is one of those declared there.

Schemathesis makes up the requests: here the examples of the description and each limit of each field, for an operator, who gets
furthest; some at random for everybody else in `test_schema_of_others.py`.
"""

import json
import re
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig

from api import examples
from api.escalations import INTERNAL, REQUESTS
from api.openings import OpenRequest
from tests.api.schema import ALWAYS_THE_SAME, APP, MADE_UP, Served, check_answer, serving

served = pytest.fixture(scope="module")(serving)
ALL_LIMITS = schemathesis.openapi.from_dict(APP.openapi(), config=SchemathesisConfig.from_dict(MADE_UP))


@pytest.mark.parametrize("served", ["postgresql"], indirect=True)
@ALL_LIMITS.parametrize()
@ALWAYS_THE_SAME
def test_every_answer_to_an_operator_is_declared(case: schemathesis.Case[Any], served: Served) -> None:
    check_answer(case, "operator", served)


@pytest.mark.parametrize("name", examples.COMMANDS)
def test_the_example_of_a_command_is_one(name: str) -> None:
    fields = dict(examples.COMMANDS[name])
    fields.pop("by", None)
    REQUESTS[name].model_validate(fields)


def test_every_command_has_an_example() -> None:
    assert set(examples.COMMANDS) == {name for name in REQUESTS if name not in INTERNAL}


def test_the_example_of_an_opening_is_one() -> None:
    OpenRequest.model_validate(examples.OPEN)


def operations() -> list[dict[str, Any]]:
    return [
        operation | {"path": path, "method": method}
        for path, methods in APP.openapi()["paths"].items()
        for method, operation in methods.items()
    ]


def test_operations_have_short_names_of_their_own_and_say_what_they_do() -> None:
    ids = [operation["operationId"] for operation in operations()]
    assert len(set(ids)) == len(ids)
    assert [id for id in ids if not re.fullmatch(r"[a-z]+(_[a-z]+){0,2}", id)] == []
    assert [one["operationId"] for one in operations() if not one.get("description") or not one.get("summary")] == []


def test_every_route_but_health_checks_and_signed_webhooks_says_that_it_needs_a_key() -> None:
    description = APP.openapi()
    assert description["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"
    without = {one["path"] for one in operations() if one.get("security") != [{"ApiKey": []}]}
    assert without == {
        "/healthz",
        "/readyz",
        "/v1/hooks/twilio/status",
        "/v1/hooks/twilio/inbound",
        "/v1/hooks/sendgrid/events",
        "/v1/hooks/sendgrid/inbound",
    }


def test_nothing_is_declared_that_never_comes() -> None:
    """FastAPI adds its own 422 to every route with a parameter; ours have one shape, and stand where they can come."""
    text = json.dumps(APP.openapi())
    assert "HTTPValidationError" not in text
    assert "422" not in APP.openapi()["paths"]["/v1/commands/{command_id}"]["get"]["responses"]


def test_every_reference_of_the_description_leads_somewhere() -> None:
    description = APP.openapi()
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(description)))
    assert named == set(description["components"]["schemas"])
