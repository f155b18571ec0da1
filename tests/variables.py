"""Which variables there are: those the settings classes read, those `.env.example` lists for people."""

import re

from pydantic_settings import BaseSettings

from local.options import ROOT, ClientSettings, StackSettings
from settings import ApiSettings, HookSettings, SendGridSettings, TwilioSettings, WorkerSettings

CLASSES: tuple[type[BaseSettings], ...] = (
    ApiSettings, HookSettings, WorkerSettings, SendGridSettings, TwilioSettings, StackSettings, ClientSettings,
)  # fmt: skip
OF_THE_SDK = re.compile(r"TEMPORAL_(ADDRESS|NAMESPACE|API_KEY|TLS\w*)")  # read by temporalio.envconfig
OF_COMPOSE = re.compile(r"POSTGRES_\w+")  # read by docker-compose.yml alone
EXAMPLE = ROOT / ".env.example"


def listed() -> set[str]:
    """The variables `.env.example` names."""
    return set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE))


def names(settings: type[BaseSettings]) -> set[str]:
    """The variables a settings class reads."""
    prefix = settings.model_config.get("env_prefix", "")
    aliases = {name: field.validation_alias for name, field in settings.model_fields.items()}
    return {alias if isinstance(alias, str) else f"{prefix}{name}".upper() for name, alias in aliases.items()}
