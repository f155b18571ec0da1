"""Testing a contact: does Tierline reach this person, on each channel, and do they say so?"""

import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.markup import escape

from local import show
from local.client import Answer, Api
from local.talk import Json, ask, data

contact = typer.Typer(help="Contacts: is this person reached?", no_args_is_help=True)
Person = Annotated[str, typer.Argument(help="The person's id in the roster.")]
WATCH = 60.0  # seconds; who has the phone at hand has answered by then
LOOK_EVERY = 1.0  # seconds


@contact.command("test")
def contact_test(
    person: Person,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Watch what becomes of it, a minute at most.")] = True,
    json: Json = False,
) -> None:
    """Send a test on each channel of the person, and say what becomes of it. An agent tests their own contact."""

    def tested(api: Api) -> Answer:
        answer = api.post(_path(person), {})
        return _watched(api, answer, quiet=json) if wait else answer

    ask(tested, json, data(_shown))


@contact.command("show")
def contact_show(person: Person, json: Json = False) -> None:
    """What became of the person's latest test."""
    ask(lambda api: api.get(_path(person)), json, data(_shown))


def _watched(api: Api, answer: Answer, *, quiet: bool) -> Answer:
    """The last answer, once every channel has failed or was answered, or the time is over; changes are printed on the way."""
    told: dict[str, str] = {}
    ends = time.monotonic() + WATCH
    while True:
        for channel, line in _lines(answer.data):
            if not quiet and told.get(channel) != line:
                typer.echo(line)
            told[channel] = line
        if _over(answer.data) or time.monotonic() > ends:
            return answer
        time.sleep(LOOK_EVERY)
        answer = api.get(_path(answer.data["person"]))


def _lines(test: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in test["channels"]:
        answered = ", answered" if one["answered_at"] else ""
        yield one["channel"], f"{one['channel']} to {one['to']}: {_state(one)}{answered}"


def _state(one: Mapping[str, Any]) -> str:
    why = show.why(one)
    return f"{one['status']} ({why})" if why else str(one["status"])


def _over(test: Mapping[str, Any]) -> bool:
    return all(one["answered_at"] or one["status"] == "failed" for one in test["channels"])


def _shown(test: Mapping[str, Any]) -> None:
    rows = [
        [show.word(one["channel"]), escape(one["to"]), show.word(one["status"]), escape(show.why(one)),
         show.moment(one["sent_at"]), show.moment(one["delivered_at"]),
         show.moment(one["answered_at"]) if one["answered_at"] else "not yet"]
        for one in test["channels"]
    ]  # fmt: skip
    show.table(("channel", "to", "status", "why", "sent", "delivered", "answered"), rows, "no address")
    if not _over(test):
        show.console().print(f"not answered everywhere yet; look again: tierline contact show {escape(test['person'])}")


def _path(person: str) -> str:
    return f"/v1/roster/people/{quote(person, safe='')}/contact-test"
