"""Mails made up to break the reading or to hold it up: each is read, or refused in words, and at once."""

import random
from contextlib import suppress
from email.message import EmailMessage
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.mail_replies import LONGEST_SUBJECT, MOST_PARTS, MailReply, read_mail
from api.mail_texts import LONGEST_KEPT
from domain.errors import Invalid
from tests.api.mails import DANA, FORM, form_fields, mail, read, sample, wrote_html


def quickly(raw: bytes) -> MailReply:
    """Reads a mail, in five seconds of this process at the most; the worst takes half a one here."""
    begun = process_time()
    found = read(raw)
    assert process_time() - begun < 5
    return found


def test_a_mail_with_pictures_of_some_megabytes_is_read_by_its_beginning() -> None:
    message = EmailMessage()
    message["From"] = DANA
    message.set_content("ACK 7K2")
    message.add_attachment(bytes(3_000_000), maintype="image", subtype="png", filename="screen.png")
    assert quickly(message.as_bytes()).text == "ACK 7K2"


def nested(depth: int) -> bytes:
    return b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (at, at) for at in range(depth))


MEGABYTE = 1_000_000
HTML = b"Content-Type: text/html\n\n"
BOMBS = {
    "empty lines": b"\n" + b"\n" * MEGABYTE,
    "blanks": b"\n" + b" " * MEGABYTE,
    "one line": b"\n" + b"A" * MEGABYTE,
    "headers": b"A: b\n" * (MEGABYTE // 5),
    "a header without end": b"Subject: " + b"=?utf-8?q?x?= " * (MEGABYTE // 14),
    "quotes in a type": b'Content-Type: multipart/mixed; a="' + b'";' * (MEGABYTE // 2),
    "quotes in a folded type": b"Content-Type: multipart/mixed; a=\n" + b' ";\n' * (MEGABYTE // 4),
    "parts in parts": nested(2_000),
    "parts in parts and many lines": nested(MOST_PARTS - 1) + b"\n" * MEGABYTE,
    "mails in mails": b"Content-Type: message/rfc822\n\n" * 2_000,
    "the same boundary in parts in parts": b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" * 2_000,
    "On and no wrote": b"\n" + b"On " * (MEGABYTE // 3),
    "lines of On": b"\n" + (b"On " * 99 + b"\n") * 3_000,
    "Am and no schrieb": b"\n" + b"Am schrieb " * (MEGABYTE // 11),
    "lines of Am": b"\n" + (b"Am schrieb " * 27 + b"\n") * 3_000,
    "lines of Den": b"\n" + (b"Den skrev " * 29 + b"\n") * 3_000,
    "lines of Op": b"\n" + (b"Op schreef " * 27 + b"\n") * 3_000,
    "days and addresses": b"\n" + b"24 <" * (MEGABYTE // 4),
    "ends of links": b"\n" + b"a." * (MEGABYTE // 2),
    "From lines": b"\n" + b"From: x\n" * (MEGABYTE // 8),
    "stars": b"\n" + b"* " * (MEGABYTE // 2),
    "Sent from": b"\n" + b"Sent from my a b c d\n" * (MEGABYTE // 21),
    "opened tags": HTML + b"<a " * (MEGABYTE // 3),
    "opened comments": HTML + b"<!--" * (MEGABYTE // 4),
    "opened strings": HTML + b"<a b='" * (MEGABYTE // 6),
    "nested blocks": HTML + b"<div><blockquote>" * (MEGABYTE // 17),
    "long tags": HTML + (b"<a " + b"a/" * 1_900 + b">") * (MEGABYTE // 3_800),
    "ampersands": HTML + b"&#x" * (MEGABYTE // 3),
    "punycode": b"Content-Type: text/plain; charset=punycode\n\na-" + b"b" * MEGABYTE,
    "noise": b"\n" + random.Random(1).randbytes(MEGABYTE),  # noqa: S311 - noise, the same in each run
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_megabyte_made_up_to_be_slow_is_read_quickly(bomb: bytes) -> None:
    found = quickly(b"From: dana@tierline.example\n" + bomb)
    assert len(found.text) <= LONGEST_KEPT
    assert len(found.subject) <= LONGEST_SUBJECT


LINES = mail("ACK 7K2\n\nAm 24.11. schrieb X:\n> y\n", "<p>ACK 7K2</p><blockquote>y</blockquote>").split(b"\n")


def is_mail_or_refused(fields: dict[str, bytes]) -> None:
    with suppress(Invalid):
        found = read_mail(fields)
        kept = "".join([found.text, found.subject, found.sender, found.message_id, *found.recipients])
        assert "\x00" not in kept
        assert kept.encode() or not kept  # no half characters, which no store takes


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_is_broken_in_a_mail_it_is_read_or_refused(data: st.DataObject) -> None:
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        kind = data.draw(st.sampled_from(["gone", "twice", "cut", "noise", "moved"]))
        if kind == "gone" and len(lines) > 1:
            del lines[at]
        elif kind == "twice":
            lines.insert(at, lines[at])
        elif kind == "cut":
            lines[at] = lines[at][: data.draw(st.integers(0, 40))]
        elif kind == "noise":
            lines[at] = lines[at][:10] + data.draw(st.binary(max_size=20))
        else:
            lines.append(lines.pop(at))
    is_mail_or_refused({"email": b"\n".join(lines), "envelope": data.draw(st.binary(max_size=20))})


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["email", "headers", "text", "html", "dkim", "SPF", "envelope", "charsets"]),
        st.binary(max_size=80),
    )
)
def test_any_fields_are_a_mail_or_refused(fields: dict[str, bytes]) -> None:
    is_mail_or_refused({**fields, "email": b"From: dana@tierline.example\n" + fields.get("email", b"")})
    is_mail_or_refused(
        {**fields, "headers": b"From: dana@tierline.example\n" + fields.get("headers", b""), "email": b""}
    )


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="<>/!-&#;ab='\" \npdivscript?[]", max_size=120))
def test_any_markup_becomes_a_text(html: str) -> None:
    assert len(wrote_html(html)) <= LONGEST_KEPT


ENVELOPES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9), lambda one: st.lists(one, max_size=3)
)


@given(st.dictionaries(st.sampled_from(["to", "from", "text", "x"]), ENVELOPES) | ENVELOPES)
def test_any_envelope_is_taken(envelope: object) -> None:
    assert read(mail(), "none", "pass", envelope).sender == "dana@tierline.example"


FORM_LINES = sample("raw_data.txt").split(b"\r\n")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_is_broken_in_a_form_it_is_read_or_refused(data: st.DataObject) -> None:
    lines = list(FORM_LINES)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at] = data.draw(st.sampled_from([b"", b"--xYzZY", lines[at] * 2, lines[at][:9]]) | st.binary(max_size=20))
    with suppress(Invalid):
        assert isinstance(form_fields(FORM, b"\r\n".join(lines)), dict)
