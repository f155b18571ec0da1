"""What the API answers, for a person at a terminal: times on their own clock with "in 12 min" beside them.

Reads only the fields of the contract and leaves out what is not there, so a newer API never breaks it.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

PIPE_WIDTH = 200  # columns when nobody watches: a pipe should not break lines
LONGEST_CELL = 60  # characters of a text in a table
STYLES = {
    "critical": "bold red", "high": "yellow", "open": "yellow", "breached": "bold red", "failed": "bold red",
    "unknown": "bold red",
    "acknowledged": "cyan", "resolved": "green", "closed": "green", "met": "green", "sent": "green", "delivered": "green",
    "cancelled": "dim", "skipped": "dim",
}  # fmt: skip

OVER = ("met", "cancelled")  # of targets

type_of_row = Mapping[str, Any]


def console() -> Console:
    """A console for standard output as it is now."""
    return Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def length(seconds: float) -> str:
    """The two largest units: `1 h 30 min`, `45 s`, `2 d`."""
    left, parts = round(abs(seconds)), []
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def counted(number: int, one: str, many: str) -> str:
    """`1 team`, `2 teams`."""
    return f"{number} {one if number == 1 else many}"


def beside(at: datetime, now: datetime) -> str:
    """How far away: `in 12 min`, `3 h ago`, `now`."""
    away = (at - now).total_seconds()
    if abs(away) < 1:
        return "now"
    return f"in {length(away)}" if away > 0 else f"{length(away)} ago"


def moment(text: str | None, now: datetime | None = None) -> str:
    """An RFC 3339 time on the reader's clock with the distance beside it; the date only when it is another day's."""
    if not text:
        return "–"
    now = (now or datetime.now(UTC)).astimezone()
    at = datetime.fromisoformat(text).astimezone()
    shown = at.strftime("%H:%M:%S") if at.date() == now.date() else at.strftime("%a %Y-%m-%d %H:%M")
    return f"{shown} ({beside(at, now)})"


def word(value: object) -> str:
    """One word, coloured where a colour helps; the word itself always says it too."""
    text = "–" if value in (None, "", []) else escape(str(value))
    return f"[{STYLES[str(value)]}]{text}[/]" if str(value) in STYLES else text


NEVER_CUT = ("id", "status")  # what people copy, and what they look for


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> None:
    """A plain table, or the sentence `empty` when there is nothing in it."""
    found = [list(row) for row in rows]
    if not found:
        console().print(empty)
        return
    grid = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for heading, *cells in zip(headings, *found, strict=True):
        whole = max(Text.from_markup(cell).cell_len for cell in cells) if heading in NEVER_CUT else None
        grid.add_column(heading, min_width=whole, no_wrap=whole is not None)
    for row in found:
        grid.add_row(*row)
    console().print(grid)


def facts(pairs: Iterable[tuple[str, str]]) -> None:
    """Names and values under each other."""
    grid = Table.grid(padding=(0, 2))
    for name, value in pairs:
        grid.add_row(f"[bold]{name}[/]", value)
    console().print(grid)


def escalation(data: Mapping[str, Any]) -> None:
    """The whole of one escalation."""
    ticket, customer = data.get("ticket") or {}, data.get("customer") or {}
    console().print(
        f"[bold]{escape(str(ticket.get('subject') or data['id']))}[/]  {escape(customer.get('name') or '')}"
    )
    facts(_facts_of(data))
    headings = ("target", "tier", "status", "due", "warnings", "missed")
    table(headings, (_target(row) for row in data.get("targets") or []), "no targets")
    address = (data.get("links") or {}).get("temporal_ui")
    if address:
        console().print(f"Temporal UI  {escape(str(address))}", soft_wrap=True)


def _facts_of(data: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    tier, policy = data.get("tier") or {}, data.get("policy") or {}
    yield "case", f"{escape(data['id'])}, episode {data.get('episode', 1)}"
    yield "status", word(data.get("status"))
    yield "priority", word(data.get("priority"))
    if data.get("priority_reasons"):
        yield "because", escape(" ".join(data["priority_reasons"]))
    yield "policy", f"{policy.get('name')} version {policy.get('version')}"
    yield "tier", f"{word(tier.get('name'))} ({word(data.get('team'))})"
    yield "owner", word(data.get("owner"))
    yield "accountable", word(data.get("accountable"))
    yield "told", word(", ".join(data.get("responders_told") or []))
    yield "next due", moment(data.get("next_due_at"))
    if data.get("next_customer_update_by"):
        yield "customer hears by", moment(data["next_customer_update_by"])
    for name in ("opened", "acknowledged", "resolved", "closed"):
        if data.get(f"{name}_at"):
            yield name, moment(data[f"{name}_at"])
    if data.get("resolution"):
        yield "resolution", escape(str(data["resolution"].get("summary")))
    if data.get("root_cause"):
        cause = data["root_cause"]
        yield "root cause", escape(f"{cause.get('category')}: {cause.get('description')} ({cause.get('origin')})")


def _target(row: type_of_row) -> Sequence[str]:
    over, missed = row.get("status") in OVER, row.get("breached_at")
    due = (
        moment(row.get("due_at")).partition(" (")[0] if over else moment(row.get("due_at"))
    )  # no countdown to what is over
    warnings = "" if over else ", ".join(moment(at) for at in row.get("warn_at") or [])
    return (word(row.get("name")), word(row.get("tier")), word(row.get("status")), due, warnings,
            moment(missed) if missed else "")  # fmt: skip


def changed(data: Mapping[str, Any]) -> None:
    """What a command led to, in one line."""
    tier = (data.get("tier") or {}).get("name")
    due = data.get("next_due_at")
    parts = [escape(data["id"]), word(data.get("status")), f"{word(tier)} ({word(data.get('team'))})"]
    parts += [f"owner {word(data.get('owner'))}", f"accountable {word(data.get('accountable'))}"]
    console().print(" · ".join([*parts, f"next due {moment(due)}"] if due else parts))
    for one in data.get("moved") or ():
        same = one["was"] == one["now"]
        due = "due as before" if same else f"due {moment(one['now'])}, was {moment(one['was'])}"
        paused = ", if it went on now: it is paused" if one["paused"] and not same else ""
        console().print(f"  {word(one['target'])}: {due}{paused}")


def queued(data: Mapping[str, Any]) -> None:
    """The 202 in plain words."""
    console().print(
        "Taken, but no worker answered in time. It is stored and will be applied as soon as a worker is back; there is "
        f"nothing more to do. (command {escape(str(data.get('command_id')))})"
    )


def escalations(data: Mapping[str, Any]) -> None:
    """A list of escalations, and how to get the rest of it."""
    headings = ("id", "status", "priority", "tier", "owner", "accountable", "next due", "customer", "subject")
    table(headings, (_row(item) for item in data["items"]), "no escalation fits")
    if data.get("next_cursor"):
        console().print(f"more: --cursor {escape(data['next_cursor'])}")


def _row(item: type_of_row) -> Sequence[str]:
    tier = (item.get("tier") or {}).get("name")
    names = ((item.get("customer") or {}).get("name"), (item.get("ticket") or {}).get("subject"))
    plain = (item.get("owner"), item.get("accountable"))
    again = f" (episode {item['episode']})" if item.get("episode", 1) > 1 else ""
    return (escape(item["id"]) + again, word(item.get("status")), word(item.get("priority")), word(tier),
            *(word(one) for one in plain), moment(item.get("next_due_at")), *(word(one) for one in names))  # fmt: skip


def timeline(rows: Sequence[type_of_row]) -> None:
    """What happened, oldest first."""
    table(
        ("at", "what", "who", "in words"),
        ((moment(row["at"]), word(row["kind"]), word(row.get("actor")), _told(row)) for row in rows),
        "nothing has happened yet",
    )


def _told(row: type_of_row) -> str:
    """The line's words; under those of a priority, why it is that one."""
    return "\n".join(
        [
            word(row.get("text")),
            *(f"[dim]{escape(reason)}[/]" for reason in (row.get("data") or {}).get("reasons") or ()),
        ]
    )


def messages(rows: Sequence[type_of_row]) -> None:
    """Who was told what on which channel, and what became of it."""
    table(
        ("written", "about", "channel", "to", "status", "tries", "why"),
        (_message(row) for row in rows),
        "no messages",
    )


def outbox(rows: Sequence[type_of_row]) -> None:
    """Messages of several cases, with their words: an e-mail's subject, a whole SMS."""
    table(("written", "case", "channel", "to", "status", "why", "words"), (_kept(row) for row in rows), "no messages")


def _kept(row: type_of_row) -> Sequence[str]:
    words = word(row.get("subject") or row.get("text"))
    return (moment(row.get("created_at")), escape(row["id"]), word(row.get("channel")), _to(row), word(row.get("status")),
            escape(why(row)), words)  # fmt: skip


def _message(row: type_of_row) -> Sequence[str]:
    return (moment(row.get("created_at")), word(row.get("kind")), word(row.get("channel")), _to(row), word(row.get("status")),
            str(row.get("attempts", "")), escape(why(row)))  # fmt: skip


def _to(row: type_of_row) -> str:
    person = row.get("person") or "customer"
    return f"{escape(person)} <{escape(row['to'])}>" if row.get("to") else escape(person)


def why(row: type_of_row) -> str:
    """What the tries of a message were told, with the provider's code of a failure in front; or that it never left.

    Then whether it was read, how often it was tried again, what took its place, and that it went out with others.
    """
    return "; ".join(filter(None, (_reason(row), *_more(row))))


def _reason(row: type_of_row) -> str:
    code, reason = row.get("code"), str(row.get("reason") or "")
    if str(row.get("provider_id") or "").startswith("outbox-"):
        return "kept on this machine"
    return f"{code}: {reason}" if row.get("status") == "failed" and code and code not in reason else reason


def _more(row: type_of_row) -> Iterable[str]:
    if row.get("waits_until"):
        yield f"until {moment(row['waits_until'])}"
    if row.get("read_at"):
        yield f"read {moment(row['read_at'])}"
    if row.get("retries"):
        yield f"retried {counted(row['retries'], 'time', 'times')}"
    if row.get("failed_over_to"):
        yield _instead(row)
    if row.get("led_by") and "with others" not in str(row.get("reason")):
        yield "in one message with others"


def _instead(row: type_of_row) -> str:
    """What took its place: another channel, or another person and theirs."""
    person, channel = row.get("failed_over_person"), row.get("failed_over_channel")
    same = person is None or person == row.get("person")
    return f"failed over to {channel}" if same else f"told at once instead: {person} by {channel}"


def doubts(found: Mapping[str, Any]) -> None:
    """How many messages may have arrived twice, and of how many nobody knows; silent when there are none."""
    twice, unknown = found.get("possible_duplicates"), found.get("unknown")
    if twice:
        console().print(
            f"Since {moment(found['since'])}: {twice} may have arrived twice, because the answer to an earlier try was lost "
            "(tierline outbox --code possible_duplicate)"
        )
    if unknown:
        console().print(
            f"Since {moment(found['since'])}: of {unknown} nobody knows whether they arrived (tierline outbox --status unknown)"
        )


def rows(found: Sequence[Mapping[str, Any]], columns: Sequence[str], empty: str) -> None:
    """Any list of things, the named columns of each; times are recognised by their name."""
    table(columns, ([_cell(name, row.get(name)) for name in columns] for row in found), empty)


def _cell(name: str, value: Any) -> str:
    return moment(value) if name.endswith("_at") and isinstance(value, str) else word(_short(value))


def _short(value: Any) -> Any:
    """A long text as one line; `--json` has all of it."""
    line = " ".join(value.split()) if isinstance(value, str) else value
    return f"{line[: LONGEST_CELL - 1]}…" if isinstance(line, str) and len(line) > LONGEST_CELL else line
