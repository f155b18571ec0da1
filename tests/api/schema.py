"""Requests that Schemathesis makes up, always the same ones, against a whole installation with a real Temporal and a worker."""

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

from api import examples
from api.app import create_app
from api.auth import ROLES
from settings import ApiSettings
from tests.conftest import virtual_time
from tests.postgres import Postgres
from tests.scenarios.system import system
from tests.workflows.house import ROSTER

load_all_checks()
APP = create_app(ApiSettings(home=Path("unused")))
# A key is in every request of these tests but nobody's, so its absence is not made up; parameters nobody knows are left alone.
MADE_UP = {"generation": {"with-security-parameters": False, "allow-extra-parameters": False}}
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


def serving(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
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
