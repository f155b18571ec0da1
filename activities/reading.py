"""What a template may know: one small frozen view for responders, a smaller one for customers.

A template sees the fields of its view and nothing else, so no wording, however careless, can show a customer a tier, a
priority or an internal note. Everything in a view is already text in the language of the template, on the reader's clock;
what somebody else wrote (a subject, a reply, a reason of a rule) stays as it was written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias, get_args
from zoneinfo import ZoneInfo

from activities.history_words import telling_reasons, unsaid_words
from activities.problem_told import KINDS as OF_PROBLEMS
from activities.problem_told import ToldProblem
from activities.seen_before import Seen
from activities.wording import Language, language_of, long_day, long_time, one_line, short_day, short_time, word
from domain.causes import Causes, title_of
from domain.messages import Message, ResponderKind
from domain.problems import Problem
from domain.refusals import IN_WORK
from domain.roster import Person, Roster
from domain.view import called

VIP = "vip"  # the customer tier that gets the personal wording
NO_ZONE = "UTC"  # whose time zone nobody told us; the zone stands beside every time

SCORES = (5, 4, 3, 2, 1)  # the answers to the survey, the best first

CUSTOMER = "customer"  # in a ticket's history, who wrote when it was its customer; their name, address or id may stand there, too

RESPONDER_KINDS: frozenset[str] = frozenset(get_args(ResponderKind))

# The command that answers a message, and the target it is about when the message itself names no time.
_ANSWERS: dict[ResponderKind, tuple[str | None, str | None]] = {
    "step": ("acknowledge", "acknowledge"),
    "warning": ("resolve", "resolution"),
    "assigned": ("resolve", "tier_resolution"),
    "promise_reminder": ("customer-update", "customer_update"),
    "customer_replied": ("customer-update", "customer_update"),
    "root_cause_overdue": ("root-cause", "root_cause"),
    "last_resort": ("assign", "resolution"),
    "closure_overdue": ("close", "closure"),
    "top_breach": ("assign", "resolution"),
    "watch": (None, "resolution"),
    "low_score": ("reopen", None),
    "action_due": (None, None),
    "problem_opened": (None, None),
    "problem_reminder": (None, None),
    "unreachable": ("customer-update", "customer_update"),
}
_UNPROMPTED = ("resolve", "assign")  # of a case that nobody has taken, the answer to these is taking it
# What stands behind `tierline`; the dots are for the reader to fill in.
_TYPED = {
    "acknowledge": "ack {}",
    "resolve": 'resolve {} "…"',
    "assign": "assign {} …",
    "customer-update": 'customer-update {} "…"',
    "root-cause": 'root-cause {} --category … --origin … --description "…"',
    "close": "close {}",
    "reopen": 'reopen {} "…"',
}
_REPLIES = {"acknowledge": "ACK {}", "resolve": "RES {} …"}  # what is written back; `domain` knows the whole grammar


@dataclass(frozen=True)
class ResponderView:
    """A case as the person who is to act reads it; a time that is `late` is past.

    `action` is the id of what somebody promised, `day` when it is to be done and `overdue` whether that is past. `problem` is the
    id of a cause that came back, `times` how often it had occurred by then, `why` a reminder of it comes (`given`, `back` or
    `week`), `since` the day it opened, `spent` what it has cost; `before` is the problem of the same cause before it, resolved
    on `before_day` by `before_fix`, and `before_helped` what had helped until then. `unsaid` is what the customer could not be
    told. `known` is the id of the problem that the case belongs to, where somebody has written down what helps for now, the
    `workaround`. `reply`, `link`, `cli` and `api` are ways to answer this message: words to write back, a signed page, a command,
    a request.
    """

    reader: str
    id: str
    ticket: str
    subject: str
    detail: str | None
    customer: str
    customer_language: Language
    vip: bool
    priority: str
    reasons: str | None
    tier: str
    team: str
    status: str
    owner: str | None
    due: str | None
    late: bool
    target: str | None
    percent: str | None
    missed: str | None
    by: str | None
    text: str | None
    unsaid: str | None
    score: str | None
    action: str | None
    day: str | None
    overdue: bool
    problem: str | None
    times: str | None
    why: str | None
    since: str | None
    spent: str | None
    before: str | None
    before_day: str | None
    before_fix: str | None
    before_helped: str | None
    cause: str | None
    seen: str | None
    seen_page: str | None
    known: str | None
    workaround: str | None
    news: str
    page: str
    code: str | None
    reply: str | None
    link: str | None
    api: str | None
    cli: str | None

    @property
    def links(self) -> tuple[str, ...]:
        """Every address that is a button in the HTML part."""
        return (self.link,) if self.link else ()


@dataclass(frozen=True)
class CustomerView:
    """A case as its customer may see it; `owner` is the name of the person who looks after it.

    `rate` is the page on which they say how it was; `?score=4` behind it has an answer picked.
    """

    name: str
    vip: bool
    ticket: str
    subject: str
    owner: str | None
    text: str | None
    next_update: str | None
    rate: str | None

    @property
    def links(self) -> tuple[str, ...]:
        """Every address that is a button in the HTML part."""
        return tuple(f"{self.rate}?score={score}" for score in SCORES) if self.rate else ()


View: TypeAlias = ResponderView | CustomerView


@dataclass(frozen=True)
class Case:
    """Everything a view is made from: the message, the case's document, the roster, the page's address, the clock.

    `code` names the case in a reply, `link` is the signed page to act on, `rate` the one to answer the survey on, `seen` the
    closed case that resembles this one, `known` the problem it belongs to that has a workaround, `told` the problem that the
    message is about, `causes` the tree in use; None where there is none.
    """

    message: Message
    document: Mapping[str, Any]
    roster: Roster
    page: str
    now: datetime
    code: str | None = None
    link: str | None = None
    rate: str | None = None
    seen: Seen | None = None
    known: Problem | None = None
    told: ToldProblem | None = None
    causes: Causes | None = None

    @property
    def person(self) -> Person | None:
        """Whom the message is for; None for the customer, and for somebody who has left the roster."""
        return self.roster.person(self.message.person) if self.message.person else None

    @property
    def locale(self) -> str | None:
        """The reader's, as it is written of them."""
        person = self.person
        return person.locale if person else self._customer_says("locale")

    def view(self, language: Language) -> View:
        """The view for the reader of this message, in the language of the template it is for."""
        return self._customer(language) if self.message.person is None else self._responder(language)

    def _customer(self, language: Language) -> CustomerView:
        document, facts = self.document, self.message.facts
        return CustomerView(
            name=one_line(document["customer"]["name"]),
            vip=self._vip,
            ticket=one_line(document["ticket"]["id"]),
            subject=one_line(document["ticket"]["subject"]),
            owner=self._known_name(facts.get("by") or facts.get("owner") or document["owner"]),
            text=facts.get("text"),
            next_update=self._next_update(language),
            rate=self.rate,
        )

    def _responder(self, language: Language) -> ResponderView:
        document, facts = self.document, self.message.facts
        command, due = self._command(), self._due()
        before = self.told.before if self.told else None
        return ResponderView(
            reader=self._name(self.message.person) or "",
            id=document["id"],
            ticket=one_line(document["ticket"]["id"]),
            subject=one_line(document["ticket"]["subject"]),
            detail=self._detail(language),
            customer=one_line(document["customer"]["name"]),
            customer_language=language_of(self._customer_says("locale")),
            vip=self._vip,
            priority=word(language, document["priority"]),
            reasons=self._reasons(language),
            tier=document["tier"]["name"],
            team=self._team(),
            status=word(language, document["status"]),
            owner=self._name(document["owner"]),
            due=self._time(due, language) if due else None,
            late=due is not None and due < self.now,
            target=word(language, facts["target"]) if "target" in facts else None,
            percent=facts.get("percent"),
            missed=self._missed(language),
            by=self._name(facts.get("by")),
            text=self.told.title(self.causes, language) if self.told else facts.get("text"),
            unsaid=unsaid_words(facts["unsaid"], language) if "unsaid" in facts else None,
            score=facts.get("score"),
            action=facts.get("action"),
            day=self._day(language),
            overdue=self._overdue,
            problem=facts.get("problem"),
            times=facts.get("times"),
            why=facts.get("why"),
            since=self.told.since(self._zone, self.message.channel, language) if self.told else None,
            spent=self.told.spent(language) if self.told else None,
            before=before.id if before else None,
            before_day=self.told.before_day(self._zone, self.message.channel, language) if self.told else None,
            before_fix=before.resolution if before else None,
            before_helped=before.workaround if before else None,
            cause=self._cause(language),
            seen=self._seen(language),
            seen_page=self.seen.page if self.seen else None,
            known=self.known.id if self.known else None,
            workaround=self.known.workaround if self.known else None,
            news=one_line(self.message.purpose),
            page=self._page,
            code=self.code,
            reply=self._reply(command),
            link=self.link,
            api=command and f"POST /v1/escalations/{document['id']}/{command}",
            cli=command and f"tierline {_TYPED[command].format(document['id'])}",
        )

    @property
    def _page(self) -> str:
        """Where what the message is about can be done: the page of the case, or that of its actions, or of its problem."""
        desk = self.page.rpartition("/escalations/")[0]
        if self.message.kind == "action_due":
            return f"{desk}/actions"
        if self.message.kind in OF_PROBLEMS:
            return f"{desk}/problems/{self.message.facts.get('problem', '')}"
        return self.page

    def _reasons(self, language: Language) -> str | None:
        said = telling_reasons(self.document, language)
        return one_line("; ".join(reason.rstrip(".") for reason in said)) or None

    @property
    def _vip(self) -> bool:
        return (self._customer_says("tier") or "").casefold() == VIP

    def _customer_says(self, field: str) -> str | None:
        said: str | None = self.document["customer"].get(field)
        return said

    def _known_name(self, person_id: str | None) -> str | None:
        """Only a name of the roster: an id means nothing to a customer."""
        person = self.roster.person(person_id) if person_id else None
        return one_line(person.name) if person else None

    def _name(self, person_id: str | None) -> str | None:
        return self._known_name(person_id) or person_id

    def _team(self) -> str:
        team = self.roster.team(self.document["team"])
        return one_line(team.name) if team and team.name else str(self.document["team"])

    def _detail(self, language: Language) -> str | None:
        """What is known of the case, and what its customer wrote last."""
        return "\n\n".join(part for part in (known(self.document), self._last_word(language)) if part) or None

    def _last_word(self, language: Language) -> str | None:
        """Of what was written on the ticket, the customer's last, with when; None where it is the description itself."""
        written = [one for one in ticket_history(self.document) if self._is_customer(one["from"])]
        if not written or written[-1]["text"] == self.document["ticket"].get("description"):
            return None
        last, name = written[-1], one_line(self.document["customer"]["name"])
        when = self._time(datetime.fromisoformat(last["at"]), language)
        how = ", ".join(one_line(part) for part in (last.get("channel"), when) if part)
        return f"{name} ({how}): {last['text']}"

    def _is_customer(self, writer: str) -> bool:
        called = (CUSTOMER, *(self._customer_says(field) for field in ("name", "email", "id")))
        return writer.casefold() in [name.casefold() for name in called if name]

    def _command(self) -> str | None:
        """What to answer with; while nobody has taken the case, that is taking it. Of a solved one there is no more news."""
        command = _ANSWERS[_responder_kind(self.message)][0]
        if command == "customer-update" and self.document["status"] not in IN_WORK:
            return None
        waiting = self.document["status"] == "open"
        return "acknowledge" if waiting and command in _UNPROMPTED else command

    def _reply(self, command: str | None) -> str | None:
        return _REPLIES[command].format(self.code) if self.code and command in _REPLIES else None

    def _due(self) -> datetime | None:
        about = _ANSWERS[_responder_kind(self.message)][1]
        stated = self.message.facts.get("due_at") or (about and self._target_due(about))
        return datetime.fromisoformat(stated) if stated else None

    @property
    def _due_on(self) -> date | None:
        stated = self.message.facts.get("due_on")
        return date.fromisoformat(stated) if stated else None

    @property
    def _overdue(self) -> bool:
        """Whether the day of an action is past on the reader's calendar."""
        day = self._due_on
        return day is not None and self.now.astimezone(ZoneInfo(self._zone)).date() > day

    def _day(self, language: Language) -> str | None:
        day, spoken = self._due_on, short_day if self.message.channel == "sms" else long_day
        return spoken(day, language) if day else None

    def _cause(self, language: Language) -> str | None:
        """`Certificate expired: nobody renewed it`; None where nobody has recorded why it happened."""
        cause = self.document.get("root_cause")
        if not cause:
            return None
        return one_line(f"{title_of(self.causes, cause['category'], language)}: {cause['description']}")

    def _seen(self, language: Language) -> str | None:
        return self.seen.line(self._zone, language) if self.seen else None

    @property
    def _zone(self) -> str:
        person = self.person
        return person.timezone if person else NO_ZONE

    def _missed(self, language: Language) -> str | None:
        """The targets missed last, all that were missed at that instant."""
        missed = [one for one in self.document["targets"] if one["breached_at"]]
        last = max((datetime.fromisoformat(one["breached_at"]) for one in missed), default=None)
        lately = [one for one in missed if datetime.fromisoformat(one["breached_at"]) == last]
        return ", ".join(word(language, called(one)) for one in lately) or None

    def _target_due(self, name: str) -> str | None:
        due = [
            one["due_at"] for one in self.document["targets"] if one["name"] == name and one["status"] != "cancelled"
        ]
        return due[-1] if due else None

    def _next_update(self, language: Language) -> str | None:
        """The promise: as this message was made, else as it is now. A time that is past is never repeated."""
        stated = (self.message.facts.get("next_update_by"), self.document["next_customer_update_by"])
        times = (datetime.fromisoformat(text) for text in stated if text)
        return next((self._time(at, language) for at in times if at > self.now), None)

    def _time(self, at: datetime, language: Language) -> str:
        person = self.person
        zone = person.timezone if person else self._customer_says("timezone")
        spoken = short_time if self.message.channel == "sms" else long_time
        return spoken(at, zone or NO_ZONE, language)


def known(document: Mapping[str, Any]) -> str | None:
    """Why it was escalated, then what its ticket says; one of them where both say the same."""
    said = (document["trigger"].get("detail"), document["ticket"].get("description"))
    return "\n\n".join(dict.fromkeys(text for text in said if text)) or None


def ticket_history(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """What was written on the ticket before it was escalated, the oldest first, whatever the order it came in."""
    return sorted(document["ticket"].get("history") or (), key=lambda one: datetime.fromisoformat(one["at"]))


def _responder_kind(message: Message) -> ResponderKind:
    return next(kind for kind in _ANSWERS if kind == message.kind)
