"""What the commands on this machine need to know beyond `settings.py`: the embedded server's ports, the caller's address and key.

`.env` is read here too, the `TEMPORAL_*` lines included, and handed to the processes: the SDK itself reads only the environment.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values
from pydantic import Field, SecretStr

from settings import CommonSettings, ServerSettings

ROOT = Path(__file__).resolve().parent.parent
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - recognised here, never bound
PREFIXES = ("TIERLINE_", "TEMPORAL_", "SENDGRID_", "TWILIO_")  # every variable of ours begins with one of these


class StackSettings(ServerSettings):
    """The whole system on one machine; the Temporal ports count only for the embedded server."""

    temporal_port: int = Field(default=7233, ge=1, le=65535)
    temporal_ui_port: int = Field(default=8233, ge=1, le=65535)


class ClientSettings(CommonSettings):
    """Where the command line finds the API, and who it is there."""

    url: str | None = None
    key: SecretStr | None = None

    @property
    def address(self) -> str:
        """The API's address: `TIERLINE_URL`, else the host and port this machine would serve on."""
        host = "127.0.0.1" if self.host in ANY_ADDRESS else self.host
        return (self.url or f"http://{host}:{self.port}").rstrip("/")

    @property
    def secret(self) -> str | None:
        """The key to show: `TIERLINE_KEY`, else the admin key that the first start left in home, else None."""
        if self.key is not None:
            return self.key.get_secret_value()
        file = self.home / "admin-key"
        return file.read_text(encoding="utf-8").strip() if file.is_file() else None


def environment(file: Path | None = None) -> dict[str, str]:
    """The environment for processes of ours: this one's, with what only `.env` names, and the pinned time zones."""
    listed = dotenv_values(file or Path(".env"))
    ours = {name: value for name, value in listed.items() if value and name.startswith(PREFIXES)}
    return {**ours, **os.environ, "PYTHONTZPATH": "", "PYTHONPATH": _search_path(os.environ)}


def without_ours(base: Mapping[str, str]) -> dict[str, str]:
    """`base` without any variable of ours: no vendor's key, no other server, nothing of the person's own installation."""
    return {name: value for name, value in base.items() if not name.startswith(PREFIXES)}


def _search_path(base: Mapping[str, str]) -> str:
    return os.pathsep.join(part for part in (str(ROOT), base.get("PYTHONPATH", "")) if part)
