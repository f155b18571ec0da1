"""Every id the system derives, so that the same thing gets the same id wherever it is computed.

An escalation's id is made from its ticket, is safe in a path and as a workflow id, and two tickets never share one.
Message keys make a send repeatable, command ids make a request repeatable; nothing here is random.
"""

import json
import re
from base64 import b32encode
from functools import lru_cache
from hashlib import sha256
from uuid import UUID, uuid5

from domain.errors import Invalid

LONGEST_ID = 200  # characters; a Temporal workflow id may have 1,000 bytes, a database key and a URL want fewer

_SYSTEM = re.compile(r"[a-z0-9_]{1,32}")
_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
_DOT = ord(".")
_CUSTOMER = "~customer"  # an encoded person never looks like this, so no roster entry can take the customer's key
_COMMANDS = UUID("6f1c1f0e-5a0f-5c55-9d1c-6d6f2f3a7b10")  # never change: it is part of every command id given out


def escalation_id(system: str, ticket_id: str) -> str:
    """`{system}-{encoded ticket id}`: one to one, and only of `A-Za-z0-9_.-~`.

    Raises Invalid for a malformed system, an empty or malformed ticket id, or a result over 200 characters.
    """
    if _SYSTEM.fullmatch(system) is None:
        raise Invalid("invalid_system", "write 1 to 32 of a-z, 0-9 and _, such as 'zendesk'", field="ticket.system")
    if not ticket_id:
        raise Invalid("ticket_id_missing", "the ticket's id is empty", field="ticket.id")
    found = f"{system}-{_encoded(ticket_id)}"
    if len(found) > LONGEST_ID:
        message = f"the ticket's id makes an escalation id of {len(found)} characters; {LONGEST_ID} is the most"
        raise Invalid("ticket_id_too_long", message, field="ticket.id")
    return found


def message_key(
    escalation_id: str, episode: int, entry: int, kind: str, step: int, round: int, person: str | None, channel: str
) -> str:
    """The key under which one message is claimed before it is sent; `person` is None for the customer."""
    who = _CUSTOMER if person is None else _encoded(person)
    place = f"{entry}/{_encoded(kind)}/{step}.{round}/{who}/{_encoded(channel)}"
    return f"{message_key_prefix(escalation_id, episode)}{place}"


def message_key_prefix(escalation_id: str, episode: int) -> str:
    """What the keys of all messages of an episode begin with, and no others."""
    return f"{escalation_id}.{episode}/"


def reference_of(key: str) -> str:
    """What a provider keeps of ours: 12 signs of the key's hash. An SMS ends with it, so it is short and easy to read."""
    return b32encode(sha256(key.encode()).digest()).decode().lower()[:12]


def command_id(owner: str, method: str, path: str, header: str) -> str:
    """The id of a command sent with an `Idempotency-Key`: the same request of the same key owner, the same id."""
    return str(uuid5(_COMMANDS, json.dumps([owner, method.upper(), path, header])))


@lru_cache(maxsize=1024)  # ids of people, kinds and channels come again in every message key
def _encoded(text: str) -> str:
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        raise Invalid(
            "ticket_id_malformed", "the id holds half a character (a lone surrogate)", field="ticket.id"
        ) from None
    return "".join(
        chr(byte) if byte in _SAFE and not (place == 0 and byte == _DOT) else f"~{byte:02X}"
        for place, byte in enumerate(data)
    )
