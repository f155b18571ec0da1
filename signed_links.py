"""The links in messages: each is its own key, for one person and one case, or for one customer's answer, and for so many days.

The worker signs them, the API reads them, so both need the same secret: `TIERLINE_SECRET`, or the one that the first start
makes and keeps in home. A link holds ids and the second it ends, no name and no address, and is signed for one purpose: what
was signed for a customer opens nothing for a responder. Another secret ends every link there is.
"""

import os
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, TypeAlias

from itsdangerous import BadData, URLSafeSerializer

from domain.errors import Forbidden
from domain.tickets import PersonalChannel
from settings import ServerSettings

ACT_LIFE = timedelta(days=7)  # a case is seldom older, and every message brings a new link
CONFIRM_LIFE = timedelta(days=1)  # that a test arrived says nothing of later
RATE_LIFE = timedelta(days=30)  # who answers a survey later than that has forgotten what it is about
SECRET_FILE = "secret"  # noqa: S105 - a file's name
PATH = "/r/"
_ACT, _RATE, _CONFIRM = (
    "tierline act",
    "tierline rate",
    "tierline confirm",
)  # never change: each is part of every signature given out
# Also as mail scanners rewrite it (`…?url=https%3A%2F%2Fhere%2Fr%2F…`), and the token's end where a mail program broke the line.
_LINK = re.compile(rf"(?:{PATH}|%2Fr%2F)[^\s\"<>&]+", re.IGNORECASE)
_TOKEN = re.compile(r"(?<![\w-])[\w-]*\.[\w-]{43}(?![\w-])", re.ASCII)
_LEAST = 32  # characters of a kept secret; what we make has 64
_LONGEST = 1_000  # characters of a token; the longest id in one makes 350


@dataclass(frozen=True)
class ToAct:
    """Who follows this link is `person`, for this episode of this case."""

    person: str
    escalation: str
    episode: int


@dataclass(frozen=True)
class ToRate:
    """Who follows this link is the customer of this case."""

    escalation: str
    episode: int


@dataclass(frozen=True)
class ToConfirm:
    """Who follows this link has got the message of this contact test on this channel."""

    person: str
    test: str
    channel: PersonalChannel


Link: TypeAlias = ToAct | ToRate | ToConfirm


class LinkExpired(Forbidden):
    """It was ours, and its time is over; `link` says whose it was, so that it can be answered in their language."""

    def __init__(self, link: Link) -> None:
        super().__init__("link_expired", "the link has expired; a newer message has a newer link")
        self.link = link


class SecretFault(Exception):
    """The secret kept in home cannot be used; the text says what to do."""


class SignedLinks:
    """Makes links and reads them. `public_address` has no slash at its end."""

    def __init__(self, secret: str, public_address: str) -> None:
        self._address = f"{public_address}{PATH}"
        self._act, self._rate = _signer(secret, _ACT), _signer(secret, _RATE)
        self._confirm = _signer(secret, _CONFIRM)

    def to_act(self, person: str, escalation: str, episode: int, now: datetime) -> str:
        """The address of the page on which this person acts on this case."""
        return self._address + _signed(self._act, [person, escalation, episode], now + ACT_LIFE)

    def to_rate(self, escalation: str, episode: int, now: datetime) -> str:
        """The address of the page on which the customer says how it was; `?score=4` behind it picks an answer."""
        return self._address + _signed(self._rate, [escalation, episode], now + RATE_LIFE)

    def to_confirm(self, person: str, test: str, channel: PersonalChannel, now: datetime) -> str:
        """The address of the page on which a person says that a contact test has reached them."""
        return self._address + _signed(self._confirm, [person, test, channel], now + CONFIRM_LIFE)

    def read(self, token: str, now: datetime) -> Link:
        """What the last part of an address says. Raises LinkExpired, or Forbidden `link_unknown` when it is none of ours."""
        link, ends = self._known(token)
        if now > ends:
            raise LinkExpired(link)
        return link

    def _known(self, token: str) -> tuple[Link, datetime]:
        if len(token) <= _LONGEST:
            if (said := _verified(self._act, token)) is not None:
                return ToAct(*said[:-1]), _at(said[-1])
            if (said := _verified(self._rate, token)) is not None:
                return ToRate(*said[:-1]), _at(said[-1])
            if (said := _verified(self._confirm, token)) is not None:
                return ToConfirm(*said[:-1]), _at(said[-1])
        raise Forbidden("link_unknown", "the link is not complete, or not one of ours")


def secret_of(settings: ServerSettings) -> str:
    """`TIERLINE_SECRET`, else the secret kept in home, made now when there is none. Raises SecretFault."""
    if settings.secret is not None:
        return settings.secret.get_secret_value()
    path = settings.home / SECRET_FILE
    try:
        if not path.exists():
            _make(path)
        kept = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretFault(f"{path} cannot be read: {error}; or set TIERLINE_SECRET") from error
    if len(kept) < _LEAST:
        raise SecretFault(
            f"{path} holds no secret: remove it, and the next start makes a new one (links already sent end with the old one)"
        )
    return kept


def masked(text: str) -> str:
    """A path, or a text, as a log may have it and as others may read it: a link in it is a key, and is left out."""
    return _TOKEN.sub("…", _LINK.sub(f"{PATH}…", text))


def _make(path: Path) -> None:
    """Whole at once, by one process: of two that start together the second takes what the first has made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}-") as file:  # it is made with mode 0600
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
        try:
            os.link(file.name, path)
        except FileExistsError:
            return


def _signer(secret: str, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, purpose, signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"})


def _signed(signer: URLSafeSerializer, said: list[Any], ends: datetime) -> str:
    return signer.dumps([*said, int(ends.timestamp())])


def _verified(signer: URLSafeSerializer, token: str) -> list[Any] | None:
    try:
        said: list[Any] = signer.loads(token)
    except BadData:
        return None
    return said


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
