"""A morning at a support desk, for the pages to show: what is open, late, paused, solved and closed, in English and German.

Two cases of one cause were closed before it, so that there are follow-ups, a problem, and a case that shows all there is to show.

The matrix is the one we ship, with an office that never closes: what the pages show must not depend on the hour.
"""

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from records.problems import Problems
from tests.scenarios.system import Case, Tierline
from tests.until import until

POLICIES = Path("policies")
OFFICE = re.compile(r"^  office:\n(?: {4}.*\n)+", re.MULTILINE)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NEVER_CLOSED = "".join(f"      {day}: ['00:00-24:00']\n" for day in DAYS)
CUSTOMERS: dict[str, dict[str, Any]] = {
    "nordlicht": {"name": "Nordlicht Versand GmbH", "locale": "de", "tier": "vip", "timezone": "Europe/Berlin"},
    "brightwater": {"name": "Brightwater Clinics", "locale": "en", "tier": "business"},
    "sommer": {"name": "Bäckerei Sommer KG", "locale": "de", "tier": "standard"},
    "auental": {"name": "Stadtwerke Auental", "locale": "de", "tier": "business"},
    "kestrel": {"name": "Kestrel Logistics", "locale": "en", "tier": "vip", "annual_value": 240000.0},
    "oakfield": {"name": "Oakfield Schools", "locale": "en", "tier": "standard"},
}
PROBLEM = "P-1"
WORKAROUND = "Restart the gateway: it takes the certificate of last week, which is good until Friday."
CAUSES = "recurrence: {within: 30d, count: 3}"
OFTEN = "recurrence: {within: 30d, count: 2}"
CERTIFICATE = {
    "category": "certificate",
    "origin": "ours",
    "description": "The gateway's certificate had run out at midnight; nobody was warned.",
}
TICKET: dict[str, Any] = {
    "description": "Since this morning the sign-in of all our clinics ends with 'connection not private'.",
    "url": "https://desk.example/tickets/5101",
    "category": "sign-in",
    "tags": ["gateway", "clinics"],
    "history": [
        {"at": "2026-01-05T07:42:00Z", "from": "Ada Byrne", "channel": "email", "text": "Nobody gets in. Is it you?"},
        {"at": "2026-01-05T07:55:00Z", "from": "Support", "channel": "chat", "text": "We look at it right now."},
    ],
}


@dataclass
class Morning:
    """The desk and its cases, by a word for each."""

    tierline: Tierline
    cases: dict[str, Case]

    async def comes(self, word: str, customer: str, subject: str, priority: str, **ticket: Any) -> Case:
        """A case opens now, by the desk's clock."""
        case = await self.tierline.opens(
            policy="standard",
            priority=priority,
            ticket={"system": "zendesk", "id": f"{5100 + len(self.cases)}", "subject": subject, **ticket},
            customer={"id": customer, "email": f"it@{customer}.example", **CUSTOMERS[customer]},
        )
        self.cases[word] = case
        await catches_up(case)
        return case

    async def passes(self, **span: float) -> None:
        """Time passes, for all of them alike."""
        by = timedelta(**span)
        live = [case for case in self.cases.values() if (await case.shows())["status"] not in ("closed", "cancelled")]
        await asyncio.gather(*(_forward(case, by) for case in live))  # each waits for a poll of the server
        self.tierline.clock.ahead += by
        for case in self.cases.values():
            await case.settles()


async def catches_up(case: Case) -> None:
    """A case begins on the real clock; bring it to where earlier stories have taken the API's."""
    if case.tierline.clock.ahead:
        await _forward(case, case.tierline.clock.ahead)


async def _forward(case: Case, by: timedelta) -> None:
    handle = case.tierline.house.client.get_workflow_handle(case.id)
    await case.tierline.env.fast_forward(handle, by)


async def morning(tierline: Tierline) -> Morning:
    """Everything up to now."""
    await the_desk_as_shipped(tierline)
    desk = Morning(tierline, {})
    await an_earlier_case_was_closed(desk)
    slow = await desk.comes("late", "brightwater", "Login takes half a minute", "high", product="portal")
    await desk.passes(minutes=155)
    await the_same_came_back(desk)
    double = await desk.comes("paused", "sommer", "Rechnungen werden doppelt verschickt", "medium", product="billing")
    await double.says("dana", "acknowledge")
    await double.says("dana", "note", text="Only invoices of branch 7. Asked for the export of last night.")
    await double.says("dana", "pause", reason="waiting_on_customer")
    await desk.passes(minutes=22)
    export = await desk.comes("owned", "auental", "Export nach DATEV bricht ab", "high", product="billing")
    await export.says("sam", "acknowledge")
    checkout = await desk.comes(
        "vip", "nordlicht", "Kasse nimmt keine Karten an", "critical", product="shop",
        description="Seit 8:40 Uhr scheitert jede Zahlung mit Fehler 502.", url="https://desk.example/tickets/5103",
    )  # fmt: skip
    await desk.passes(minutes=9)
    await checkout.says("lee", "acknowledge", note="The payment gateway answers 502 to everybody.")
    await checkout.says("lee", "customer-update", text="Wir haben die Ursache gefunden.", next_update_in="30m")
    search = await desk.comes("solved", "oakfield", "Search finds nothing since the update", "medium", product="portal")
    await search.says("mika", "resolve", summary="The index was built anew.")
    await desk.passes(minutes=11)
    await desk.comes("new", "kestrel", "Webhooks are answered with 503", "critical", product="api")
    await desk.comes("low", "oakfield", "Password mails arrive late", "low", product="portal")
    await everything_is_known_of_one(desk)
    assert (await slow.shows())["tier"]["name"] == "L3", "it was to be missed at every tier"
    for case in desk.cases.values():
        await case.settles()
    return desk


async def the_desk_as_shipped(tierline: Tierline) -> None:
    """The people, the matrix and the causes of `policies/`; a cause that comes back a second time is a problem here."""
    roster = yaml.safe_load((POLICIES / "roster.yaml").read_text(encoding="utf-8"))
    answer = await tierline.call("PUT", "/v1/roster", **_texts(roster))
    assert answer.status_code == 200, answer.text
    matrix = (POLICIES / "standard.yaml").read_text(encoding="utf-8")
    office = f"  office:\n    timezone: Europe/Berlin\n    day: 8h\n    hours:\n{NEVER_CLOSED}"
    always, times = OFFICE.subn(office, matrix)
    assert times == 1, "the office of standard.yaml is written in another way by now"
    await tierline.has_policy(always)
    causes = (POLICIES / "causes.yaml").read_text(encoding="utf-8")
    assert CAUSES in causes, "the recurrence of causes.yaml is written in another way by now"
    headers = {"Authorization": f"Bearer {tierline.keys['admin']}", "Content-Type": "application/yaml"}
    answer = await tierline.http.put("/v1/causes", content=causes.replace(CAUSES, OFTEN).encode(), headers=headers)
    assert answer.status_code == 200, answer.text


async def an_earlier_case_was_closed(desk: Morning) -> None:
    case = await desk.comes("closed", "kestrel", "Nobody can sign in through the gateway", "critical", product="api")
    await desk.passes(minutes=6)
    await case.says("lee", "acknowledge")
    await desk.passes(minutes=41)
    await case.says("lee", "resolve", summary="A new certificate is in place.")
    promised = [
        _action(desk, "Renew certificates 30 days ahead, by machine", "preventive", "lee", 25),
        _action(desk, "Alle Zertifikate mit ihrem Ende aufschreiben", "corrective", "sam", -4),
        _action(desk, "Put the gateway into the dashboard", "corrective", "dana", 11),
    ]
    await case.says("lee", "root-cause", **CERTIFICATE, actions=promised)
    await case.says("lee", "close")
    await case.ends()
    done = await desk.tierline.call("POST", f"/v1/actions/{case.id}.1.3/done", "dana", note="It is the first panel.")
    assert done.status_code == 200, done.text
    day = (desk.tierline.clock() + timedelta(days=31)).date().isoformat()
    later = {"due_on": day, "note": "The provider answers in December."}
    moved = await desk.tierline.call("POST", f"/v1/actions/{case.id}.1.1/move", "lee", **later)
    assert moved.status_code == 200, moved.text


async def the_same_came_back(desk: Morning) -> None:
    """The second case of one cause opens a problem; the customer is not content with it, and it begins anew."""
    case = await desk.comes(
        "whole", "brightwater", "Nobody can sign in at any clinic", "critical", product="api", **TICKET
    )
    await case.says("lee", "resolve", summary="The certificate of the clinics' gateway is new.")
    await case.says("lee", "root-cause", **CERTIFICATE)
    await case.says("lee", "close")
    await case.ends()
    await until(lambda: Problems(desk.tierline.house.database).exists(PROBLEM))
    known = await desk.tierline.call("POST", f"/v1/problems/{PROBLEM}/workaround", "lee", text=WORKAROUND)
    assert known.status_code == 200, known.text
    await case.says("lee", "reopen", reason="Two clinics are still locked out.")
    await catches_up(case)


async def everything_is_known_of_one(desk: Morning) -> None:
    """Whatever the page of a case can show, this one has: what it became of, what belongs to it, why it was and what follows."""
    case = desk.cases["whole"]
    again = await desk.comes("twice", "brightwater", "Clinic 14 cannot sign in", "high", product="api")
    await case.says("lee", "watch", person="robin")
    await again.says("lee", "merge", into=case.id)
    await case.says("admin", "customer-reply", text="Clinics 3 and 14 still cannot sign in.", channel="phone")
    await case.says(
        "lee", "resolve", summary="Both clinics had pinned the old certificate; they trust the new one now."
    )
    actions = [_action(desk, "Tell customers before a certificate changes", "preventive", "lee", 9)]
    factors = ["The clinics pin certificates", "Nobody told them of the change"]
    await case.says("lee", "root-cause", **CERTIFICATE, contributing_factors=factors, actions=actions, problem=PROBLEM)
    await case.says("admin", "survey", score=4, comment="It took two attempts, but people were quick.")


def _action(desk: Morning, text: str, kind: str, owner: str, days: int) -> dict[str, str]:
    due_on = (desk.tierline.clock() + timedelta(days=days)).date()
    return {"text": text, "kind": kind, "owner": owner, "due_on": due_on.isoformat()}


def _texts(value: Any) -> Any:
    """As JSON has it: a date of YAML is a text there."""
    if isinstance(value, dict):
        return {name: _texts(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_texts(one) for one in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else value.isoformat()
