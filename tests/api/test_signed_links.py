"""Links are keys: what was signed is read again, nothing else is; and every process of a home signs with the same secret."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from api.__main__ import without_query
from domain.errors import Forbidden
from settings import ServerSettings
from signed_links import LinkExpired, SecretFault, SignedLinks, ToAct, ToRate, masked, secret_of

NOW = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
LINKS = SignedLinks("a secret of ours", "https://tierline.example")
URL_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
IDS = st.text(st.sampled_from("abcxyz019_.~-"), min_size=1, max_size=200)


def token(url: str) -> str:
    assert url.startswith("https://tierline.example/r/")
    return url.rpartition("/")[2]


@settings(max_examples=200, deadline=None)
@given(IDS, IDS, st.integers(1, 2**31 - 1), st.integers(0, 6))
def test_what_was_signed_is_read_again(person: str, case: str, episode: int, days: int) -> None:
    later = NOW + timedelta(days=days)
    to_act, to_rate = token(LINKS.to_act(person, case, episode, NOW)), token(LINKS.to_rate(case, episode, NOW))
    assert LINKS.read(to_act, later) == ToAct(person, case, episode)
    assert LINKS.read(to_rate, later) == ToRate(case, episode)
    assert set(to_act) | set(to_rate) <= URL_SAFE


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=120) | st.from_regex(r"[A-Za-z0-9_-]{1,80}\.[A-Za-z0-9_-]{43}", fullmatch=True))
def test_what_was_not_signed_is_refused(made_up: str) -> None:
    with pytest.raises(Forbidden, match="not one of ours"):
        LINKS.read(made_up, NOW)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_sign_of_a_link_can_be_changed(data: st.DataObject) -> None:
    """The last one may: two bits of it say nothing, and any of the four it may be says the same link."""
    signed = token(LINKS.to_act("dana", "zendesk-4711", 1, NOW))
    place = data.draw(st.integers(0, len(signed) - 2))
    other = data.draw(st.sampled_from(sorted(URL_SAFE - {signed[place]})))
    with pytest.raises(Forbidden):
        LINKS.read(signed[:place] + other + signed[place + 1 :], NOW)


def test_a_link_is_short_and_holds_ids_only() -> None:
    assert len(LINKS.to_act("dana", "zendesk-4711", 1, NOW)) < 140
    assert len(token(LINKS.to_act("p" * 64, "z" * 200, 2**31 - 1, NOW))) < 500


def test_each_kind_of_link_has_its_own_life() -> None:
    for url, days in ((LINKS.to_act("dana", "a-1", 1, NOW), 7), (LINKS.to_rate("a-1", 1, NOW), 30)):
        LINKS.read(token(url), NOW + timedelta(days=days))
        with pytest.raises(LinkExpired):
            LINKS.read(token(url), NOW + timedelta(days=days, seconds=1))


def test_another_secret_ends_every_link() -> None:
    others = SignedLinks("another secret", "https://tierline.example")
    with pytest.raises(Forbidden, match="not one of ours"):
        others.read(token(LINKS.to_act("dana", "a-1", 1, NOW)), NOW)


def test_the_secret_that_is_set_is_used_and_none_is_written(tmp_path: Path) -> None:
    assert secret_of(ServerSettings(home=tmp_path, secret=SecretStr("x" * 40))) == "x" * 40
    assert list(tmp_path.iterdir()) == []


def test_the_first_start_makes_a_secret_that_only_its_owner_reads(tmp_path: Path) -> None:
    home = ServerSettings(home=tmp_path / "home", secret=None)
    made = secret_of(home)
    [file] = home.home.iterdir()
    assert (file.name, file.stat().st_mode & 0o777, len(made)) == ("secret", 0o600, 64)
    assert secret_of(home) == made


def test_who_starts_at_the_same_time_agrees(tmp_path: Path) -> None:
    begin = threading.Barrier(4)

    def starts(home: Path) -> str:
        begin.wait()
        return secret_of(ServerSettings(home=home, secret=None))

    with ThreadPoolExecutor(4) as threads:
        for attempt in range(20):
            home = tmp_path / str(attempt)
            made = set(threads.map(starts, [home] * 4))
            assert (len(made), [file.name for file in home.iterdir()]) == (1, ["secret"])


def test_who_comes_a_moment_later_takes_what_the_first_has_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = ServerSettings(home=tmp_path, secret=None)
    first = secret_of(home)
    monkeypatch.setattr(Path, "exists", lambda _: False)  # as it was a moment ago
    assert secret_of(home) == first


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff" * 64])
def test_a_file_that_holds_no_secret_stops_the_start_and_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(SecretFault, match=r"secret (holds no secret: remove it|cannot be read)") as caught:
        secret_of(ServerSettings(home=tmp_path, secret=None))
    assert "short" not in str(caught.value)


def test_no_log_has_a_link() -> None:
    link = LINKS.to_act("dana", "a-1", 1, NOW).removeprefix("https://tierline.example")
    assert masked(link) == "/r/…"
    assert masked("/v1/escalations") == "/v1/escalations"
    assert masked(f"- open it: https://x.example{link}\n- case: a-1") == "- open it: https://x.example/r/…\n- case: a-1"
    args = ("127.0.0.1:1", "GET", f"{link}?told=x", "1.1", 200)
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, '%s - "%s %s HTTP/%s" %d', args, None)
    assert without_query(record)
    assert record.getMessage() == '127.0.0.1:1 - "GET /r/… HTTP/1.1" 200'
