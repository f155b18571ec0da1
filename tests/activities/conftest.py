"""A store, and the send activity run on it the way a worker does."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from activities.providers.port import Provider
from activities.rendering import Renderer
from activities.sending import Sending
from domain.messages import Message, SendResult
from records.database import Database
from tests.activities.cases import TEMPLATES, new_store
from tests.activities.posts import Send


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(TEMPLATES)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    store = new_store(tmp_path)
    yield store
    store.close()


@pytest.fixture
def send(db: Database, renderer: Renderer) -> Send:
    def sending(provider: Provider, what: Message, patience: timedelta = timedelta(hours=1)) -> SendResult:
        environment = ActivityEnvironment()
        environment.info = replace(
            environment.info, scheduled_time=datetime.now(UTC), schedule_to_close_timeout=patience
        )
        activities = Sending(db, {provider.channel: provider}, renderer, "https://tierline.example/")
        return environment.run(activities.send, what)

    return sending
