"""What is old is deleted by the API itself: in the background, from its start on, and after trouble with the store again."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from api import housekeeping
from api.housekeeping import keep_house, tidy
from tests.api.conftest import Api
from tests.until import until

MONTH = timedelta(days=30)


def came_long_ago(api: Api, *names: str) -> None:
    services = api.services
    services.inbound.store_new("twilio-status", [(name, {}) for name in names], services.now() - MONTH)
    services.inbound.all_handled([("twilio-status", name) for name in names], services.now())


def forgotten(api: Api, name: str) -> bool:
    """An event that is not there any more is new when it comes again."""
    return api.services.inbound.store_new("twilio-status", [(name, {})], api.services.now()) == 1


async def test_events_of_a_month_ago_answers_of_yesterday_and_sessions_of_before_are_deleted_in_parts(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "AT_ONCE", 2)
    services = api.services
    came_long_ago(api, "a", "b", "c", "d", "e")
    services.idempotency.begin("k", "POST", "/", "old", "h", services.now() - timedelta(days=1))
    services.ended_sessions.end("signed out of", services.now() - timedelta(hours=1))
    assert await tidy(services) == 7
    assert await tidy(services) == 0
    assert forgotten(api, "a")


async def test_the_api_does_it_by_itself_and_after_trouble_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "EVERY", 0.01)
    services, purge, tries = api.services, api.services.inbound.purge, []

    def troubled(*args: object) -> int:
        tries.append(args)
        if len(tries) == 1:
            raise OperationalError("", {}, Exception("the disk is full"))
        return purge(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(services.inbound, "purge", troubled)
    came_long_ago(api, "a")
    work = asyncio.create_task(keep_house(services))
    await until(lambda: len(tries) > 2)
    assert forgotten(api, "a")
    work.cancel()
