"""A database in trouble is told as 503 with a reason and Retry-After, soon; nothing is half done, and the retry does it."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.exc import DataError, DBAPIError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

import records.database
import records.rows
from settings import ApiSettings
from tests.api.conftest import Api, case
from tests.postgres import Postgres
from tests.records.troubles import disk_full, everything, locked, read_only

WAIT = 0.5  # seconds, in place of the five a transaction waits for a lock
RETRY = {"Idempotency-Key": "retry-1"}
NOTE = {"by": "dana", "text": "seen " * 2_000}  # too long to slip into a page of the file that has room left
PATH = "/v1/escalations/zendesk-4711/note"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records.database, "BUSY_SECONDS", WAIT)


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, settings: ApiSettings) -> Iterator[ApiSettings]:
    if request.param == "sqlite":
        yield settings
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.database() as url:
        yield settings.model_copy(update={"database_url": url})


@pytest.mark.parametrize("headers", [{}, RETRY])
async def test_a_locked_database_is_503_soon_and_works_again_when_it_is_let_go(
    api: Api, headers: dict[str, str]
) -> None:
    await api.opened()
    before = everything(api.services.database)
    with locked(api.services.database):
        began = time.monotonic()
        answer = await api.post(PATH, NOTE, headers=headers)
        took = time.monotonic() - began
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert answer.headers["retry-after"].isdigit()
    assert took < 2 * WAIT + 2, f"it took {took:.1f} s"
    assert everything(api.services.database) == before
    assert api.temporal.updates == []
    assert (await api.post(PATH, NOTE, headers=headers)).status_code == 200
    assert len(api.temporal.updates) == 1


async def test_a_full_database_is_503_and_says_so_and_the_retry_does_what_was_asked(api: Api) -> None:
    await api.opened()
    before = everything(api.services.database)
    with disk_full(api.services.database):
        answer = await api.post(PATH, NOTE, headers=RETRY)
        assert (answer.status_code, answer.json()["code"]) == (503, "database_full")
        assert answer.headers["retry-after"].isdigit()
        assert (await api.get("/v1/escalations/zendesk-4711")).status_code == 200
        assert everything(api.services.database) == before
        assert api.temporal.updates == []
    assert (await api.post(PATH, NOTE, headers=RETRY)).status_code == 200
    assert (await api.post(PATH, NOTE, headers=RETRY)).headers["idempotent-replayed"] == "true"
    assert len(api.temporal.updates) == 1


async def test_a_word_the_case_has_taken_is_answered_though_the_database_failed_then(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workflow is the truth of a live case: a 503 now would have the word said twice."""
    await api.opened()

    def away(*_: Any) -> None:
        raise wrapped(OperationalError, "57P01", lost=True)

    with monkeypatch.context() as broken:
        broken.setattr(records.rows, "save", away)
        broken.setattr(api.services.idempotency, "finish", away)
        answer = await api.post("/v1/escalations/zendesk-4711/acknowledge", {"by": "dana"}, headers=RETRY)
    assert (answer.status_code, answer.json()["status"], answer.json()["owner"]) == (200, "acknowledged", "dana")
    assert answer.json()["customer"]["id"] == "acme"
    assert (await api.get(f"/v1/commands/{answer.headers['command-id']}")).json()["status"] == "queued"


class Cause(Exception):
    """What a driver raises: its code is all we look at."""

    def __init__(self, sqlstate: str | None = None) -> None:
        super().__init__("it@acme.example")
        self.sqlstate = sqlstate


def wrapped(kind: type[DBAPIError], sqlstate: str | None, lost: bool = False) -> DBAPIError:
    return kind("select secret", {}, Cause(sqlstate), connection_invalidated=lost)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        pytest.param(wrapped(OperationalError, "57P01", lost=True), 503, "database_unavailable", id="shut down"),
        pytest.param(wrapped(OperationalError, "40P01"), 503, "database_unavailable", id="deadlock"),
        pytest.param(wrapped(OperationalError, "55P03"), 503, "database_unavailable", id="locked"),
        pytest.param(wrapped(OperationalError, "53100"), 503, "database_full", id="disk full"),
        pytest.param(wrapped(InternalError, "25006"), 503, "database_unavailable", id="became a stand-by"),
        pytest.param(wrapped(InternalError, "25P03", lost=True), 503, "database_unavailable", id="cut off"),
        pytest.param(wrapped(DBAPIError, None, lost=True), 503, "database_unavailable", id="connection lost"),
        pytest.param(PoolTimeout("no connection free"), 503, "database_unavailable", id="pool exhausted"),
        pytest.param(wrapped(InternalError, "25P02"), 500, "internal_error", id="our mistake"),
        pytest.param(wrapped(DataError, "22003"), 500, "internal_error", id="our data"),
    ],
)
async def test_what_may_pass_is_503_and_what_is_our_fault_is_500(
    api: Api, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    def fails(*_: Any) -> None:
        raise error

    monkeypatch.setattr(api.services.escalations, "latest", fails)
    answer = await api.get("/v1/escalations/zendesk-1")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ("retry-after" in answer.headers) == (status == 503)
    assert "acme" not in answer.text
    assert "secret" not in answer.text


async def test_a_database_that_takes_no_writes_for_now_is_503(api: Api) -> None:
    with read_only(api.services.database):
        answer = await api.post("/v1/escalations", case())
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert (await api.get("/v1/policies")).status_code == 200
    assert (await api.post("/v1/escalations", case())).status_code == 200  # begun, though its row was not written
    assert len(api.temporal.started) == 1
