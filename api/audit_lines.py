"""What was heard of a request, or of a message that came in, and the lines of the audit log it makes.

A line has ids, a status and a code; never a body, a query or a path, which may name a customer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import uuid4

from api.audit_notes import Notes, Word, plain_id
from api.audit_routes import CASE, SAW
from api.services import Services
from domain.messages import CUSTOMER
from records.audit import AuditLine, Via


@dataclass(frozen=True)
class Heard:
    """`what` is None where only words to cases were said. `status` is the answer's, None for a message that came in."""

    at: datetime
    via: Via
    notes: Notes
    what: str | None = None
    kind: str | None = None
    subject: str | None = None
    status: int | None = None
    request: str | None = None
    id: str = field(default_factory=lambda: uuid4().hex)

    @property
    def look(self) -> tuple[str, ...] | None:
        """What is the same for all looks of one key, or by one person's links, at one thing within an hour."""
        if self.what != SAW:
            return None
        who = self.notes.key.id if self.notes.key else self.notes.person
        return (SAW, str(who), str(self.kind), str(self.subject), f"{self.at:%Y-%m-%dT%H}")

    @property
    def later(self) -> bool:
        """Whether it is written behind the answer: what is looked at, and what a case's own timeline tells."""
        return self.kind == CASE or self.what in (None, SAW)


def lines_of(services: Services, heard: Heard) -> Iterator[AuditLine]:
    """The line of what was done, and one for each word that was said to a case."""
    if heard.what is not None:
        yield _line(heard)
    for number, ((case, name), word) in enumerate(heard.notes.words.items()):
        yield _of_word(services, heard, case, name, word, str(number) if number or heard.what else "")


def _line(heard: Heard) -> AuditLine:
    notes, key = heard.notes, heard.notes.key
    status = {} if heard.status is None or heard.what == SAW else {"status": heard.status}
    told = {"outcome": notes.outcome, "from": notes.sender, "role": notes.made_for}
    return AuditLine(
        id="/".join(heard.look) if heard.look else heard.id,
        at=heard.at,
        what=heard.what or "",
        via=heard.via,
        key_id=key.id if key else None,
        person=(key.person if key else None) or notes.person,
        role=key.role if key else notes.role,
        subject_kind=heard.kind,
        subject=heard.subject,
        request=heard.request,
        details={**status, **{name: text for name, text in told.items() if text is not None}},
    )


def _of_word(services: Services, heard: Heard, case: str, name: str, word: Word, number: str) -> AuditLine:
    """With what the log of commands knows: by whom it was said, and what became of it so far."""
    stored = services.commands.find(word.id) if word.id else None
    outcome = stored.status if stored else "refused" if word.code else None
    code = stored.code if stored else word.code
    known = {one: text for one, text in (("outcome", outcome), ("code", code)) if text is not None}
    said_by = stored.by if stored else word.by
    line = _line(replace(heard, what=name, kind=CASE, subject=plain_id(case), request=word.id or heard.request))
    return replace(
        line,
        id=f"{heard.id}/{number}" if number else heard.id,
        person=line.person or (said_by if said_by != CUSTOMER else None),
        details={**line.details, **known},
    )
