"""Production starts with everything or not at all: every process says all that is missing, and touches nothing before."""

import re
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

import production
from settings import SendGridSettings, ServerSettings, TwilioSettings
from tests.processes.installation import API, START_LIMIT, TIERLINE, WORKER, Installation, installation

SECRET = "5f0c3a9d7e1b84620f9a3c7d5e8b1a42"
COMPLETE = {
    "TIERLINE_MODE": "production",
    "TIERLINE_SECRET": SECRET,
    "TIERLINE_DATABASE_URL": "postgresql+psycopg://tierline:pw@127.0.0.1:1/tierline",
    "TEMPORAL_ADDRESS": "127.0.0.1:1",
    "SENDGRID_API_KEY": "SG.test", "SENDGRID_FROM": "desk@example.org",
    "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "token", "TWILIO_FROM": "+15005550006",
}  # fmt: skip
COMMON = ["TIERLINE_SECRET", "TIERLINE_DATABASE_URL", "TEMPORAL_ADDRESS"]
CREDENTIALS = ["SENDGRID_API_KEY", "SENDGRID_FROM", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"]


def named(words: str) -> list[str]:
    """The variables a refusal names as missing: those before the colon of each of its lines."""
    return re.findall(r"[A-Z]+_[A-Z_]+", " ".join(re.findall(r"^  ([^:]+):", words, re.MULTILINE)))


async def refuses(tierline: Installation, command: Sequence[str], **env: str) -> str:
    """What a process says that does not start; it leaves no file, no port and no traceback behind."""
    program = tierline.starts(*command, **env)
    assert await program.ends(START_LIMIT) == 1, program.words
    assert "Traceback" not in program.words
    assert not tierline.home.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(tierline.env["TIERLINE_PORT"])), 1)
    return program.words


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        (API, COMMON),
        (WORKER, [*COMMON, *CREDENTIALS[:4], "TWILIO_FROM", "TWILIO_MESSAGING_SERVICE_SID"]),
        ((TIERLINE, "up"), COMMON),
    ],
    ids=["api", "worker", "tierline up"],
)
async def test_with_nothing_set_everything_is_named_at_once(
    tmp_path: Path, command: Sequence[str], missing: list[str]
) -> None:
    with installation(tmp_path) as tierline:
        words = await refuses(tierline, command, TIERLINE_MODE="production")
        assert "TIERLINE_MODE=production does not start without:" in words
        assert named(words) == missing


@pytest.mark.parametrize("command", [API, WORKER], ids=["api", "worker"])
async def test_one_missing_thing_is_enough_and_the_others_are_not_named(tmp_path: Path, command: Sequence[str]) -> None:
    with installation(tmp_path, **{**COMPLETE, "TIERLINE_SECRET": ""}) as tierline:
        assert named(await refuses(tierline, command)) == ["TIERLINE_SECRET"]


async def test_tierline_up_says_why_its_own_temporal_is_not_for_production(tmp_path: Path) -> None:
    complete = {key: value for key, value in COMPLETE.items() if key != "TEMPORAL_ADDRESS"}
    with installation(tmp_path, **complete) as tierline:
        words = await refuses(tierline, (TIERLINE, "up"))
        assert named(words) == ["TEMPORAL_ADDRESS"]
        assert "The Temporal server that comes with Tierline is for one machine, not for production." in words


@pytest.mark.parametrize("command", [API, WORKER], ids=["api", "worker"])
async def test_a_wrong_setting_is_named_without_its_value(tmp_path: Path, command: Sequence[str]) -> None:
    wrong = {"TIERLINE_PORT": "the-secret-port", "TIERLINE_MODE": "the-secret-mode"}
    with installation(tmp_path) as tierline:
        program = tierline.starts(*command, **wrong)
        assert await program.ends(START_LIMIT) == 1
        assert (
            "A setting is wrong: TIERLINE_MODE: Input should be 'local' or 'production'; TIERLINE_PORT: "
            in program.words
        )
        assert ".env.example" in program.words
        assert "Traceback" not in program.words
        assert "the-secret" not in program.words


@pytest.mark.parametrize("command", [API, WORKER], ids=["api", "worker"])
async def test_wrong_temporal_settings_are_said_in_a_sentence(tmp_path: Path, command: Sequence[str]) -> None:
    none = tmp_path / "none.pem"
    with installation(
        tmp_path, TEMPORAL_TLS_CLIENT_CERT_PATH=str(none), TEMPORAL_TLS_CLIENT_KEY_PATH=str(none)
    ) as tierline:
        words = await refuses(tierline, command, TEMPORAL_ADDRESS="127.0.0.1:1")
        assert "The Temporal settings (TEMPORAL_*) are wrong: " in words
        assert str(none) in words


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of this machine, no `.env`."""
    monkeypatch.chdir(tmp_path)
    for name in (*COMPLETE, "TWILIO_MESSAGING_SERVICE_SID"):
        monkeypatch.delenv(name, raising=False)


def missing(**env: str) -> list[str]:
    told = {name.removeprefix("TIERLINE_").lower(): value for name, value in {**COMPLETE, **env}.items()}
    settings = ServerSettings(mode="production", secret=told["secret"], database_url=told["database_url"])
    return named(production.refusal(production.missing(settings, told["temporal_address"])))


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    "secret",
    [
        "", "short", SECRET[:-1], "a" * 64, "change-me-" * 5,
        "signs the links in messages; made at the first start and kept in home when unset",
    ],
)  # fmt: skip
def test_a_secret_that_can_be_guessed_is_none(secret: str) -> None:
    assert missing(TIERLINE_SECRET=secret) == ["TIERLINE_SECRET"]


@pytest.mark.usefixtures("bare")
def test_the_words_about_a_weak_secret_do_not_hold_it() -> None:
    weak = ServerSettings(mode="production", secret="hunter2-hunter2")
    assert "hunter2" not in production.refusal(production.missing(weak, None))


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("secret", [SECRET, "Zm9vYmFyYmF6cXV4LWFuZC1tb3JlLXN0dWZm+/8="])
def test_a_random_secret_will_do(secret: str) -> None:
    assert missing(TIERLINE_SECRET=secret) == []


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("url", ["", "sqlite:///var/tierline.db", "mysql://db/tierline", "db.internal"])
def test_only_a_postgresql_server_is_a_database_for_production(url: str) -> None:
    assert missing(TIERLINE_DATABASE_URL=url) == ["TIERLINE_DATABASE_URL"]


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "postgresql", "postgres"])
def test_a_postgresql_server_is_known_by_each_of_its_names(scheme: str) -> None:
    assert missing(TIERLINE_DATABASE_URL=f"{scheme}://tierline:pw@db/tierline") == []


@pytest.mark.usefixtures("bare")
def test_local_mode_misses_nothing() -> None:
    assert production.missing(ServerSettings(mode="local"), None) == []


@pytest.mark.usefixtures("bare")
def test_half_of_the_credentials_names_the_other_half(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SENDGRID_API_KEY", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
        monkeypatch.setenv(name, COMPLETE[name])
    lines = production.missing_credentials(SendGridSettings(), TwilioSettings(), {"email", "sms"})
    assert named(production.refusal(lines)) == ["SENDGRID_FROM", "TWILIO_FROM", "TWILIO_MESSAGING_SERVICE_SID"]


@pytest.mark.usefixtures("bare")
def test_a_channel_nobody_uses_needs_no_credentials() -> None:
    assert production.missing_credentials(SendGridSettings(), TwilioSettings(), set()) == []
