"""One line in the e-mail to somebody new to a case: the closed case that was like it, when there is one worth a look."""

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from temporalio.testing import ActivityEnvironment

from activities import seen_before
from activities.providers.port import Envelope, Sent
from activities.rendering import Renderer
from activities.seen_before import GOOD_ENOUGH, LIMIT, Seen, is_good_enough
from activities.sending import Sending
from domain.messages import MessageKind
from domain.tickets import Channel
from records.closures import Closure, Closures, Similar
from records.database import Database
from tests.activities.cases import TEMPLATES, message, stored
from tests.activities.posts import Post, Send
from tests.records.closed import close, closed

WAITS = LIMIT  # as it really is
PAGE = "https://tierline.example/escalations/zendesk-17?episode=1"
LINE_EN = "Seen before: Checkout was down — Certificate expired: Renewed (Friday 6 March 2026)"
LINE_DE = "Schon einmal da: Checkout was down — Certificate expired: Renewed (Freitag, 6. März 2026)"


@pytest.fixture(autouse=True)
def once_before(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all the time in the world: a busy machine may need longer than a message would wait."""
    monkeypatch.setattr(seen_before, "LIMIT", timedelta(seconds=30))
    close(db, closed("zendesk-17", "Checkout was down"), closed("zendesk-18", "Printer out of paper"))


def mail(db: Database, send: Send, kind: MessageKind = "step", person: str | None = "eve") -> Envelope:
    what = message(kind, "email", person, text="We found it.")
    stored(db, what, email="ada@example.org")
    post = Post("email", Sent("1"))
    send(post, what)
    return post.sent[0]


@pytest.mark.parametrize(("person", "line"), [("eve", LINE_EN), ("dana", LINE_DE)])
@pytest.mark.parametrize("kind", ["step", "assigned"])
def test_who_is_new_to_a_case_reads_what_helped_before_and_where(
    db: Database, send: Send, kind: MessageKind, person: str, line: str
) -> None:
    made = mail(db, send, kind, person)
    assert f"{line}\n{PAGE}\n" in made.text
    assert made.html is not None
    assert line in made.html


@pytest.mark.parametrize("kind", ["warning", "top_breach", "watch", "customer_replied"])
def test_who_knows_the_case_does_not_read_it_again(db: Database, send: Send, kind: MessageKind) -> None:
    assert "Seen before" not in mail(db, send, kind).text


@pytest.mark.parametrize("kind", ["customer_update", "customer_opened", "customer_resolved", "customer_closed"])
def test_no_customer_ever_reads_of_another_case(db: Database, send: Send, kind: MessageKind) -> None:
    made = mail(db, send, kind, None)
    whole = f"{made.subject}{made.text}{made.html}"
    assert not re.search("zendesk-17|Certificate|Renewed|Checkout was", whole)


@pytest.mark.parametrize("channel", ["sms", "webhook"])
def test_other_channels_have_no_room_for_it(
    db: Database, renderer: Renderer, monkeypatch: pytest.MonkeyPatch, channel: Channel
) -> None:
    """They do not even ask."""
    asked: list[str] = []
    monkeypatch.setattr(Closures, "similar_to", lambda *_: asked.append("asked"))
    stored(db, message())
    loaded = Sending(db, {}, renderer, "https://tierline.example")
    loaded._seen_before.of(message("step", channel), {"id": "zendesk-4711"})
    assert asked == []


def test_a_case_like_no_other_goes_out_without_it(db: Database, send: Send) -> None:
    what = message("step", "email", "eve")
    stored(db, what, changes={"ticket": {"system": "zendesk", "id": "4711", "subject": "The lift does not move"}})
    post = Post("email", Sent("1"))
    send(post, what)
    assert "Seen before" not in post.sent[0].text


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A search that does not end before the message has gone."""
    gone = threading.Event()
    monkeypatch.setattr(seen_before, "LIMIT", WAITS)
    monkeypatch.setattr(Closures, "similar_to", lambda *_: gone.wait(40) and [])
    yield
    gone.set()


@pytest.mark.usefixtures("slow")
def test_a_message_does_not_wait_for_a_slow_search(db: Database, send: Send) -> None:
    with capture_logs() as logged:
        made = mail(db, send)
    assert made.subject is not None
    assert "Seen before" not in made.text
    assert [(one["event"], one["error"]) for one in logged if one["log_level"] == "warning"] == [
        ("seen_before_failed", "TimeoutError")
    ]


def test_a_search_that_fails_holds_nothing_up(db: Database, send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("no index")

    monkeypatch.setattr(Closures, "similar_to", fail)
    with capture_logs() as logged:
        assert "Seen before" not in mail(db, send).text
    assert {"event": "seen_before_failed", "error": "OSError"}.items() <= logged[0].items()


def similar(score: float = GOOD_ENOUGH, words: tuple[str, ...] = ("checkout", "down"), **more: Any) -> Similar:
    fields = {"cause": "expired", "fix": "renewed"} | more
    one = Closure("zendesk-1", 1, datetime(2026, 3, 6, tzinfo=UTC), "acme", None, None, "high", "Checkout", None,
                  fields["cause"], None, fields["fix"], None)  # fmt: skip
    return Similar(one, score, words, same_product=False, same_category=False)


@pytest.mark.parametrize(
    ("found", "good"),
    [
        (similar(), True),
        (similar(GOOD_ENOUGH - 0.01), False),
        (similar(words=("checkout",)), False),
        (similar(cause=None), False),
        (similar(fix=None), False),
    ],
)
def test_worth_a_look_is_what_has_much_in_common_and_something_to_learn(found: Similar, good: bool) -> None:
    assert is_good_enough(found) is good


def test_the_day_is_that_of_the_readers_calendar() -> None:
    late = Seen("Checkout", "expired", "renewed", datetime(2026, 3, 6, 23, 30, tzinfo=UTC), PAGE)
    assert late.line("Europe/Berlin", "en").endswith("(Saturday 7 March 2026)")


def test_a_hostile_text_is_only_text_on_one_line(db: Database, send: Send) -> None:
    hostile = "{{ 7 * 7 }} <b>x</b>\r\nBcc: all@example.com\n" + "x" * 5_000
    close(db, closed("zendesk-19", "Checkout is down", hostile, hostile, days=1))
    made = mail(db, send)
    [line] = [one for one in made.text.splitlines() if one.startswith("Seen before")]
    assert "{{ 7 * 7 }} <b>x</b> Bcc: all@example.com" in line
    assert len(line) < 700
    assert made.html is not None
    assert "<b>x" not in made.html


def test_templates_of_ones_own_may_tell_it_elsewhere(db: Database, tmp_path: Path) -> None:
    own = tmp_path / "own" / "en"
    own.mkdir(parents=True)
    (own / "step.email.j2").write_text("Take it\n{{ seen or 'new' }} at {{ seen_page }}")
    what, post = message("step", "email", "eve"), Post("email", Sent("1"))
    stored(db, what)
    sending = Sending(db, {"email": post}, Renderer(TEMPLATES, tmp_path / "own"), "https://tierline.example")
    ActivityEnvironment().run(sending.send, what)
    assert post.sent[0].text == f"{LINE_EN.removeprefix('Seen before: ')} at {PAGE}\n"
