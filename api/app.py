"""The composition root of the API: everything is made here and handed down; nothing is global."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, NoReturn

import structlog
from fastapi import Depends, FastAPI
from starlette.staticfiles import StaticFiles
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.service import RetryConfig

from api import (
    actions,
    audit,
    bad_addresses,
    causes,
    closures,
    contact_tests,
    errors,
    escalations,
    forgetting,
    health,
    hooks,
    keys,
    outbox,
    policies,
    preview,
    problems,
    reports,
    roster,
    tickets_seen,
)
from api.auditing import Auditing, keep_log
from api.declared import AsDeclared
from api.description import DescribedApi
from api.filling import fill_facts
from api.housekeeping import keep_house
from api.inbound import act_on_what_comes
from api.limits import BodyLimit
from api.mails import LONGEST_MAIL
from api.pages import actions as actions_page
from api.pages import audit as audit_page
from api.pages import (
    board,
    board_act,
    board_events,
    case,
    contact,
    links,
    nowhere,
    on_call,
    policy_page,
    reports_page,
    sign_in,
    templates,
)
from api.pages import outbox as outbox_page
from api.pages import problems as problems_page
from api.pages.frame import STATIC, STATIC_PATH
from api.relay import relay
from api.seeding import seed
from api.services import in_thread, utc_now, wire
from api.uploads import each_key_once
from api.webhook_secrets import router as webhook_secrets
from domain.yaml_text import LARGEST_ROSTER
from records.database import Database
from settings import ApiSettings
from workflows.contract import SENDGRID_INBOUND_PATH

log = structlog.get_logger()

LOCAL_TEMPORAL = "127.0.0.1:7233"
# A person waits for the answer: the SDK's own tries end soon, and where Temporal has no room the word is kept here.
RETRY = RetryConfig(max_elapsed_time_millis=500)
DESCRIPTION = """Tierline climbs so that customers do not wait.

Every refusal is `application/problem+json` with a stable `code`. Times are RFC 3339 in UTC; durations are `90s`, `15m`, `4h`,
`2d` or ISO 8601. Send an `Idempotency-Key` with any POST to make a retry safe."""


def create_app(settings: ApiSettings, *, client: Client | None = None, database: Database | None = None) -> FastAPI:
    """The API over these settings; `client` and `database` are made (and the database closed) by the app when not given."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        settings.home.mkdir(parents=True, exist_ok=True)
        store = database or Database(settings.database)
        try:
            await in_thread(store.migrate)
            app.state.services = wire(settings, store, client or await connect())
            await in_thread(seed, app.state.services, utc_now())
            async with (
                in_background(relay(app.state.services)),
                in_background(act_on_what_comes(app.state.services)),
                in_background(keep_house(app.state.services)),
                in_background(fill_facts(app.state.services)),
                in_background(keep_log(app.state.services)),
            ):
                yield
        finally:
            if database is None:
                store.close()

    app = DescribedApi(
        title="Tierline",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # its script would come from another site, and run beside the cookie of who is signed in
        redoc_url=None,
        dependencies=[Depends(each_key_once)],
    )
    streamed = {SENDGRID_INBOUND_PATH: LONGEST_MAIL}
    larger = {"/v1/roster": max(LARGEST_ROSTER, settings.max_body_bytes)}
    app.add_middleware(BodyLimit, largest=settings.max_body_bytes, larger=larger, streamed=streamed)
    app.add_middleware(Auditing)
    errors.register(app)
    nowhere.register(app)
    app.add_middleware(AsDeclared)
    for module in (escalations, preview, policies, bad_addresses, contact_tests, roster, keys, outbox, hooks, health):
        app.include_router(module.router)
    for module in (causes, actions, problems, closures):
        app.include_router(module.router)
    for module in (reports, tickets_seen, forgetting, audit):
        app.include_router(module.router)
    app.include_router(webhook_secrets)
    for page in (actions_page, problems_page, reports_page, audit_page):
        app.include_router(page.router)
    for page in (
        links,
        sign_in,
        board,
        board_act,
        board_events,
        case,
        on_call,
        policy_page,
        outbox_page,
        templates,
        contact,
    ):
        app.include_router(page.router)
    app.mount(STATIC_PATH, StaticFiles(directory=STATIC))
    return app


async def connect() -> Client:
    """A client by the SDK's own `TEMPORAL_*` variables; it connects at its first use, so the API starts and says what is away."""
    config: dict[str, Any] = {**ClientConfig.load_client_connect_config()}
    config.setdefault("target_host", LOCAL_TEMPORAL)
    return await Client.connect(**config, data_converter=pydantic_data_converter, lazy=True, retry_config=RETRY)


@asynccontextmanager
async def in_background(work: Coroutine[Any, Any, NoReturn]) -> AsyncIterator[None]:
    """Let `work` run beside the block and end with it; should it break before, that is said at once."""
    task = asyncio.create_task(work)
    task.add_done_callback(_say_if_broken)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):  # the end that was asked for; any other error is raised here
            await task


def _say_if_broken(work: "asyncio.Task[NoReturn]") -> None:
    if not work.cancelled() and work.exception() is not None:
        log.critical("work in the background has broken; restart the API", error=type(work.exception()).__name__)
