"""Settings, read once at start from the environment (and `.env`) and passed down.

The API process reads of the vendors only what verifies their webhooks, and looks whether there are credentials at all; the worker
never reads the pages' settings. What each variable means is listed in `.env.example`; the Temporal connection (`TEMPORAL_*`) is
read by `temporalio.envconfig`.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_ENV = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True)


class CommonSettings(BaseSettings):
    """What every process needs: where the data lies, which database, which mode."""

    model_config = SettingsConfigDict(env_prefix="TIERLINE_", **_ENV)

    home: Path = Path("var")
    database_url: str | None = None
    policies: Path = Path("policies")
    mode: Literal["local", "production"] = "local"
    public_url: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)

    @field_validator("home", "policies")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().resolve()

    @property
    def database(self) -> str:
        """The SQLAlchemy address of the store; an SQLite file in home when nothing else is set."""
        return self.database_url or f"sqlite:///{self.home / 'tierline.db'}"

    @property
    def public_address(self) -> str:
        """The address that links in messages and answers begin with, without a slash at its end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


class ServerSettings(CommonSettings):
    """What the processes share that serve, API and worker; the command line's callers have none of it."""

    secret: SecretStr | None = None
    temporal_patience: int = Field(default=60, ge=0)  # seconds; a server that is restarted is up again within a minute


class ApiSettings(ServerSettings):
    """What the API needs beyond the common settings."""

    temporal_ui: str = "http://127.0.0.1:8233"
    max_body_bytes: int = Field(default=1_000_000, ge=1_000)
    audit_days: int = Field(default=400, ge=1)  # of the audit log: a year and the time to ask about it


class HookSettings(BaseSettings):
    """What providers sign their webhooks with, and nothing else of theirs; a webhook without it is refused.

    Inbound Parse signs nothing: the key that stands in its address is ours.
    """

    model_config = _ENV

    sendgrid_public_key: str | None = Field(default=None, validation_alias="SENDGRID_WEBHOOK_PUBLIC_KEY")
    sendgrid_inbound_key: SecretStr | None = Field(default=None, validation_alias="SENDGRID_INBOUND_KEY")
    twilio_auth_token: SecretStr | None = Field(default=None, validation_alias="TWILIO_AUTH_TOKEN")


class WorkerSettings(ServerSettings):
    """How much one worker process takes on, and how fast the whole installation sends."""

    sends_per_second: float = Field(default=20.0, gt=0)  # on each channel that has no rate of its own
    emails_per_second: float | None = Field(default=None, gt=0)
    sms_per_second: float | None = Field(default=None, gt=0)
    webhooks_per_second: float | None = Field(default=None, gt=0)
    max_sends: int = Field(default=20, ge=1)
    person_per_minute: int = Field(default=5, ge=0)  # messages on one channel; 0: no limit
    build_id: str | None = None
    webhook_private: bool = False  # teams' webhooks may lead to addresses inside, and by plain http


class SendGridSettings(BaseSettings):
    """E-mail; without a key messages go to the local outbox."""

    model_config = SettingsConfigDict(env_prefix="SENDGRID_", **_ENV)

    api_key: SecretStr | None = None
    from_: str | None = Field(default=None, validation_alias="SENDGRID_FROM")
    inbound_address: str | None = None  # replies go there, and Inbound Parse brings them to the API
    base_url: str | None = None


class TwilioSettings(BaseSettings):
    """SMS; without an account messages go to the local outbox."""

    model_config = SettingsConfigDict(env_prefix="TWILIO_", **_ENV)

    account_sid: str | None = None
    auth_token: SecretStr | None = None
    from_: str | None = Field(default=None, validation_alias="TWILIO_FROM")
    messaging_service_sid: str | None = None
    base_url: str | None = None


def without_credentials() -> tuple[Literal["email", "sms"], ...]:
    """The channels whose messages go to the local outbox. Looks whether there are credentials, and keeps none."""
    mail, sms = SendGridSettings().api_key, TwilioSettings().account_sid
    return (*(("email",) if mail is None else ()), *(("sms",) if sms is None else ()))


def setting_faults(error: ValidationError) -> str:
    """What is wrong with which variable, in one line, without the values: one may be a secret."""
    faults = (f"TIERLINE_{'_'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors())
    return f"A setting is wrong: {'; '.join(faults)}. What each means stands in .env.example"
