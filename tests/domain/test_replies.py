"""What responders type half asleep, and what it must never be taken for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.commands import parse_body
from domain.replies import CarrierWord, NotUnderstood, Order, understand
from domain.reply_codes import code_of


def order(text: str) -> tuple[str, str | None, str]:
    found = understand(text)
    assert isinstance(found, Order), f"{text!r} is {found}"
    return found.command, found.code, found.words


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ACK 7K2", ("acknowledge", "7K2", "")),
        ("RES 7K2 fixed the certificate", ("resolve", "7K2", "fixed the certificate")),
        ("ESC 7K2 needs network team", ("escalate", "7K2", "needs network team")),
        ("ACK", ("acknowledge", None, "")),
        ("RES fixed it", ("resolve", None, "fixed it")),
        ("ESC net needs a look", ("escalate", None, "net needs a look")),
    ],
)
def test_the_three_commands_with_their_code_and_without(text: str, meant: tuple[str, str | None, str]) -> None:
    assert order(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        *(
            "ack 7k2",
            "Ack: 7K2!",
            "ack7k2",
            "ack #7k2",
            "  ACK   7K2  ",
            "ACK 7K2\n",
            "ack\n7k2",
            "ACK-7K2",
            "“ACK 7K2”",
            "ACK (7K2).",
        ),
        *(
            "ACK 7KZ",
            "7k2 ack",
            "Acknowledged 7K2",
            "angenommen 7k2",
            "\u200bACK\u00a07K2",
            "ack 👍 7k2",
            "ACK\t7K2\x00",
            "A\u200bCK 7\u00adK2",
            "ok 7k2",
        ),
    ],
)
def test_an_acknowledgement_however_it_is_typed(text: str) -> None:
    assert order(text) == ("acknowledge", "7K2", "")


def test_words_stay_as_they_were_written() -> None:
    assert order("res 7k2: Restarted nginx,\n- then DNS.\n") == ("resolve", "7K2", "Restarted nginx,\n- then DNS.")
    assert order("Gelöst 7K2 Zertifikat für »Łódź« erneuert") == ("resolve", "7K2", "Zertifikat für »Łódź« erneuert")
    assert order("RES 7K2 half a sign \ud83d") == ("resolve", "7K2", "half a sign ?")
    assert order("ack 7k2 at the desk in 10 min") == ("acknowledge", "7K2", "at the desk in 10 min")


@pytest.mark.parametrize(
    "words", ["SSL cert renewed", "3rd party fixed it", "4xx are gone", "p99 is fine", "24h fix", "net is up"]
)
def test_the_first_word_of_a_sentence_is_no_code(words: str) -> None:
    assert order(f"RES {words}") == ("resolve", None, words)


def doubtful(text: str) -> str | None:
    found = understand(text)
    assert isinstance(found, Order), f"{text!r} is {found}"
    return found.doubtful


@pytest.mark.parametrize("word", ["ZZZ", "7K", "7K5", "BKZ", "k99", "24h", "SSL", "99", "AAAA", "7K5K5", "7k0k"])
def test_a_first_word_that_may_be_a_mistyped_code_is_doubtful(word: str) -> None:
    said = [f"ACK {word}", f"ack: {word}!", f"ACK {word} on it", f"RES {word} fixed it", f"ESC {word}"]
    assert [doubtful(text) for text in said] == [word] * 5


@pytest.mark.parametrize(
    "text",
    [
        "ACK",
        "ACK on it",
        "ACK I am on it",
        "ACK ok",
        "ACK OK",
        "RES fixed the certificate",
        "RES FIXED IT",
        "ESC net is",
    ],
)
def test_words_are_not_doubtful(text: str) -> None:
    assert doubtful(text) is None


def test_behind_a_code_nothing_is_doubtful() -> None:
    assert [doubtful(text) for text in ("ACK 7K2 SSL", "RES 7K2 24h fix", "7K2 ACK ZZZ")] == [None] * 3


def test_a_greeting_above_does_not_matter() -> None:
    assert order("Hallo zusammen,\n\nACK 7K2") == ("acknowledge", "7K2", "")
    assert order("Good morning\nres 7k2 rebooted") == ("resolve", "7K2", "rebooted")


@pytest.mark.parametrize(
    ("text", "missing"), [("RES 7K2", True), ("ESC", True), ("RES 7K2 👍!", True), ("RES x", False), ("ACK", False)]
)
def test_a_resolution_and_an_escalation_need_words(text: str, missing: bool) -> None:
    found = understand(text)
    assert isinstance(found, Order)
    assert found.words_missing is missing


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        *((word, "stop") for word in ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT")),
        *((word, "start") for word in ("START", "YES", "UNSTOP")),
        *((word, "help") for word in ("HELP", "INFO")),
        *(("Stop.", "stop"), (" stop all\n", "stop"), ("opt-out", "stop"), ("yes!", "start"), ("Help?", "help")),
    ],
)
def test_what_carriers_take_is_told_apart(text: str, wish: str) -> None:
    found = understand(text)
    assert isinstance(found, CarrierWord)
    assert found.wish == wish


@pytest.mark.parametrize("text", ["CANCEL 7K2", "yes 7k2", "END 7K2 fixed", "stop calling me", "help me please"])
def test_a_carriers_word_with_more_around_it_is_no_command_either(text: str) -> None:
    assert understand(text) == NotUnderstood()


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "   ",
            "?",
            "👍",
            "7K2",
            "ok",
            "Okay, and what now?",
            "ok 7k2 but who is on call?",
            "thanks",
            "What is 7K2?",
        ),
        *(
            "done with dinner, calling in 10",
            "fixed?",
            "RESTART 7K2",
            "resources are low",
            "acknowledgement follows",
            "escape",
        ),
    ],
)
def test_what_people_say_otherwise_does_nothing(text: str) -> None:
    assert understand(text) == NotUnderstood()


@pytest.mark.parametrize(
    "text",
    [
        *(
            "ACK no",
            "ACK not me",
            "ack 7k2 can't",
            "ack 7k2 kann ich leider nicht",
            "ACK 7K2 nicht ich",
            "ACK 7K2 wrong person",
        ),
        *("RES 7K2 not fixed yet", "RES not yet", "RES no", "res 7k2 noch nicht", "RES 7K2 don’t know"),
        *("ESC 7K2 not needed", "ESC no", "ESC 7K2 nicht nötig"),
    ],
)
def test_a_command_that_is_taken_back_in_the_same_breath_does_nothing(text: str) -> None:
    assert understand(text) == NotUnderstood()


@pytest.mark.parametrize(
    "text", ["RES 7K2 no fault found", "ESC 7K2 cannot fix it here", "ESC not my area", "RES 7K2 notified the bank"]
)
def test_a_no_that_belongs_to_the_words_is_none(text: str) -> None:
    assert order(text)[2]


@pytest.mark.parametrize(
    "text", ["ACK 7K2 K4W", "ACK 7K2, ACK K4W", "ACK 7K2\nRES K4W fixed it", "ack7k2 k4w", "RES 7K2 K4W rebooted both"]
)
def test_two_cases_in_one_message_are_asked_back(text: str) -> None:
    assert understand(text) == NotUnderstood()


def test_a_mistyped_code_does_not_take_the_only_open_case() -> None:
    assert doubtful("ACK 7K5") == "7K5"
    assert doubtful("ACK 15min") is None


def test_our_own_words_quoted_below_an_answer_are_no_command() -> None:
    assert understand("No, I am on a plane.\n\nTierline a écrit :\nACK 7K2 - take the case") == NotUnderstood()
    assert understand("Le lun. 24 nov. 2026, Tierline a écrit :\nACK 7K2") == NotUnderstood()


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("ACK 7K2", {}),
        ("ACK 7K2 on it", {"note": "on it"}),
        ("RES 7K2 fixed", {"summary": "fixed"}),
        ("ESC 7K2 too hard", {"kind": "hierarchical", "reason": "too hard"}),
    ],
)
def test_an_order_is_a_command_of_the_contract(text: str, body: dict[str, Any]) -> None:
    found = understand(text)
    assert isinstance(found, Order)
    assert found.body == body
    parse_body(found.command, found.body)


NOISE = st.text(st.sampled_from(" \n\t#:-.!\"'()„“👍\x07\u200b"), max_size=4)


@given(NOISE, st.sampled_from(["ack", "Ack", "ACK"]), NOISE, st.integers(0, 2_000), NOISE)
def test_an_acknowledgement_survives_any_punctuation(
    before: str, verb: str, between: str, number: int, after: str
) -> None:
    assert order(f"{before}{verb}{between}{code_of(number)}{after}") == ("acknowledge", code_of(number), "")


PIECES = st.sampled_from(
    [
        "ack",
        "RES",
        "esc",
        "ok",
        "7K2",
        "k4w",
        "stop",
        "not",
        "yes",
        "hi\n",
        " ",
        "\n",
        ":",
        "fixed",
        "ü",
        "\x00",
        "\ud800",
    ]
)


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map("".join)))
def test_any_text_is_understood_or_not_and_its_words_can_be_kept(text: str) -> None:
    found = understand(text)
    assert isinstance(found, Order | CarrierWord | NotUnderstood)
    if isinstance(found, Order) and not found.words_missing:
        assert parse_body(found.command, found.body) is not None  # raises for words that no case takes


@pytest.mark.parametrize(
    "text", ["ＡＣＫ　７Ｋ２", "𝗔𝗖𝗞 𝟳𝗞𝟮", "\u202aACK 7K2\u202c", "\u2067ACK\u2069 7K\u20682", "\u200fACK 7K2"]
)
def test_letters_of_another_width_and_signs_of_direction_are_read_as_what_they_show(text: str) -> None:
    assert understand(text) == Order("acknowledge", "7K2")


def test_words_keep_what_another_letter_would_change() -> None:
    assert understand("RES 7K2 10² ｏｆ ½ …") == Order("resolve", "7K2", "10² of ½ …")
