"""What a chaos run writes down while it happens, and all that its checker may know.

The agents write what they said and what they were answered, the providers what they received and what they did with it, the
monkey what it broke. At the end the public API is read. Nothing here comes from inside the system.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

OPEN = "open"  # the word that opens a case; all others are named as their commands
NOT_YET = ("request_in_progress", "still_ending")  # refusals that ask for the same request again


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Try:
    """One request and its answer; `status` is None when there was no answer, and `error` says why."""

    sent: datetime
    heard: datetime
    status: int | None
    body: Any = None
    error: str | None = None
    command_id: str | None = None

    @property
    def code(self) -> str | None:
        return self.body.get("code") if isinstance(self.body, dict) and (self.status or 0) >= 400 else None

    @property
    def decides(self) -> bool:
        """Whether a real client stops here: an answer that is neither "away" nor "not yet"."""
        return self.status is not None and self.status < 500 and self.code not in NOT_YET


@dataclass
class Word:
    """One thing an agent said under one Idempotency-Key, every try of it, and how the API says it ended."""

    case: str
    name: str
    by: str | None
    body: dict[str, Any]
    key: str
    mark: str | None = None
    tries: list[Try] = field(default_factory=list)
    settled: dict[str, Any] | None = None

    @property
    def answer(self) -> Try | None:
        """The first answer that decided; what came after it were repeats under the same key."""
        return next((one for one in self.tries if one.decides), None)

    @property
    def command_id(self) -> str | None:
        return self.answer.command_id if self.answer else None

    @property
    def repeats(self) -> list[Try]:
        decided = [one for one in self.tries if one.decides]
        return decided[1:]

    @property
    def status(self) -> int | None:
        return self.answer.status if self.answer else None

    @property
    def end(self) -> str:
        """`applied`, `refused`, or `unheard` when nobody ever decided."""
        if self.status in (200, 201):
            return "applied"
        if self.status == 202:
            return str(self.settled["status"]) if self.settled else "unheard"
        return "unheard" if self.answer is None else "refused"

    @property
    def code(self) -> str | None:
        """Why it was refused."""
        if self.status == 202:
            return self.settled["code"] if self.settled else None
        return self.answer.code if self.answer else None

    @property
    def ended_at(self) -> datetime | None:
        """When its end was known to the store, or to the agent where the store never heard of it."""
        told = self.settled["settled_at"] if self.settled else None
        if told is not None:
            return datetime.fromisoformat(told)
        return self.answer.heard if self.answer else None


@dataclass
class Shown:
    """One episode as the public API shows it at the end."""

    episode: int
    document: dict[str, Any]
    timeline: list[dict[str, Any]]
    messages: list[dict[str, Any]]


@dataclass
class CaseFile:
    """One escalation: what was said to it, what the script meant to reach, and how it stands."""

    id: str
    script: str
    customer: dict[str, Any]
    words: list[Word] = field(default_factory=list)
    meant: dict[str, Any] = field(default_factory=dict)
    shown: list[Shown] = field(default_factory=list)


@dataclass(frozen=True)
class Receipt:
    """One request at a provider. `taken`: it accepted the message. `told`: the sender was given the answer that says so.

    `fault` is what the provider did instead of answering well; `code` the code it refused with.
    """

    at: datetime
    channel: str
    reference: str
    to: str
    taken: bool
    told: bool
    fault: str | None = None
    code: str | None = None


@dataclass(frozen=True)
class Blow:
    """Something the monkey broke: `what` it was, from when to when it was away; `pids` are the processes that ended."""

    what: str
    at: datetime
    back: datetime
    pids: tuple[int, ...] = ()


@dataclass
class Evidence:
    """A whole run."""

    seed: int
    began: datetime
    ended: datetime
    cases: list[CaseFile] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    lookups: int = 0
    blows: list[Blow] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)

    def save(self, file: Path) -> None:
        """Keep it, so that the checker can be asked again."""
        file.write_bytes(_EVIDENCE.dump_json(self, indent=1))

    @staticmethod
    def load(file: Path) -> "Evidence":
        return _EVIDENCE.validate_json(file.read_bytes())


_EVIDENCE: TypeAdapter[Evidence] = TypeAdapter(Evidence)
