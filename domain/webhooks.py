"""A team's own system: the address it is told at, and the secret its messages are signed with.

The secret is made of `TIERLINE_SECRET` and the team's id, so that nothing secret stands in a roster and nobody has to keep one;
with another `TIERLINE_SECRET` every team has another. What is wrong with an address whatever it leads to is a mistake of the
roster; where it leads is looked at when a message goes out.
"""

from base64 import b64encode
from hashlib import sha256
from hmac import digest
from typing import Annotated, Final

from pydantic import AfterValidator, AnyUrl, ValidationError

_PURPOSE: Final = "tierline webhook"  # never change: it is part of every secret given out
_PREFIX: Final = "whsec_"  # of the Standard Webhooks specification
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_FIRST_FREE_PORT: Final = 1024  # below it live mail, name and login servers, which nobody should be made to talk to
_LONGEST: Final = 2000  # characters
_NOT_OF_THE_WEB: Final = (
    f"is no address of the web; write one such as https://hooks.example/tierline, {_LONGEST} characters at most"
)


def checked_url(url: str) -> str:
    """The address in the one spelling in which it is requested, so that nobody else reads another host out of it.

    Raises ValueError with what to write. The words never repeat the address: a name and password in it are nobody's business.
    """
    try:
        read = AnyUrl(url)
    except ValidationError:
        raise ValueError(_NOT_OF_THE_WEB) from None
    if read.scheme not in _DEFAULT_PORTS or not read.host or len(url) > _LONGEST:
        raise ValueError(_NOT_OF_THE_WEB)
    if read.username or read.password:
        raise ValueError("holds a name or a password; leave it out: the signature tells your system who is calling")
    if read.fragment is not None:
        raise ValueError("ends with a #, and what stands behind that is never sent; leave it out")
    if read.port != _DEFAULT_PORTS[read.scheme] and (read.port or 0) < _FIRST_FREE_PORT:
        raise ValueError(f"names port {read.port}; write 443 or one from {_FIRST_FREE_PORT} on")
    return str(read)


WebhookUrl = Annotated[str, AfterValidator(checked_url)]


def without_query(url: str) -> str:
    """The address as people see it in the outbox: what stands behind the question mark is often a key."""
    return url.partition("?")[0]


def is_encrypted(url: str) -> bool:
    """Whether nobody on the way can read along."""
    return url.startswith("https:")


def team_secret(secret: str, team: str) -> str:
    """What the messages to the team's system are signed with, as its receiver takes it: `whsec_…`."""
    return _PREFIX + b64encode(digest(secret.encode(), f"{_PURPOSE}\0{team}".encode(), sha256)).decode()
