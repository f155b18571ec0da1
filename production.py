"""What `TIERLINE_MODE=production` does not start without: one list of rules, for every process.

A process asks before it writes a file or opens a port, and says everything that is missing at once, each with its variable
and how to set it. The API asks `missing` only: the vendors' keys are none of its business. The worker adds
`missing_credentials`, for the channels it must send on.
"""

from collections.abc import Iterable, Mapping, Set

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError
from temporalio.envconfig import ClientConfig

from domain.tickets import Channel
from settings import SendGridSettings, ServerSettings, TwilioSettings

SECRET_LENGTH = 32  # characters; as hex digits that is 128 bits
# Different characters; 32 random hex digits have fewer in 3 of a million, "change-me-change-me-…" always.
SECRET_VARIETY = 9

SECRET = f"TIERLINE_SECRET: {{}}; at least {SECRET_LENGTH} random characters, such as `openssl rand -hex 32` prints"
DATABASE = "TIERLINE_DATABASE_URL: a PostgreSQL server, such as postgresql+psycopg://user:password@host/tierline"
TEMPORAL = (
    "TEMPORAL_ADDRESS: where Temporal answers, such as temporal.internal:7233; from the environment, not from .env"
)
NO_PUBLIC_URL = "TIERLINE_PUBLIC_URL is not set: links in messages lead nowhere"


def temporal_address() -> str | None:
    """The address the SDK would connect to, by `TEMPORAL_*` or its configuration file; None when nothing names one.

    Raises ValueError, with what is wrong, when they cannot be read: a certificate that is not there, say.
    """
    try:
        return ClientConfig.load_client_connect_config().get("target_host")
    except (OSError, RuntimeError) as error:  # the SDK's own ConfigError, a RuntimeError, is not exported
        raise ValueError(f"The Temporal settings (TEMPORAL_*) are wrong: {error}") from error


def missing(settings: ServerSettings, temporal: str | None) -> list[str]:
    """What any process misses, one line each; nothing in local mode."""
    if settings.mode == "local":
        return []
    lacks = {
        SECRET.format(_wrong_with(settings)): _wrong_with(settings),
        DATABASE: not _is_server(settings.database),
        TEMPORAL: not temporal,
    }
    return [what for what, lacking in lacks.items() if lacking]


def missing_credentials(sendgrid: SendGridSettings, twilio: TwilioSettings, used: Set[Channel]) -> list[str]:
    """What the worker misses to send on the channels in `used`, one line each."""
    mail = {"SENDGRID_API_KEY": sendgrid.api_key, "SENDGRID_FROM": sendgrid.from_}
    sms = {
        "TWILIO_ACCOUNT_SID": twilio.account_sid,
        "TWILIO_AUTH_TOKEN": twilio.auth_token,
        "TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID": twilio.from_ or twilio.messaging_service_sid,
    }
    return [
        *(_unset(mail, "to send e-mail") if "email" in used else []),
        *(_unset(sms, "to send SMS, which a policy uses") if "sms" in used else []),
    ]


def refusal(lines: Iterable[str]) -> str:
    """The words of a process that does not start, for people."""
    return "\n  ".join(["TIERLINE_MODE=production does not start without:", *lines])


def _wrong_with(settings: ServerSettings) -> str:
    """What is wrong with the secret in a word or two, never the secret; empty when it is fine."""
    secret = settings.secret.get_secret_value() if settings.secret else ""
    if not secret:
        return "is not set"
    if len(secret) < SECRET_LENGTH or len(set(secret)) < SECRET_VARIETY or any(map(str.isspace, secret)):
        return "is too easy to guess"
    return ""


def _is_server(url: str) -> bool:
    try:
        return make_url(url).get_backend_name() in ("postgresql", "postgres")
    except ArgumentError:
        return False


def _unset(needed: Mapping[str, object], what_for: str) -> list[str]:
    names = [name for name, value in needed.items() if not value]
    return [f"{', '.join(names)}: {what_for}"] if names else []
