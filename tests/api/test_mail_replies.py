"""E-mails that come in: the form, the envelope, who is proven to have written, and what only a machine writes."""

import pytest

from api.mail_replies import read_mail
from domain.errors import Invalid
from tests.api.mails import FORM, form_fields, mail, read, sample

# the form


def test_the_raw_form_of_sendgrid() -> None:
    found = read_mail(form_fields(FORM, sample("raw_data.txt")))
    assert (found.sender, found.recipients) == ("test@example.com", ("inbound@inbound.inbound.com",))
    assert (found.subject, found.text) == ("Inbound Parse Test Raw Data", "Hello Twilio SendGrid!")
    assert (found.automatic, found.authentic) == (None, True)


def test_the_form_that_sendgrid_has_taken_apart() -> None:
    found = read_mail(form_fields(FORM, sample("default_data.txt")))
    assert (found.sender, found.text) == ("test@example.com", "Hello Twilio SendGrid!")


def test_attachments_are_left_out() -> None:
    found = read_mail(form_fields(FORM, sample("raw_data_with_attachments.txt")))
    assert found.text == "Hello Twilio SendGrid!"
    a_file = b'--xYzZY\r\nContent-Disposition: form-data; name="text"; filename="t"\r\n\r\nACK 7K2\r\n'
    with_file = a_file + sample("default_data.txt")
    assert form_fields(FORM, with_file) == form_fields(FORM, sample("default_data.txt"))


def test_fields_come_as_they_were_sent_in_any_character_set() -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nRES 7K2 gel\xf6st\r\n--x--\r\n'
    fields = form_fields("multipart/form-data; boundary=x", body)
    assert fields == {"text": b"RES 7K2 gel\xf6st"}
    headers = {"headers": b"From: dana@tierline.example", "charsets": b'{"text": "iso-8859-1"}'}
    assert read_mail({**fields, **headers}).text == "RES 7K2 gelöst"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, b""),
        (FORM, b"{}"),
        (FORM, sample("raw_data.txt")[:-20]),
        (FORM, b"--xYzZY\r\nContent-Disposition: form-data\r\n\r\nx\r\n--xYzZY--"),
        (FORM, b"--xYzZY\r\n" + b"A: b\r\n" * 20 + b"\r\nx\r\n--xYzZY--"),
        ("multipart/form-data", sample("raw_data.txt")),
        ("multipart/form-data; boundary=", b"----"),
        ("application/json", b"{}"),
        ("", b"x"),
    ],
)
def test_what_is_no_form_is_refused_in_words(kind: str, body: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        form_fields(kind, body)
    assert refused.value.code == "invalid_form"


# the envelope and the headers


@pytest.mark.parametrize("fields", [{}, {"email": b""}, {"text": b"ACK 7K2", "from": b"dana@tierline.example"}])
def test_a_form_without_a_mail_is_refused_with_what_to_set(fields: dict[str, bytes]) -> None:
    with pytest.raises(Invalid, match="tick 'POST the raw") as refused:
        read_mail(fields)
    assert (refused.value.code, refused.value.field) == ("invalid_mail", "email")


@pytest.mark.parametrize(
    "senders",
    [
        *(b"", b"From: \n", b"From: Dana\n", b"From: dana@a.example, eve@b.example\n"),
        *(
            b"From: dana@a.example\nFrom: eve@b.example\n",
            b"From: <dana@a.example> <eve@b.example>\n",
            b"From: a@b@c.example\n",
        ),
    ],
)
def test_a_mail_that_does_not_say_clearly_who_sent_it_is_refused(senders: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        read(senders + b"Subject: x\n\nACK 7K2\n")
    assert (refused.value.code, refused.value.field) == ("invalid_mail", "from")


@pytest.mark.parametrize(
    "sender",
    [
        *(
            "dana@tierline.example",
            "<Dana@Tierline.example>",
            '"Weiß, Dana" <dana@tierline.example>',
            "dana@tierline.example (Dana)",
        ),
        *(
            "=?utf-8?b?RGFuYSA8ZXZlQGV2aWwuZXhhbXBsZT4=?= <dana@tierline.example>",
            "eve@evil.example <dana@tierline.example>",
        ),
    ],
)
def test_the_address_counts_and_not_the_name_around_it(sender: str) -> None:
    assert read(f"From: {sender}\n\nACK".encode()).sender == "dana@tierline.example"


def test_whom_it_went_to_is_the_envelopes_word_before_the_headers() -> None:
    assert read(mail(To="a@b.example, C <c@d.example>")).recipients == ("reply@in.tierline.example",)
    assert read(mail(To="a@b.example, C <C@d.example>"), envelope=[]).recipients == ("a@b.example", "c@d.example")


def test_the_same_mail_has_the_same_id_and_another_mail_another() -> None:
    assert read(mail(Message_ID="<abc@mail.example>")).message_id == "abc@mail.example"
    bare, other = b"From: dana@tierline.example\n\nACK", b"From: dana@tierline.example\n\nESC"
    assert read(bare).message_id == read(bare).message_id != read(other).message_id
    endless = read(mail(Message_ID=f"<{'x' * 300}@y>")).message_id
    assert len(endless) < 100


@pytest.mark.parametrize(
    ("subject", "read_as"),
    [
        (b"=?utf-8?q?Gel=C3=B6st?= =?iso-8859-1?b?5A==?=", "Gelöstä"),
        (b"Gel\xc3\xb6st", "Gelöst"),
        (b"Gel\xf6st", "Gelöst"),
        (b"=?nowhere?q?x?=", "=?nowhere?q?x?="),
        (b"=?utf-8?q?a=0D=0ABcc=3A_x=00?=", "a Bcc: x"),
        (b"a\n b", "a b"),
    ],
)
def test_subjects_of_any_kind_are_one_clean_line(subject: bytes, read_as: str) -> None:
    assert read(b"From: dana@tierline.example\nSubject: " + subject + b"\n\nx").subject == read_as


# who is proven


@pytest.mark.parametrize(
    ("dkim", "spf", "return_path", "proven"),
    [
        ("{@tierline.example : pass}", "fail", "x@elsewhere.example", True),
        ("{@mailer.example : fail, @tierline.example : pass}", "none", "", True),
        ("{@mailer.example : fail}{@Tierline.Example:PASS}", "none", "", True),
        ("none", "pass", "dana@tierline.example", True),
        ("none", "pass", "Bounce@TIERLINE.example", True),
        ("{@evil.example : pass}", "pass", "dana@evil.example", False),
        ("{@tierline.example : fail}", "softfail", "dana@tierline.example", False),
        ("{@tierline.example : temperror}", "neutral", "dana@tierline.example", False),
        ("{@example : pass}", "none", "", False),
        ("{@nottierline.example : pass}", "none", "", False),
        ("{@tierline.example.evil.example : pass}", "none", "", False),
        ("{@sub.tierline.example : pass}", "none", "", False),
        ("none", "pass", "", False),
        ("none", "pass", "dana", False),
        ("{evil : x, @tierline.example : pass}", "none", "", False),
        ("@tierline.example : pass", "none", "", False),
        ("", "", "dana@tierline.example", False),
    ],
)
def test_only_the_domain_in_from_can_prove_who_sent_it(dkim: str, spf: str, return_path: str, proven: bool) -> None:
    assert read(mail(), dkim, spf, {"to": [], "from": return_path}).authentic is proven


def test_a_domain_vouches_for_those_below_it() -> None:
    raw = mail(From="dana@mail.tierline.example")
    assert read(raw).authentic
    assert read(raw, "none", "pass").authentic


def test_a_form_without_results_proves_nothing() -> None:
    assert not read_mail({"email": mail()}).authentic


# machines


@pytest.mark.parametrize(
    "headers",
    [
        *({"Auto_Submitted": value} for value in ("auto-replied", "auto-generated; owner=x")),
        *({name: "yes"} for name in ("X_Autoreply", "X_Autorespond", "X_Auto_Reply")),
        *({"Precedence": value} for value in ("bulk", "auto_reply", "list")),
        *({"From": "MAILER-DAEMON@x.example"}, {"From": "postmaster@x.example"}, {"Return_Path": "<>"}),
    ],
)
def test_what_a_machine_sends_is_marked(headers: dict[str, str]) -> None:
    assert read(mail(**headers)).automatic


@pytest.mark.parametrize(
    "subject",
    [
        *(
            "Out of Office: back Monday",
            "Out of the office",
            "Automatic reply: ACK 7K2",
            "Auto-Reply: x",
            "Autoreply",
            "AutoResponse",
        ),
        *(
            "Abwesenheitsnotiz",
            "=?utf-8?q?Abwesend?=",
            "Automatische Antwort: x",
            "Ich bin nicht im Büro",
            "Urlaubsvertretung",
        ),
        *(
            "Undeliverable: x",
            "Unzustellbar: x",
            "Delivery Status Notification (Failure)",
            "Mail delivery failed",
            "Returned mail",
        ),
    ],
)
def test_what_only_the_subject_shows_to_be_a_machines_is_marked(subject: str) -> None:
    assert read(mail(Subject=subject)).automatic == "subject"


def test_delivery_reports_and_empty_return_paths_are_marked() -> None:
    assert read(mail(), envelope={"to": [], "from": ""}).automatic == "empty return path"
    report = b"From: x@y.example\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: text/plain\n\nACK 7K2\n--b--"
    assert read(report).automatic == "delivery report"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Auto_Submitted": "no"},
        {"Subject": "Re: [high] Please acknowledge: Out of office replies fail"},
        {"Precedence": "normal"},
    ],
)
def test_what_a_person_answers_is_not(headers: dict[str, str]) -> None:
    assert read(mail(**headers)).automatic is None
