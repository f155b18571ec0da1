"""`.env.example` and the settings classes name the same variables, both ways, and what it says is what happens."""

import re
from pathlib import Path

import pytest
from dotenv import dotenv_values
from pydantic_settings import BaseSettings

from tests.variables import CLASSES, EXAMPLE, OF_COMPOSE, OF_THE_SDK, listed, names


def _read_by_us() -> set[str]:
    return {name for settings in CLASSES for name in names(settings)}


def test_every_setting_is_listed() -> None:
    assert _read_by_us() - listed() == set()


def test_every_listed_variable_is_read() -> None:
    ours = {name for name in listed() if not (OF_THE_SDK.fullmatch(name) or OF_COMPOSE.fullmatch(name))}
    assert ours - _read_by_us() == set()


def test_the_variables_of_the_sdk_are_listed() -> None:
    assert {"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_API_KEY", "TEMPORAL_TLS"} <= listed()


@pytest.mark.parametrize("settings", CLASSES)
def test_every_line_uncommented_says_the_default(
    settings: type[BaseSettings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # relative defaults, and no `.env` of this machine
    for name in listed():
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "uncommented"
    text = EXAMPLE.read_text(encoding="utf-8")
    file.write_text(re.sub(r"^# ([A-Z][A-Z_]+=)", r"\1", text, flags=re.MULTILINE), encoding="utf-8")
    assert set(dotenv_values(file)) == listed()
    assert settings(_env_file=file) == settings(_env_file=None)
