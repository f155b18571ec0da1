"""The worker: where settings, store, providers, activities and the workflow are put together, and nowhere else.

Temporal workers in one process: one for the cases with their records, and one for the sends of each channel on a task queue
of its own, whose rate limit holds for the whole installation however many processes run. On SIGTERM or Ctrl-C no new work is
taken and sends under way finish.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any, get_args

import structlog
from pydantic import ValidationError
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError
from temporalio.worker import PollerBehaviorAutoscaling, Worker, WorkerDeploymentConfig

import process
import production
from activities.answering import Answering
from activities.providers.outbox import Outbox
from activities.providers.port import SEND_TIMEOUT, Provider
from activities.providers.sendgrid_mail import SendGridMail
from activities.providers.twilio_sms import TwilioSms
from activities.providers.unset import Unset
from activities.providers.webhook import TeamWebhook
from activities.recording import Recording
from activities.rendering import OWN_TEMPLATES, TEMPLATES, Renderer, TemplateFault
from activities.sending import Sending
from domain.tickets import Channel
from records.database import Database, DatabaseAway
from records.policies import Policies
from settings import SendGridSettings, TwilioSettings, WorkerSettings, setting_faults
from signed_links import SecretFault, SignedLinks, secret_of
from workflows import contract, sandbox
from workflows.answer import AnswerWorkflow
from workflows.escalation import EscalationWorkflow
from workflows.follow_up import AlertWorkflow, FollowUpWorkflow, SurveyWorkflow
from workflows.lessons import ActionsWorkflow, LessonsWorkflow
from workflows.problems import ProblemWorkflow

ALL_CHANNELS: frozenset[Channel] = frozenset(get_args(Channel))

DEFAULT_ADDRESS = "localhost:7233"  # Temporal's own

TEMPORAL_PAUSE = timedelta(seconds=1)

GRACE = timedelta(seconds=20)  # a send ends within 15 s; then there is time to mark it
STICKY_LIMIT = timedelta(seconds=3)  # a killed worker's cases move on after this; Temporal's default is ten
RECORD_THREADS = 10  # SQLite writes one at a time; more threads would only queue there
# One core does about thirty tasks a second. What is taken must be done within `contract.TASK_LIMIT`; the rest waits at the
# server, the urgent first, where another worker can take it.
CASES_AT_ONCE = 12

# Vendors' clients allow their time-out once to connect and once to read: half for each keeps a send within the whole.
VENDOR_TIMEOUT = SEND_TIMEOUT / 2

log = structlog.get_logger("worker")


class StartRefused(Exception):
    """The worker cannot start; the text says what is missing and how to set it."""


async def serve(settings: WorkerSettings) -> None:
    """Work until SIGTERM or SIGINT. Raises StartRefused, or whatever broke a worker for good."""
    renderer = Renderer(settings.policies / TEMPLATES, settings.policies / OWN_TEMPLATES)
    sendgrid, twilio = SendGridSettings(), TwilioSettings()
    refuse_unready(settings, sendgrid, twilio)  # before it leaves a file behind
    settings.home.mkdir(parents=True, exist_ok=True)
    with _database(settings) as db, ExitStack() as threads:
        providers = chosen_providers(settings, sendgrid, twilio, used_channels(Policies(db)))
        links = SignedLinks(secret_of(settings), settings.public_address)
        reached = answered(settings, sendgrid, twilio)
        limit = settings.person_per_minute or None
        sending = Sending(db, providers, renderer, settings.public_address, reached, links, limit)
        if settings.mode == "production" and settings.public_url is None:
            log.warning(production.NO_PUBLIC_URL, now=settings.public_address)
        client = await connected(timedelta(seconds=settings.temporal_patience))
        send_threads = threads.enter_context(ThreadPoolExecutor(settings.max_sends, "send"))
        record_threads = threads.enter_context(ThreadPoolExecutor(RECORD_THREADS, "record"))
        cases = case_worker(client, Recording(db), record_threads, settings)
        answering = Answering(db, providers)
        await _until_stopped([cases, *send_workers(client, sending, answering, send_threads, settings)])


def case_worker(client: Client, recording: Recording, threads: ThreadPoolExecutor, settings: WorkerSettings) -> Worker:
    """Runs the workflows, and the records as local activities beside them."""
    return Worker(
        client,
        task_queue=contract.TASK_QUEUE,
        workflows=[
            EscalationWorkflow,
            FollowUpWorkflow,
            SurveyWorkflow,
            AlertWorkflow,
            LessonsWorkflow,
            ActionsWorkflow,
            ProblemWorkflow,
            AnswerWorkflow,
        ],
        workflow_runner=sandbox.runner(),
        activities=[
            recording.record,
            recording.record_survey,
            recording.record_question,
            recording.record_unsent,
            recording.record_recurrence,
            recording.record_reminders,
            recording.record_problem_news,
        ],
        activity_executor=threads,
        max_concurrent_workflow_tasks=CASES_AT_ONCE,
        max_concurrent_activities=RECORD_THREADS,
        max_concurrent_local_activities=RECORD_THREADS,
        sticky_queue_schedule_to_start_timeout=STICKY_LIMIT,
        graceful_shutdown_timeout=GRACE,
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
        deployment_config=deployment(settings),
    )


def send_workers(
    client: Client, sending: Sending, answering: Answering, threads: ThreadPoolExecutor, settings: WorkerSettings
) -> list[Worker]:
    """Run the sends of every channel, each as fast as the whole installation may; what belongs to none goes out besides."""
    rates: dict[Channel, float | None] = {
        "email": settings.emails_per_second,
        "sms": settings.sms_per_second,
        "webhook": settings.webhooks_per_second,
    }
    own = {contract.send_queue(channel): rate or settings.sends_per_second for channel, rate in rates.items()}
    queues = {contract.SEND_TASK_QUEUE: settings.sends_per_second, **own}
    activities: list[Callable[..., Any]] = [sending.send, answering.send_answer]
    return [send_worker(client, queue, rate, activities, threads, settings) for queue, rate in queues.items()]


def send_worker(
    client: Client,
    queue: str,
    rate: float,
    activities: Sequence[Callable[..., Any]],
    threads: ThreadPoolExecutor,
    settings: WorkerSettings,
) -> Worker:
    """Runs the sends of one queue, as many at once as there are threads; `rate` a second for the whole installation."""
    return Worker(
        client,
        task_queue=queue,
        activities=activities,
        activity_executor=threads,
        max_concurrent_activities=settings.max_sends,
        max_task_queue_activities_per_second=rate,
        graceful_shutdown_timeout=GRACE,
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
        deployment_config=deployment(settings),
    )


def deployment(settings: WorkerSettings) -> WorkerDeploymentConfig | None:
    """With a build id the worker is one version of the deployment: it takes work once an operator makes that version current.

    Running cases move to the current version by themselves, for they live up to fifteen days and an old worker does not.
    """
    if settings.build_id is None:
        return None
    version = WorkerDeploymentVersion(deployment_name=contract.DEPLOYMENT, build_id=settings.build_id)
    return WorkerDeploymentConfig(
        version=version, use_worker_versioning=True, default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE
    )


def refuse_unready(settings: WorkerSettings, sendgrid: SendGridSettings, twilio: TwilioSettings) -> None:
    """Raises StartRefused with everything production misses; the database, once there is one, tells which channels count."""
    try:
        missing = production.missing(settings, production.temporal_address())
    except ValueError as error:
        raise StartRefused(str(error)) from error
    if missing:
        missing += production.missing_credentials(sendgrid, twilio, ALL_CHANNELS)
        raise StartRefused(production.refusal(missing))


def chosen_providers(
    settings: WorkerSettings, sendgrid: SendGridSettings, twilio: TwilioSettings, used: frozenset[Channel]
) -> dict[Channel, Provider]:
    """The vendor where there are credentials, else the outbox; in production nobody. Raises StartRefused for what is missing.

    A team's own webhook needs none but ours, and goes out in every mode.
    """
    if settings.mode == "production" and (missing := production.missing_credentials(sendgrid, twilio, used)):
        raise StartRefused(production.refusal(missing))
    try:
        chosen: dict[Channel, Provider] = {
            "email": _mail(sendgrid),
            "sms": _sms(twilio, settings.public_url and settings.public_address),
            "webhook": TeamWebhook(secret_of(settings), private=settings.webhook_private),
        }
    except ValueError as error:
        raise StartRefused(str(error)) from error
    if settings.mode == "production":
        chosen = {channel: Unset(channel) if isinstance(one, Outbox) else one for channel, one in chosen.items()}
    log.info("providers chosen", **{channel: provider.name for channel, provider in chosen.items()})
    return chosen


def answered(settings: WorkerSettings, sendgrid: SendGridSettings, twilio: TwilioSettings) -> frozenset[Channel]:
    """The channels on which people can reply to us: where the vendor finds our API (docs/operations.md, "Replies")."""
    found: dict[Channel, object] = {
        "sms": twilio.account_sid and settings.public_url,
        "email": sendgrid.api_key and sendgrid.inbound_address,
    }
    return frozenset(channel for channel, reached in found.items() if reached)


def used_channels(policies: Policies) -> frozenset[Channel]:
    """The channels any current policy sends on; all while there is no policy yet."""
    known = policies.latest_all()
    steps = {channel for policy in known for tier in policy.tiers for step in tier.steps for channel in step.channels}
    told = {channel for policy in known if policy.customer_updates for channel in policy.customer_updates.channels}
    watched: set[Channel] = {"email"}  # watchers are told by e-mail, whatever the policy
    return frozenset(steps | told | watched) if known else ALL_CHANNELS


async def connected(patience: timedelta) -> Client:
    """A client once Temporal answers. Raises StartRefused when it has not within `patience`."""
    config = ClientConfig.load_client_connect_config()
    address = config.setdefault("target_host", DEFAULT_ADDRESS)
    ends = time.monotonic() + patience.total_seconds()
    waiting = False
    while True:
        try:
            return await Client.connect(**config, data_converter=pydantic_data_converter)
        except (RuntimeError, RPCError) as error:
            if time.monotonic() >= ends:
                raise StartRefused(
                    f"Temporal at {address} (TEMPORAL_ADDRESS) did not answer for {patience.seconds} s: {error}. Start it, or "
                    "set the address; to wait longer set TIERLINE_TEMPORAL_PATIENCE"
                ) from error
            if not waiting:
                log.info("waiting for Temporal", address=address, up_to_seconds=patience.seconds)
                waiting = True
        await asyncio.sleep(TEMPORAL_PAUSE.total_seconds())


def main() -> int:
    """Run the worker; 0 after a stop that was asked for, 130 after an early Ctrl-C, 1 when it could not start or broke."""
    try:
        settings = WorkerSettings()
    except ValidationError as error:
        print(f"worker: {setting_faults(error)}", file=sys.stderr)
        return 1
    process.begin(settings.mode)
    try:
        process.run(serve(settings))
    except (StartRefused, TemplateFault, DatabaseAway, SecretFault) as refusal:
        print(f"worker: {refusal}", file=sys.stderr)  # for a person: several lines, not one of JSON
        return 1
    except KeyboardInterrupt:
        return 130  # Ctrl-C before the worker was ready; later it is a stop that ends well
    except Exception:
        log.exception("worker broke")
        return 1
    return 0


async def _until_stopped(workers: Sequence[Worker]) -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, asked.set)
    running = [asyncio.create_task(worker.run()) for worker in workers]
    stop = asyncio.create_task(asked.wait())
    build = workers[0].config()["deployment_config"]
    log.info("worker ready", task_queues=[worker.task_queue for worker in workers], **_as_version(build))
    await asyncio.wait([*running, stop], return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    log.info("worker stopping", grace_seconds=GRACE.seconds)
    await asyncio.gather(*(worker.shutdown() for worker in workers))
    await asyncio.gather(*running)
    log.info("worker stopped")


def _as_version(build: WorkerDeploymentConfig | None) -> dict[str, str]:
    """Which version, and how it is made current: until then a new build waits, which must not look like a fault."""
    if build is None:
        return {}
    name, build_id = build.version.deployment_name, build.version.build_id
    promote = f"temporal worker deployment set-current-version --deployment-name {name} --build-id {build_id}"
    return {"build": build_id, "takes_work_after": promote}


@contextmanager
def _database(settings: WorkerSettings) -> Iterator[Database]:
    db = Database(settings.database)
    try:
        db.migrate()
        yield db
    finally:
        db.close()


def _mail(sendgrid: SendGridSettings) -> Provider:
    if sendgrid.api_key is None:
        return Outbox("email")
    if sendgrid.from_ is None:
        raise ValueError("SENDGRID_API_KEY is set; set SENDGRID_FROM, the sender's address, as well")
    key, replies = sendgrid.api_key.get_secret_value(), sendgrid.inbound_address
    return SendGridMail(key, sendgrid.from_, sendgrid.base_url, VENDOR_TIMEOUT, replies)


def _sms(twilio: TwilioSettings, reached_at: str | None) -> Provider:
    """`reached_at` is where Twilio finds our API; without a public address nobody can tell us what became of an SMS."""
    if twilio.account_sid is None:
        return Outbox("sms")
    if twilio.auth_token is None:
        raise ValueError("TWILIO_ACCOUNT_SID is set; set TWILIO_AUTH_TOKEN as well")
    token, service = twilio.auth_token.get_secret_value(), twilio.messaging_service_sid
    path = f"{contract.TWILIO_STATUS_PATH}?ref={{reference}}{contract.TWILIO_TRIES}"
    callback = f"{reached_at}{path}" if reached_at else None
    return TwilioSms(twilio.account_sid, token, twilio.from_, service, twilio.base_url, VENDOR_TIMEOUT, callback)


if __name__ == "__main__":
    sys.exit(main())
