"""A small run written by hand, in which every promise is kept: what the checker's tests bend, one promise at a time.

One ticket of low priority: L1 is told, warned and misses its target, kim of L2 acknowledges, resolves, explains and closes,
and the customer is asked how it was.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.chaos.agents import CUSTOMERS
from tests.chaos.checker import reference_of
from tests.chaos.journal import OPEN, CaseFile, Evidence, Receipt, Shown, Try, Word

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ID = "chaos-0000"
EMAIL, SMS = "email", "sms"
ADDRESSES = {
    "~customer": {EMAIL: "it@acme.example", SMS: "+493012345678"},
    "dana": {EMAIL: "dana@support.example", SMS: "+493023125101"},
    "sam": {EMAIL: "sam@support.example"},
    "kim": {EMAIL: "kim@support.example"},
    "lee": {EMAIL: "lee@support.example"},
}

TIMELINE: tuple[tuple[float, str, str, str, dict[str, Any]], ...] = (
    (0, "opened", "first admin", "opened", {}),
    (0, "customer_told", "tierline", "we have your case", {}),
    (0, "told", "tierline", "dana told", {"person": "dana", "channels": [SMS, EMAIL]}),
    (5, "told", "tierline", "sam told", {"person": "sam", "channels": [EMAIL]}),
    (10, "warned", "tierline", "60 %", {"target": "acknowledge", "percent": 60, "person": "sam"}),
    (17, "breached", "tierline", "missed", {"target": "acknowledge", "due_at": "2026-03-02T09:00:17Z"}),
    (17, "climbed", "tierline", "climbed", {"tier": "L2", "cause": "breached"}),
    (17, "customer_told", "tierline", "escalated", {}),
    (17, "told", "tierline", "kim told", {"person": "kim", "channels": [EMAIL]}),
    (18, "acknowledged", "kim", "kim acknowledged: [1]", {}),
    (18, "customer_told", "tierline", "somebody owns it", {}),
    (19, "note", "kim", "[2]", {}),
    (20, "resolved", "kim", "kim resolved it: [3]", {}),
    (20, "customer_told", "tierline", "resolved", {}),
    (22, "root_cause_recorded", "kim", "the cause: [4]", {"category": "deployment"}),
    (23, "closed", "kim", "kim closed it", {}),
    (23, "customer_told", "tierline", "closed", {}),
    (26.1, "customer_told", "tierline", "how was it?", {}),
)
STRIDE = 10  # between the numbers of two lines: a test puts others between them
MESSAGES = (
    (0, "1/customer_opened/0.0/~customer/email"),
    (0.1, "1/step/0.0/dana/sms"),
    (0.1, "1/step/0.0/dana/email"),
    (5.1, "1/step/1.0/sam/email"),
    (10, "1/warning/60.0/sam/email"),
    (17, "2/customer_escalated/0.0/~customer/email"),
    (17.1, "2/step/0.0/kim/email"),
    (18, "2/customer_acknowledged/0.0/~customer/email"),
    (20, "2/customer_resolved/0.0/~customer/email"),
    (23, "2/customer_closed/0.0/~customer/email"),
    (26.1, "2/customer_survey/0.0/~customer/email"),
)
TARGETS: tuple[tuple[str, str | None, float, float | None, float | None], ...] = (
    ("resolution", None, 0, None, 20),
    ("closure", None, 0, None, 23),
    ("customer_update", None, 0, None, None),
    ("acknowledge", "L1", 0, 17, None),
    ("tier_resolution", "L1", 0, None, None),
    ("acknowledge", "L2", 17, None, 18),
    ("tier_resolution", "L2", 17, None, 20),
    ("root_cause", None, 20, None, 22),
)


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def key(rest: str) -> str:
    return f"{ID}.1/{rest}"


def word(name: str, second: float, mark: str | None = None, status: int = 200, **body: Any) -> Word:
    """Something kim said, answered a moment later."""
    by = None if name == OPEN else "kim"
    said = Word(ID, name, by, body, f"{name}/{second}", mark)
    answer = {"code": body.pop("code")} if "code" in body else {"as": "it stands"}
    said.tries.append(Try(at(second), at(second + 0.3), status, answer, command_id=f"c{second}"))
    return said


def words() -> list[Word]:
    return [
        word(OPEN, 0, status=201, priority="low"),
        word("acknowledge", 18, "[1]"),
        word("note", 19, "[2]", text="[2]"),
        word("resolve", 20, "[3]", summary="[3]"),
        word("close", 21, status=409, code="root_cause_required"),
        word("root-cause", 22, "[4]", description="[4]", category="deployment"),
        word("close", 23),
    ]


def receipt(rest: str, second: float, **changes: Any) -> Receipt:
    """The provider took the message and said so."""
    *_, person, channel = rest.split("/")
    plain = {"taken": True, "told": True, **changes}
    return Receipt(at(second), channel, reference_of(key(rest)), ADDRESSES[person][channel], **plain)


def record(second: float, rest: str, **changes: Any) -> dict[str, Any]:
    """The message as the API shows it."""
    _, kind, _, person, channel = rest.split("/")
    time = at(second + 0.1).isoformat()
    plain = {"status": "sent", "code": None, "reason": None, "attempts": 1, "created_at": time, "sent_at": time}
    return {"key": key(rest), "kind": kind, "person": person, "channel": channel, **plain, **changes}


def line(number: int, second: float, kind: str, actor: str, text: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"seq": number, "at": at(second).isoformat(), "kind": kind, "actor": actor, "text": text, "data": dict(data)}


def target(name: str, tier: str | None, begun: float, breached: float | None, met: float | None) -> dict[str, Any]:
    times = {"breached_at": breached, "met_at": met}
    shown = {name: None if time is None else at(time).isoformat() for name, time in times.items()}
    return {"name": name, "tier": tier, "started_at": at(begun).isoformat(), **shown}


def document() -> dict[str, Any]:
    return {
        "id": ID, "episode": 1, "policy": {"name": "chaos"}, "status": "closed", "priority": "low",
        "tier": {"index": 1, "name": "L2"}, "team": "specialists", "entry": 2, "owner": "kim", "accountable": "kim",
        "responders_told": ["kim"], "watchers": [], "resolution": {"summary": "[3]", "by": "kim"},
        "root_cause": {"category": "disk", "description": "[4]", "by": "kim"},
        "reopen_count": 0, "reopened_from": None, "parent": None,
        "children": [], "survey": None, "targets": [target(*one) for one in TARGETS],
    }  # fmt: skip


def evidence() -> Evidence:
    """The whole run, made anew for each test."""
    meant = {"status": "closed", "summary": "[3]", "cause": "[4]", "resolver": "kim"}
    messages = [record(second, rest) for second, rest in MESSAGES]
    shown = Shown(1, document(), [line(STRIDE * number, *one) for number, one in enumerate(TIMELINE)], messages)
    file = CaseFile(ID, "by hand", CUSTOMERS[0], words(), meant, [shown])
    return Evidence(1, START, at(60), [file], [receipt(rest, second + 0.1) for second, rest in MESSAGES])
