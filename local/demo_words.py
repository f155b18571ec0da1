"""How the demo tells what happens: timeline entries and messages as sentences, people by their names."""

import re
from collections.abc import Mapping
from typing import Any

from rich.markup import escape

CHANNELS = {"email": "e-mail", "sms": "SMS"}
MARKS = {
    "warned": "yellow", "breached": "bold red", "climbed": "bold yellow", "acknowledged": "bold cyan", "resolved": "bold green",
    "root_cause_recorded": "green", "closed": "bold green", "delivery_failed": "bold red",
}  # fmt: skip
SENTENCES = {
    "warned": "Still no answer and {percent} % of the time is gone: {person} is warned",
    "breached": "Time is up: nobody has acknowledged",
    "climbed": "The case climbs to {tier}",
}
LONGEST_LINE = 80  # characters of a message's words; the whole text stands in the outbox


def names_of(roster: Mapping[str, Any], customer: str) -> dict[str, str]:
    """People's names by id, and the customer's."""
    return {**{person["id"]: person["name"] for person in roster["people"]}, "customer": customer}


def event_lines(event: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """An entry of the timeline as a sentence."""
    kind, data = event["kind"], event.get("data") or {}
    own = SENTENCES.get(kind, "{text}") if _is_acknowledgement(kind, data) else "{text}"
    person = names.get(str(data.get("person")), "nobody")
    sentence = own.format(text=_sentence(_with_names(event["text"], names)), person=person, **_plain(data))
    return [f"[{MARKS[kind]}]{escape(sentence)}[/]" if kind in MARKS else escape(sentence)]


def _is_acknowledgement(kind: str, data: Mapping[str, Any]) -> bool:
    return kind not in ("warned", "breached") or data.get("target") == "acknowledge"


def _plain(data: Mapping[str, Any]) -> dict[str, object]:
    return {"percent": data.get("percent"), "tier": data.get("tier")}


def message_lines(message: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """A message that went out (or did not): to whom, how, and its first words when the API shows them."""
    who = names.get(message.get("person") or "customer", "the customer")
    channel = CHANNELS.get(message["channel"], message["channel"])
    fate = "" if message["status"] in ("sent", "delivered") else f" ({message['status']}: {message.get('reason')})"
    lines = [f"  [magenta]→ {channel} to {escape(who)}[/] {escape(message.get('to') or '')}{escape(fate)}"]
    words = message.get("subject") or message.get("text")
    return [*lines, f"    [dim]“{escape(_short(words))}”[/]"] if words else lines


def _with_names(text: str, names: Mapping[str, str]) -> str:
    ids = sorted((one for one in names if one != "customer"), key=len, reverse=True)
    found = re.compile(rf"\b({'|'.join(map(re.escape, ids))})\b")
    return found.sub(lambda match: names[match[1]], text) if ids else text


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1].rstrip() + "…"
