"""What somebody wrote themselves, out of the mails that their mail programs make of it."""

from email.message import EmailMessage

import pytest

from api.mail_texts import LONGEST_KEPT
from domain.replies import Order, understand
from tests.api.mails import DANA, mail, read, wrote, wrote_html, wrote_in

QUOTES = {
    "gmail": "On Tue, 24 Nov 2026 at 17:05, Tierline <reply@tierline.example> wrote:\n\n> Please take\n> ACK 7K2",
    "gmail, wrapped": "On Tue, 24 Nov 2026 at 17:05, Tierline Escalations\n<reply@tierline.example> wrote:\n> ACK 9W2",
    "gmail, german": "Am Di., 24. Nov. 2026 um 17:05 Uhr schrieb Tierline <reply@tierline.example>:\n\n> Bitte annehmen",
    "gmail, german, wrapped": "Am Di., 24. Nov. 2026 um 17:05 Uhr schrieb Tierline <\nreply@tierline.example>:\n\n> Bitte",
    "apple, german": "Am 24.11.2026 um 17:05 schrieb Tierline <reply@tierline.example>:\n\n> Bitte annehmen",
    "outlook": "From: Tierline <r@tierline.example>\nSent: Tuesday, November 24, 2026 5:05 PM\nTo: Dana\nSubject: x\n\nACK 9W2",
    "outlook, german": "Von: Tierline <r@tierline.example>\nGesendet: Dienstag, 24. November 2026\nAn: Dana\nBetreff: x\n\nx",
    "outlook, with a line": "________________________________\nVon: Tierline <reply@tierline.example>\nGesendet: Dienstag\n\nx",
    "old outlook, german": "-----Ursprüngliche Nachricht-----\nVon: Tierline\nGesendet: Dienstag\nAn: Dana\nBetreff: x\n\nx",
    "old outlook": "-----Original Message-----\nFrom: Tierline\n\nACK 9W2",
    "signature": "-- \nDana Weiß\nSupport",
    "iphone": "Sent from my iPhone",
    "iphone, german": "Von meinem iPhone gesendet",
    "outlook on a phone": "Get Outlook for iOS",
    "outlook on a phone, german": "Hol dir Outlook für iOS",
    "regards, german": "Viele Grüße\nDana",
    "regards": "Best regards\nDana",
}


@pytest.mark.parametrize("below", QUOTES.values(), ids=QUOTES.keys())
def test_quotes_and_signatures_are_no_words_of_the_sender(below: str) -> None:
    assert (
        wrote(f"RES 7K2 fixed:\n- the certificate\n- the proxy\n\n{below}\n")
        == "RES 7K2 fixed:\n- the certificate\n- the proxy"
    )


def test_an_answer_below_the_quote_is_found() -> None:
    assert wrote("Am 24.11.2026 um 17:05 schrieb Tierline:\n> Bitte annehmen\n> ACK 9W2\n\nACK 7K2\n") == "ACK 7K2"


def test_an_answer_between_the_lines_of_the_quote_is_found() -> None:
    assert wrote("> Please take\n> it\nACK 7K2\n> or not\n") == "ACK 7K2"


def test_nothing_but_a_quote_is_nothing() -> None:
    assert wrote("\n> ACK 7K2\n> really\n") == ""


def test_words_about_mail_are_kept() -> None:
    assert (
        wrote("RES 7K2 done. Achtung: mail server restarts at 9") == "RES 7K2 done. Achtung: mail server restarts at 9"
    )


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252", "utf-16", "iso-8859-15", "cp437"])
def test_any_character_set_is_read(charset: str) -> None:
    assert wrote_in(charset, "RES 7K2 für Zürich gelöst".encode(charset)) == "RES 7K2 für Zürich gelöst"


@pytest.mark.parametrize(
    ("charset", "text"),
    [("shift_jis", "直した"), ("gb2312", "已修复"), ("koi8-r", "исправлено"), ("iso-2022-jp", "直した")],
)
def test_any_script_is_read(charset: str, text: str) -> None:
    assert wrote_in(charset, f"RES 7K2 {text}".encode(charset)) == f"RES 7K2 {text}"


@pytest.mark.parametrize(
    "charset",
    [
        "us-ascii",
        "nowhere",
        "",
        "utf-8",
        "rot13",
        "punycode",
        "unicode_escape",
        "idna",
        "base64",
        "undefined",
        "utf-32",
        "\x00",
    ],
)
def test_a_character_set_that_is_wrong_or_none_costs_no_letter(charset: str) -> None:
    assert wrote_in(charset, "RES 7K2 für Zürich gelöst".encode()) == "RES 7K2 für Zürich gelöst"
    assert wrote_in(charset, "RES 7K2 für Zürich gelöst".encode("cp1252")) == "RES 7K2 für Zürich gelöst"
    assert wrote_in(charset, rb"RES 7K2 re-started C:\x41") == r"RES 7K2 re-started C:\x41"


def test_western_european_is_read_as_mail_programs_mean_it() -> None:
    assert wrote_in("iso-8859-1", b"RES 7K2 \x93done\x94 for 5\x80") == "RES 7K2 “done” for 5€"


def test_nothing_that_a_store_cannot_keep_stays_in_the_text() -> None:
    assert wrote_in("utf-7", b"ACK 7K2 +2AA- \x00\x1b[31m\x7f") == "ACK 7K2 ?   [31m"


def test_plain_text_is_taken_before_html() -> None:
    assert read(mail("ACK 7K2", "<p>ESC 7K2 no</p>")).text == "ACK 7K2"
    assert read(mail(" \n", "<p>ESC 7K2 now</p>")).text == "ESC 7K2 now"


def test_an_empty_part_before_the_words_is_passed_over() -> None:
    parts = b"Content-Type: text/plain\n\n \n--b\nContent-Type: text/plain\n\nACK 7K2\n--b--"
    head = b"From: dana@tierline.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
    assert read(head + parts).text == "ACK 7K2"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>RES&nbsp;7K2 <b>fixed</b> it &amp; tested</p><p>5 &lt; 6</p>", "RES 7K2 fixed it & tested\n5 < 6"),
        ("ACK 7K2<br>on it<br/>soon", "ACK 7K2\non it\nsoon"),
        ("<div>ACK\n 7K2</div><div><br></div><blockquote>old</blockquote>", "ACK 7K2"),
        (
            '<div dir="ltr">ACK 7K2</div><div class="gmail_quote gmail_x">On Tue wrote:<blockquote>ACK 9W2</blockquote></div>',
            "ACK 7K2",
        ),
        ('ACK 7K2<div id="divRplyFwdMsg"><b>From:</b> Tierline</div>ACK 9W2', "ACK 7K2"),
        ("<p>ACK 7K2</p><p><b>Von:</b> Tierline<br><b>Gesendet:</b> heute<br><b>An:</b> Dana</p><p>ACK 9W2", "ACK 7K2"),
        (
            "<html><head><title>t</title><style>p {color: red}</style></head><script>ACK 9W2</script><body>ACK 7K2",
            "ACK 7K2",
        ),
        ("<!-- ACK 9W2 --><![if mso]>ACK 7K2<![endif]><?xml x?>", "ACK 7K2"),
        ("<blockquote>old</blockquote>ACK 7K2", "ACK 7K2"),
        ("ACK 7K2 if a<b and <", "ACK 7K2 if a<b and <"),
        ("ACK 7K2<style>never ended", "ACK 7K2"),
        ("ACK 7K2<!-- never ended", "ACK 7K2"),
    ],
)
def test_html_becomes_the_words_people_see(html: str, text: str) -> None:
    assert wrote_html(html) == text


def test_texts_that_are_attached_and_mails_in_a_mail_are_not_what_was_said() -> None:
    message = EmailMessage()
    message["From"] = DANA
    message.add_attachment("ACK 9W2", filename="notes.txt")
    inner = EmailMessage()
    inner.set_content("ACK 9W2")
    message.add_attachment(inner)
    assert read(message.as_bytes()).text == ""


def test_a_long_text_is_cut_and_its_letters_kept() -> None:
    paragraph = "RES 7K2 " + "ß word" * 400
    assert wrote_in("utf-8", paragraph.encode()) == paragraph
    assert len(wrote_in("utf-8", b"RES 7K2 " + b"word " * 10_000)) == LONGEST_KEPT


def test_from_the_form_to_the_order() -> None:
    found = understand(read(mail("Hallo,\n\nres 7k2: Zertifikat erneuert\n\nViele Grüße\nDana")).text)
    assert found == Order("resolve", "7K2", "Zertifikat erneuert")
