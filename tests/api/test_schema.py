"""/openapi.json is true: whatever a client sends, with whichever key, the answer is one of those declared there.

Schemathesis makes up the requests: the examples of the description, each limit of each field (for an operator, who gets
furthest), and some at random, always the same. They go to a whole installation with a real Temporal and a worker.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks, positive_data_acceptance
from schemathesis.config import SchemathesisConfig

from api import examples
from api.app import create_app
from api.auth import ROLES
from api.escalations import INTERNAL, REQUESTS
from api.openings import OpenRequest
from settings import ApiSettings
from tests.conftest import virtual_time
from tests.postgres import Postgres
from tests.scenarios.system import system
from tests.workflows.house import ROSTER

load_all_checks()
APP = create_app(ApiSettings(home=Path("unused")))
# A key is in every request of these tests but nobody's, so its absence is not made up; parameters nobody knows are left alone.
MADE_UP = {"generation": {"with-security-parameters": False, "allow-extra-parameters": False}}
ALL_LIMITS = schemathesis.openapi.from_dict(APP.openapi(), config=SchemathesisConfig.from_dict(MADE_UP))
AT_RANDOM = schemathesis.openapi.from_dict(
    APP.openapi(), config=SchemathesisConfig.from_dict({**MADE_UP, "phases": {"coverage": {"enabled": False}}})
)
ALWAYS_THE_SAME = settings(
    max_examples=6, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)

# A body of the right shape may still name nobody of the roster, no policy, a case that is closed: refused, and rightly.
NOT_IN_THE_SHAPE = [positive_data_acceptance]
# A policy may be called `preview`: its own address takes GET and PUT too, and says so.
TWO_IN_ONE = {"/v1/policies/preview": CHECKS.get_one("allow_header_conformance")}


@dataclass(frozen=True)
class Served:
    url: str
    keys: dict[str, str]
    session: requests.Session

    def opens(self) -> None:
        """The case of the examples lives, and the one it may be merged into."""
        for id in (examples.CASE, examples.COMMANDS["merge"]["into"]):
            ticket = examples.OPEN["ticket"] | {"id": id.removeprefix("zendesk-")}
            answer = self._call("POST", "/v1/escalations", {**examples.OPEN, "ticket": ticket})
            assert answer.status_code in (200, 201), answer.text

    def restores_the_roster(self) -> None:
        answer = self._call("PUT", "/v1/roster", ROSTER.model_dump(mode="json", by_alias=True))
        assert answer.status_code == 200, answer.text

    def _call(self, method: str, path: str, body: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.keys['admin']}"}
        return self.session.request(method, self.url + path, headers=headers, json=body, timeout=30)


@pytest.fixture(scope="module")
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The system runs on a loop of its own, in a thread, since the requests of these tests are not asynchronous.

    So does its Temporal: the cases that are made up here must not be there for other tests.
    """
    with ExitStack() as stack:
        url = None
        if request.param == "postgresql":
            postgres: Postgres = request.getfixturevalue("postgres")
            url = stack.enter_context(postgres.database())
        portal = stack.enter_context(start_blocking_portal())
        running = with_a_key_for_each_role(tmp_path_factory.mktemp("schema"), url)
        address, keys = stack.enter_context(portal.wrap_async_context_manager(running))
        found = Served(address, keys, stack.enter_context(requests.Session()))
        found.opens()
        yield found


@asynccontextmanager
async def with_a_key_for_each_role(folder: Path, database_url: str | None) -> AsyncIterator[tuple[str, dict[str, str]]]:
    """The address of a whole installation on this loop, and the keys by role."""
    async with virtual_time() as env:
        with env.with_time_skipping_disabled():
            async with system(env, folder, database_url) as tierline:
                keys = {"admin": tierline.keys["admin"]}
                for role in ROLES:
                    body = {"role": role, "label": role} | ({"person": "dana"} if role == "agent" else {})
                    if role != "admin":
                        keys[role] = (await tierline.call("POST", "/v1/keys", **body)).json()["key"]
                yield str(tierline.http.base_url), keys


@pytest.mark.parametrize("served", ["postgresql"], indirect=True)
@ALL_LIMITS.parametrize()
@ALWAYS_THE_SAME
def test_every_answer_to_an_operator_is_declared(case: schemathesis.Case[Any], served: Served) -> None:
    check_answer(case, "operator", served)


@pytest.mark.parametrize("served", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role", ["nobody", *(role for role in ROLES if role != "operator")])
@AT_RANDOM.parametrize()
@settings(ALWAYS_THE_SAME, max_examples=2)
def test_every_answer_to_anybody_else_is_declared(case: schemathesis.Case[Any], role: str, served: Served) -> None:
    check_answer(case, role, served)


def check_answer(case: schemathesis.Case[Any], role: str, served: Served) -> None:
    """Send it with the key of `role`; fails on an answer that is not declared, and puts back what later requests need."""
    headers = {"Authorization": f"Bearer {served.keys[role]}"} if role != "nobody" else {}
    not_asked = [*NOT_IN_THE_SHAPE, *(check for path, check in TWO_IN_ONE.items() if path == case.path)]
    answer = case.call_and_validate(
        base_url=served.url, session=served.session, headers=headers, excluded_checks=not_asked
    )
    if role == "nobody" and case.path.startswith("/v1/"):
        assert answer.status_code >= 400, "answered without a key"
    said = answer.status_code == 200 and case.method == "POST" and case.path.startswith("/v1/escalations")
    if said and answer.json()["status"] in ("closed", "cancelled"):
        served.opens()
    if answer.status_code == 200 and (case.method, case.path) == ("PUT", "/v1/roster"):
        served.restores_the_roster()


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
