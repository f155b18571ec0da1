"""What the routes work with, made once at start: the stores, the way to Temporal, the settings, the clock.

Store calls are synchronous. Routes that only read are plain `def` (FastAPI runs them on threads); routes that also speak with
Temporal are `async` and use `in_thread`, so that the event loop never waits for a disk.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from temporalio.client import Client

from api.cases import Cases
from api.sessions import Sessions, Tries
from api.signatures import Signatures
from api.threads import in_thread as in_thread
from api.watching import Watcher
from domain.tickets import Channel
from records.actions import Actions
from records.answers import Answers
from records.bad_addresses import BadAddresses
from records.board import Board
from records.causes import CauseTree
from records.closures import Closures
from records.command_log import CommandLog
from records.contact_tests import ContactTests
from records.database import Database
from records.ended_sessions import EndedSessions
from records.escalations import Escalations
from records.idempotency import Idempotency
from records.inbound import Inbound
from records.keys import Keys
from records.outbound import Outbound
from records.policies import Policies
from records.problems import Problems
from records.reply_codes import ReplyCodes
from records.roster import RosterStore
from records.views import Views
from settings import ApiSettings, HookSettings, without_credentials
from signed_links import SignedLinks, secret_of


def utc_now() -> datetime:
    """The clock of the API process."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Services:
    """One per process; lives as long as the app."""

    settings: ApiSettings
    database: Database
    client: Client
    cases: Cases
    escalations: Escalations
    commands: CommandLog
    idempotency: Idempotency
    keys: Keys
    policies: Policies
    roster: RosterStore
    inbound: Inbound
    answers: Answers
    contact_tests: ContactTests
    outbound: Outbound
    bad_addresses: BadAddresses
    reply_codes: ReplyCodes
    causes: CauseTree
    actions: Actions
    problems: Problems
    signatures: Signatures
    links: SignedLinks
    sessions: Sessions
    ended_sessions: EndedSessions
    board: Board
    views: Views
    watcher: Watcher
    closures: Closures
    outbox_only: tuple[Channel, ...]  # the channels on which nothing leaves this machine; the pages say so
    now: Callable[[], datetime]
    # A long preview takes a second of processor: two at once, for the API's threads are for those who act.
    previews: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    tries: Tries = field(default_factory=Tries)  # of wrong keys, at the sign-in
    heard: "asyncio.Queue[Any]" = field(default_factory=lambda: asyncio.Queue(10_000))  # see api/auditing
    looks: set[tuple[str, ...]] = field(default_factory=set)  # written down already, see there
    something_came: asyncio.Event = field(default_factory=asyncio.Event)  # from a provider, and was kept


def wire(
    settings: ApiSettings,
    database: Database,
    client: Client,
    now: Callable[[], datetime] = utc_now,
    hooks: HookSettings | None = None,
) -> Services:
    """Put the parts together. Raises ValueError for a public key of SendGrid's that is none, SecretFault."""
    secret = secret_of(settings)
    return Services(
        settings=settings,
        database=database,
        client=client,
        cases=Cases(client),
        escalations=Escalations(database),
        commands=CommandLog(database),
        idempotency=Idempotency(database),
        keys=Keys(database),
        policies=Policies(database),
        roster=RosterStore(database),
        inbound=Inbound(database),
        answers=Answers(database),
        contact_tests=ContactTests(database),
        outbound=Outbound(database),
        bad_addresses=BadAddresses(database),
        reply_codes=ReplyCodes(database),
        causes=CauseTree(database),
        actions=Actions(database),
        problems=Problems(database),
        signatures=Signatures(hooks or HookSettings(), settings.public_address),
        links=SignedLinks(secret, settings.public_address),
        sessions=Sessions(secret),
        ended_sessions=EndedSessions(database),
        board=Board(database),
        views=Views(database),
        watcher=Watcher(database),
        closures=Closures(database),
        outbox_only=without_credentials() if settings.mode == "local" else (),
        now=now,
    )


async def services_of(request: Request) -> Services:
    """The services of the app that answers this request. Async, for it does not wait: FastAPI runs others on a thread."""
    return cast(Services, request.app.state.services)


Wired = Annotated[Services, Depends(services_of)]
