"""What the audit log cannot see from outside, noted where it is known: who asks, which words were said, to which cases.

A request, or a message that came in, has one sheet of notes. Where a key, a session or a link is read, where a form is, and
where a word is said to a case, a line notes it; no route does. A note is never a word that somebody wrote.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from domain.errors import DomainError
from domain.messages import CUSTOMER
from records.keys import ApiKey
from signed_links import Link, ToAct, ToConfirm, ToRate

_BUTTON = re.compile(r"[a-z][a-z-]{0,31}")
_ID = re.compile(r"[A-Za-z0-9_.~-]{1,240}")


@dataclass
class Word:
    """A command said to a case. `id` is the command's, None where it was refused before it had one; `code` says why it was."""

    id: str | None = None
    by: str | None = None
    code: str | None = None


@dataclass
class Notes:
    """`words` by case and command. `thing` is the id of what else it is about, `what` its name where that is not the route's.

    `told_itself`: the route has written its line already. Neither `key` nor `person` nor `role`: nobody we know; `sender` is then
    the end of their number. `outcome` is what is known of it besides the answer's status, `made_for` the role of a new key.
    """

    key: ApiKey | None = None
    person: str | None = None
    role: str | None = None
    button: str | None = None
    thing: str | None = None
    what: str | None = None
    outcome: str | None = None
    made_for: str | None = None
    sender: str | None = None
    told_itself: bool = False
    words: dict[tuple[str, str], Word] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        """Whether we know who it is."""
        return self.key is not None or self.person is not None or self.role is not None

    def about(self, thing: str) -> None:
        """What is not written like an id of ours is left out: somebody may have typed anything."""
        self.thing = plain_id(thing) or self.thing

    def pressed(self, fields: Mapping[str, str]) -> None:
        """The button of a form, and the id that some buttons carry behind their name."""
        command, _, thing = fields.get("command", "").partition(" ")
        self.button = command if _BUTTON.fullmatch(command) else None
        self.about(thing)

    def follows(self, link: Link) -> None:
        """Whoever has a link is whom it was made for."""
        if isinstance(link, ToAct | ToConfirm):
            self.person = link.person
        if isinstance(link, ToAct | ToRate):
            self.thing = plain_id(link.escalation)
        if isinstance(link, ToRate):
            self.role = CUSTOMER
        if isinstance(link, ToConfirm):
            self.what, self.thing = "contact_confirmed", plain_id(link.person)

    def customer(self, case: str | None) -> None:
        """It is a customer who writes, about this case; None where nobody can tell which."""
        self.role, self.person, self.thing = CUSTOMER, None, case

    def refused(self, case: str, name: str, refusal: DomainError) -> None:
        """A word to one case of several that came to nothing."""
        self.words.setdefault((case, name), Word()).code = refusal.code


_current: ContextVar[Notes | None] = ContextVar("audit_notes", default=None)


def notes() -> Notes:
    """Those of what is being done; outside of it, a sheet that nobody reads."""
    return _current.get() or Notes()


@contextmanager
def taking_notes() -> Iterator[Notes]:
    """A new sheet, for what is done inside."""
    sheet = Notes()
    token = _current.set(sheet)
    try:
        yield sheet
    finally:
        _current.reset(token)


@contextmanager
def saying(case: str, name: str, by: str | None, id: str) -> Iterator[None]:
    """A word is said to a case; a refusal is noted on its way."""
    word = notes().words.setdefault((case, name), Word())
    word.id, word.by = id, by
    try:
        yield
    except DomainError as refusal:
        word.code = refusal.code
        raise


def plain_id(text: str) -> str | None:
    """The text when it is written like an id of ours, else None: a path or a form may have anything in it."""
    return text if _ID.fullmatch(text) else None
