"""`.env.example` and the settings classes name the same variables, both ways."""

import re
from pathlib import Path

from pydantic_settings import BaseSettings

from local.options import ClientSettings, StackSettings
from settings import ApiSettings, SendGridSettings, TwilioSettings, WorkerSettings

ROOT = Path(__file__).parents[2]
CLASSES: tuple[type[BaseSettings], ...] = (
    ApiSettings, WorkerSettings, SendGridSettings, TwilioSettings, StackSettings, ClientSettings,
)  # fmt: skip
OF_THE_SDK = re.compile(r"TEMPORAL_(ADDRESS|NAMESPACE|API_KEY|TLS\w*)")  # read by temporalio.envconfig


def _listed() -> set[str]:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", text, re.MULTILINE))


def _read_by_us() -> set[str]:
    names = set()
    for settings in CLASSES:
        prefix = settings.model_config.get("env_prefix", "")
        for name, field in settings.model_fields.items():
            alias = field.validation_alias
            names.add(alias if isinstance(alias, str) else f"{prefix}{name}".upper())
    return names


def test_every_setting_is_listed() -> None:
    assert _read_by_us() - _listed() == set()


def test_every_listed_variable_is_read() -> None:
    ours = {name for name in _listed() if not OF_THE_SDK.fullmatch(name)}
    assert ours - _read_by_us() == set()


def test_the_variables_of_the_sdk_are_listed() -> None:
    assert {"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_API_KEY", "TEMPORAL_TLS"} <= _listed()
