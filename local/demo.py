"""The demo: a real escalation, played and told through the public HTTP API, and checked as it goes.

The story only waits for what the system itself says (timeline, messages). `local/demo_words.py` tells it, and
`local/demo_check.py` holds what must have happened: a surprise, a missing or an extra message, ends the demo with the reason.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from local import show
from local.client import Api, ApiError, case_path
from local.demo_check import Cast, StoryError, check_case, check_messages, check_timeline
from local.demo_words import event_lines, message_lines, names_of
from local.options import ClientSettings
from local.processes import StopAsked

GLANCE = 0.25  # seconds between two looks; a person cannot tell it from at once
CLIMB_LIMIT = 30.0  # seconds; the target of L1 is 10 s
STEP_LIMIT = 15.0  # seconds for the answer to one command to be seen
READING_TIME = 1.5  # seconds between the agent's own steps, so that a person can follow

__all__ = ["StoryError", "play"]


class System(Protocol):
    """What the story needs of the running stack."""

    @property
    def api_url(self) -> str: ...
    @property
    def admin_key_file(self) -> Path: ...
    def check(self) -> None: ...


@dataclass
class Story:
    """One telling: the case, who plays in it, and what has been told so far."""

    system: System
    asked: threading.Event
    admin: Api
    id: str
    cast: Cast
    began: float
    names: Mapping[str, str]
    told: int = 0
    settled: set[str] = field(default_factory=set)
    events: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)

    def until(self, condition: Callable[[], bool], what: str, within: float) -> None:
        """Tell what happens until `condition` holds. Raises StoryError when it does not in time."""
        end = time.monotonic() + within
        self.look()
        while not condition():
            if time.monotonic() > end:
                raise StoryError(f"the story stopped: {what} did not happen within {within:.0f} s")
            self.pause(GLANCE)
            self.look()

    def pause(self, seconds: float) -> None:
        """Wait, unless a stop is asked."""
        if self.asked.wait(seconds):
            raise StopAsked

    def look(self) -> None:
        """Read timeline and messages, and tell what is new."""
        self.system.check()
        self.events = self.admin.get(case_path(self.id, "timeline")).data
        self.messages = self.admin.get(case_path(self.id, "messages")).data
        for event in self.events[self.told :]:
            self.say(event_lines(event, self.names))
        self.told = len(self.events)
        for message in self.messages:
            if message["key"] not in self.settled and message["status"] in ("sent", "delivered", "failed", "unknown"):
                self.settled.add(message["key"])
                self.say(message_lines(message, self.names))

    def say(self, lines: list[str]) -> None:
        """One thing that happened, with the seconds since the opening in front."""
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=8, justify="right", style="dim")
        for number, line in enumerate(lines):
            grid.add_row(f"{time.monotonic() - self.began:.1f} s" if number == 0 else "", line)
        show.console().print(grid)

    def happened(self, kind: str, count: int = 1) -> Callable[[], bool]:
        """Whether the timeline holds so many entries of this kind."""
        return lambda: sum(event["kind"] == kind for event in self.events) >= count

    def everything_sent(self, count: int) -> Callable[[], bool]:
        """Whether so many messages have gone out."""
        return lambda: len(self.settled) >= count


def play(system: System, example: Path, asked: threading.Event) -> None:
    """Tell the story and check it. Raises StoryError with the reason when anything in it did not happen."""
    settings = ClientSettings(url=system.api_url, home=system.admin_key_file.parent, key=None)
    opening = json.loads(example.read_text(encoding="utf-8"))
    try:
        with Api(settings.address, settings.secret) as admin:
            _play(system, admin, opening, asked)
    except ApiError as error:
        raise StoryError(f"the API refused what the story needs: {error.message}") from None


def _play(system: System, admin: Api, opening: Mapping[str, Any], asked: threading.Event) -> None:
    roster = admin.get("/v1/roster").data
    names = names_of(roster, opening["customer"]["name"])
    cast = _cast(admin)
    _introduce(opening, cast, names)
    with _key_of(admin, role="system", label=opening["ticket"]["system"]) as tickets:
        began = time.monotonic()
        answer = tickets.post("/v1/escalations", opening)
    if answer.status != 201:
        raise StoryError(f"a fresh case answers 201, this one answered {answer.status}")
    story = Story(system, asked, admin, answer.data["id"], cast, began, names)
    _climbs(story)
    _is_solved(story, _key_of(admin, role="agent", person=story.cast.second))
    _finish(story)


def _climbs(story: Story) -> None:
    first, second = (escape(story.names[one]) for one in (story.cast.first, story.cast.second))
    story.until(story.happened("told"), f"{first} being told", STEP_LIMIT)
    story.say([f"[dim]… {first} does not answer …[/]"])
    story.until(story.happened("climbed"), "the climb to L2", CLIMB_LIMIT)
    story.until(story.happened("told", 2), f"{second} being told", STEP_LIMIT)
    story.until(story.everything_sent(6), "the messages up to here", STEP_LIMIT)
    told = [
        event["at"] for event in story.events if event["kind"] == "told"
    ]  # a shift may have ended since the opening
    story.cast = _cast(story.admin, first_at=told[0], second_at=told[1])


def _is_solved(story: Story, agent: Api) -> None:
    steps: list[tuple[str, dict[str, Any], str, int]] = [
        ("acknowledge", {"note": "Looking at the payment gateway."}, "acknowledged", 6),
        ("customer-update", {"text": UPDATE, "next_update_in": "30m"}, "customer_told", 7),
        ("resolve", {"summary": FIX, "customer_message": GOOD_NEWS}, "resolved", 8),
        ("root-cause", CAUSE | {"actions": _actions(story.cast.second)}, "root_cause_recorded", 8),
        ("close", {}, "closed", 9),
    ]
    with agent:
        for command, body, kind, sent in steps:
            story.pause(READING_TIME)
            before = sum(event["kind"] == kind for event in story.events)
            answer = agent.post(case_path(story.id, command), body)
            if answer.status != 200:
                raise StoryError(f"{command} answered {answer.status}: no worker took it in time")
            story.until(story.happened(kind, before + 1), f"'{command}' in the timeline", STEP_LIMIT)
            story.until(story.everything_sent(sent), f"the message after '{command}'", STEP_LIMIT)


def _finish(story: Story) -> None:
    story.pause(READING_TIME)
    story.look()
    data = story.admin.get(case_path(story.id)).data
    check_timeline(story.events, story.cast)
    check_messages(story.messages, story.cast)
    check_case(data, story.cast)
    console = show.console()
    console.print("\n[bold]The timeline, as it is kept[/]")
    show.timeline(story.events)
    console.print(
        f"[bold green]All as it should be:[/] {len(story.events)} events in the right order, {len(story.messages)} messages "
        "to the right people, none too many, the root cause on record, the case closed.\n"
    )


def _introduce(opening: Mapping[str, Any], cast: Cast, names: Mapping[str, str]) -> None:
    ticket, customer = opening["ticket"], opening["customer"]
    console = show.console()
    console.print("\n[bold]The story[/]")
    words = f"{ticket['subject']}. {ticket.get('description', '')}"
    console.print(Padding(f"{escape(customer['name'])} writes: “{escape(words)}”", (0, 0, 0, 2)))
    console.print(
        f"  On call now: {escape(names[cast.first])} at L1 (support), {escape(names[cast.second])} at L2 (specialists)."
    )
    console.print("  For the demo L1 has 10 seconds to answer. Everybody reads their own language.")
    console.print("  No e-mail or SMS leaves this machine.\n")


def _key_of(admin: Api, **whom: str) -> Api:
    """A way in with a new key, as made for every ticket system and every agent."""
    return Api(admin.url, admin.post("/v1/keys", whom).data["key"])


def _cast(admin: Api, first_at: str | None = None, second_at: str | None = None) -> Cast:
    return Cast(first=_on_call(admin, "support", first_at), second=_on_call(admin, "specialists", second_at))


def _on_call(admin: Api, team: str, at: str | None) -> str:
    [shift] = admin.get("/v1/on-call", team=team, at=at).data["items"]
    if shift["on_call"] is None:
        raise StoryError(f"nobody is on call for {team}; the story needs somebody there")
    return str(shift["on_call"])


def _actions(owner: str) -> list[dict[str, str]]:
    return [
        {
            "text": "Renew certificates 30 days ahead, by machine",
            "kind": "preventive",
            "owner": owner,
            "due_on": "2030-01-31",
        }
    ]


UPDATE = "We have found it: the certificate of the payment gateway has expired. A new one is on its way."
FIX = "Renewed the certificate of the payment gateway and restarted it; payments go through."
GOOD_NEWS = "Payments work again since a minute ago. Please tell us if you still see a failure."
CAUSE: dict[str, Any] = {
    "category": "configuration",
    "description": "The certificate of the payment gateway expired: its renewal stood in a private calendar only.",
    "origin": "ours",
    "contributing_factors": ["no alert on the certificate's age"],
}
