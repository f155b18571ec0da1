"""Who is signed in, without a table: a signed cookie names the key, and the key is looked up at every request.

So a revoked key ends its sessions at once, and another secret ends all. The key itself stands in no cookie. Every form of a
signed-in page carries a token made of that cookie: a form of another site cannot know it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from types import MappingProxyType
from typing import Any

from itsdangerous import BadData, Signer, URLSafeSerializer

LIFE = timedelta(hours=12)  # a working day: nobody signs in twice during a shift
MOST_TRIES = 10  # wrong keys from one address within `TRIES_WINDOW`; people mistype, they do not guess
TRIES_WINDOW = timedelta(minutes=5)
MOST_ADDRESSES = 10_000  # kept in memory

_SESSION, _FORM = "tierline session", "tierline form"  # never change: each is part of every signature given out
_SIGNED: Mapping[str, Any] = MappingProxyType({"digest_method": sha256, "key_derivation": "hmac"})
_LONGEST = 500  # characters of a cookie; what we make has 120


class Sessions:
    """Begins sessions and reads them."""

    def __init__(self, secret: str) -> None:
        self._sessions = URLSafeSerializer(secret, _SESSION, signer_kwargs=dict(_SIGNED))
        self._forms = Signer(secret, _FORM, **_SIGNED)

    def begin(self, key_id: str, now: datetime) -> str:
        """The value of a new session's cookie; no two are the same."""
        return self._sessions.dumps([key_id, token_urlsafe(12), int((now + LIFE).timestamp())])

    def key_id(self, session: str, now: datetime) -> str | None:
        """Whose session it is; None when its time is over, or it is none of ours."""
        try:
            key_id, _, ends = self._sessions.loads(session) if len(session) <= _LONGEST else (None, None, 0)
        except BadData:
            return None
        return key_id if now <= datetime.fromtimestamp(ends, UTC) else None

    def form_token(self, session: str) -> str:
        """What every form of this session carries."""
        return self._forms.get_signature(session).decode()

    def fits(self, session: str, token: str) -> bool:
        """Whether a form is one of this session's. Takes as long for every wrong token."""
        return self._forms.verify_signature(session, token)


class Tries:
    """How often each address has tried a wrong key lately. One process's memory: several API processes count each for itself."""

    def __init__(self) -> None:
        self._failed: dict[str, list[datetime]] = {}

    def wait(self, address: str, now: datetime) -> timedelta | None:
        """How long until the address may try again; None when it may now."""
        recent = self._recent(address, now)
        return recent[-MOST_TRIES] + TRIES_WINDOW - now if len(recent) >= MOST_TRIES else None

    def failed(self, address: str, now: datetime) -> None:
        """A wrong key came from there."""
        self._failed[address] = [*self._recent(address, now), now][-MOST_TRIES:]
        if len(self._failed) > MOST_ADDRESSES:
            self._failed = {one: kept for one in self._failed if (kept := self._recent(one, now))}
        while len(self._failed) > MOST_ADDRESSES:
            del self._failed[next(iter(self._failed))]

    def _recent(self, address: str, now: datetime) -> list[datetime]:
        return [at for at in self._failed.get(address, ()) if now - at < TRIES_WINDOW]
