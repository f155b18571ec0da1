"""What is too much for one person goes out as one message: an e-mail has all of it, an SMS lists the cases."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from sqlalchemy import update
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.providers.port import AnswerLost, Refused, Sent
from activities.reading import Case
from activities.rendering import Rendered, Renderer, TemplateFault
from activities.samples import REFERENCE, sample
from activities.sending import Sending
from activities.sms_text import MOST_SEGMENTS
from activities.together import one_sms
from activities.wording import LANGUAGES, Language
from domain.identity import reference_of
from domain.messages import Message, ResponderKind, SendResult
from domain.outcome import Transition
from domain.replies import quoted_code
from domain.sms_segments import segments
from domain.tickets import Channel, PersonalChannel
from records.crowding import CROWDED
from records.database import Database
from records.outbound import Outbound
from records.stored import POSSIBLE_DUPLICATE
from records.tables import messages as rows
from records.transitions import Transitions
from tests.activities.cases import NOW, message, shown
from tests.activities.posts import Pigeons, Post

PER_MINUTE = 1


class Desk:
    """Many cases of one morning, and a sender that lets one message a minute through."""

    def __init__(self, db: Database, renderer: Renderer, channel: Channel) -> None:
        self.db, self.channel = db, channel
        self.post = Post(channel, *[Sent(f"M{number}") for number in range(9)])
        url = "https://tierline.example/"
        self.sending = Sending(
            db, {channel: self.post}, renderer, url, frozenset({"sms", "email"}), per_minute=PER_MINUTE
        )

    def case(self, number: int, subject: str = "Checkout is down", person: str = "eve") -> Message:
        """Case `number` opens and somebody is to be told."""
        id = f"zendesk-{number}"
        made = message("step", self.channel, person, due_at="2099-11-24T16:05:00Z")
        made = made.model_copy(update={"key": made.key.replace("zendesk-4711", id)})
        document = shown() | {"id": id}
        document["ticket"] = document["ticket"] | {"id": str(number), "subject": subject}
        Transitions(self.db).record(Transition(document=document, version=1, messages=(made,)), NOW)
        return made

    def send(self, what: Message, patience: timedelta = timedelta(hours=1)) -> SendResult:
        environment = ActivityEnvironment()
        environment.info = replace(
            environment.info, scheduled_time=datetime.now(UTC), schedule_to_close_timeout=patience
        )
        return environment.run(self.sending.send, what)

    def crowded(self, numbers: Sequence[int], **case: Any) -> list[Message]:
        """One message has gone out, these wait behind it, and the minute is over."""
        self.send(self.case(1, **case))
        found = [self.case(number, **case) for number in numbers]
        for one in found:
            with pytest.raises(ApplicationError) as later:
                self.send(one)
            assert later.value.type == CROWDED
            assert later.value.next_retry_delay is not None
        with self.db.write() as connection:
            earlier = datetime.now(UTC) - timedelta(minutes=2)
            connection.execute(update(rows).where(rows.c.claimed_at.is_not(None)).values(claimed_at=earlier))
        return found

    def status(self, what: Message) -> str:
        return Outbound(self.db).load(what.key).record.status


@pytest.fixture
def mail(db: Database, renderer: Renderer) -> Desk:
    return Desk(db, renderer, "email")


@pytest.fixture
def sms(db: Database, renderer: Renderer) -> Desk:
    return Desk(db, renderer, "sms")


def test_one_email_has_every_message_under_the_other(mail: Desk) -> None:
    first, second, third = mail.crowded([2, 3, 4])
    assert mail.send(first).status == "sent"
    one_for_all = mail.post.sent[-1]
    assert (one_for_all.subject or "").startswith("3 messages: [high] Please acknowledge")
    assert one_for_all.text.count("Checkout is down (high): take it by ") == 3, "a list of what came up stands on top"
    for number in (2, 3, 4):
        assert f"case: zendesk-{number}" in one_for_all.text
        assert f"case: zendesk-{number}" in (one_for_all.html or "")
    assert [mail.status(one) for one in (first, second, third)] == ["sent"] * 3
    assert Outbound(mail.db).load(first.key).record.text == one_for_all.text


def test_those_that_went_along_are_not_sent_again(mail: Desk) -> None:
    first, *others = mail.crowded([2, 3])
    mail.send(first)
    assert [mail.send(one).status for one in others] == ["sent"]
    assert len(mail.post.sent) == 2


def test_an_sms_lists_the_cases_with_the_codes_to_answer_with(sms: Desk) -> None:
    first, *others = sms.crowded([2, 3], person="dana")
    sms.send(first)
    text = sms.post.sent[-1].text
    assert text.startswith("2 Nachrichten: ")
    assert text.count("Checkout is down (hoch): annehmen bis Di 24.11. 16:05 UTC") == 2
    assert ". Antwort: ACK und Code #" in text
    assert text.endswith(f"#{reference_of(first.key)}")
    assert segments(text) <= MOST_SEGMENTS
    assert [sms.status(one) for one in others] == ["sent"]


def test_what_an_sms_has_no_room_for_goes_out_later(sms: Desk) -> None:
    found = sms.crowded(range(2, 12), subject="The checkout of the whole shop is down again", person="dana")
    sms.send(found[0])
    text = sms.post.sent[-1].text
    assert segments(text) <= MOST_SEGMENTS
    listed = text.count("(hoch): ")
    assert 1 < listed < 10
    assert text.startswith(f"{listed} Nachrichten: ")
    assert Counter(map(sms.status, found)) == {"sent": listed, "waiting": 10 - listed}


def test_where_not_even_two_have_room_the_first_goes_out_as_it_is(sms: Desk) -> None:
    first, second = sms.crowded([2, 3], subject="Касса " * 30, person="dana")
    sms.send(first)
    assert sms.post.sent[-1].text.startswith("Hoch: Касса")
    assert sms.status(second) == "waiting"


def test_a_refused_message_leaves_the_others_to_themselves(sms: Desk) -> None:
    first, second = sms.crowded([2, 3], person="dana")
    sms.post.answers[0] = Refused("30007", "filtered as spam")
    assert sms.send(first).status == "failed"
    assert sms.status(second) == "waiting"


def test_whose_time_is_nearly_up_goes_out_at_once(mail: Desk) -> None:
    mail.send(mail.case(1))
    assert mail.send(mail.case(2), patience=timedelta(seconds=90)).status == "sent"


def test_what_waited_does_not_read_as_if_it_had_been_tried(mail: Desk) -> None:
    first, _ = mail.crowded([2, 3])
    mail.send(first)
    assert Outbound(mail.db).load(first.key).record.reason is None


def test_what_waits_is_not_sent_by_an_earlier_message_that_is_found(db: Database, renderer: Renderer) -> None:
    desk = Desk(db, renderer, "sms")
    post = Pigeons("sms", AnswerLost("read timed out"))
    desk.sending = Sending(db, {"sms": post}, renderer, "https://tierline.example/", per_minute=PER_MINUTE)
    first = desk.case(1, person="dana")
    with pytest.raises(ApplicationError):
        desk.send(first)
    second = desk.case(2, person="dana")
    with pytest.raises(ApplicationError):
        desk.send(second)
    post.there = Sent("SM1")
    assert desk.send(first).status == "sent"
    assert desk.status(second) == "waiting"


def test_one_that_cannot_be_said_does_not_hold_up_the_others(mail: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    first, broken, third = mail.crowded([2, 3, 4])
    render = Renderer.render

    def faulty(renderer: Renderer, case: Case, reference: str) -> Rendered:
        if case.message.key == broken.key:
            raise TemplateFault("step.email.j2: division by zero")
        return render(renderer, case, reference)

    monkeypatch.setattr(Renderer, "render", faulty)
    assert mail.send(first).status == "sent"
    assert [mail.status(one) for one in (first, broken, third)] == ["sent", "failed", "sent"]
    assert "case: zendesk-3" not in mail.post.sent[-1].text


def test_an_answer_without_a_code_cannot_hit_one_of_many_cases(mail: Desk) -> None:
    mail.send(mail.case(1))
    assert quoted_code(f"Re: {mail.post.sent[-1].subject}") is not None
    first, _ = mail.crowded([2, 3])
    mail.send(first)
    assert (mail.post.sent[-1].subject or "").startswith("2 messages: ")
    assert quoted_code(f"Re: {mail.post.sent[-1].subject}") is None
    assert mail.post.sent[-1].text.count("reply to this message with: ACK ") == 2


def test_in_doubt_it_goes_out_by_itself_and_says_that_it_may_be_the_second(mail: Desk) -> None:
    first, second = mail.crowded([2, 3])
    mail.post.answers = [AnswerLost("timed out"), Refused("401", "unauthorised"), Sent("M9")]
    with pytest.raises(ApplicationError):
        mail.send(first)
    assert mail.send(first).status == "failed"
    assert mail.send(second, patience=timedelta(seconds=90)).status == "sent"
    record = Outbound(mail.db).load(second.key).record
    assert (record.status, record.code) == ("sent", POSSIBLE_DUPLICATE)


# What came up, case by case


def said(
    kind: ResponderKind, channel: PersonalChannel = "sms", language: Language = "en", number: int = 1, **facts: str
) -> Case:
    """A message to dana of this kind, of the case with this number."""
    made = sample(kind, channel, language)
    document = {**made.document, "id": f"zendesk-{number}"}
    told = made.message.model_copy(update={"facts": {**made.message.facts, **facts}})
    return replace(made, message=told, document=document, code=f"7K{number + 1}")


def bundled(renderer: Renderer, *cases: Case) -> Rendered:
    made, count = renderer.together([(case, renderer.render(case, REFERENCE)) for case in cases], REFERENCE)
    assert count == len(cases)
    return made


def test_replies_of_one_customer_are_one_line_that_says_so(renderer: Renderer) -> None:
    text = bundled(renderer, *[said("customer_replied", text=f"Still down {one}") for one in range(4)]).text
    assert text == f"4 messages: 7K2 Checkout is down (critical): customer replied x4. #{REFERENCE}"


def test_an_sms_says_of_each_case_what_came_up_and_in_two_segments(renderer: Renderer) -> None:
    told = [said("customer_replied"), said("step", number=2), said("customer_replied"), said("warning")]
    text = bundled(renderer, *told).text
    assert text == (
        "4 messages: 7K2 Checkout is down (critical): customer replied x2, time runs out, due Wed 25 Nov 17:00 CET; "
        f"7K3 Checkout is down (critical): take it by Tue 24 Nov 17:15 CET. Reply ACK and the code #{REFERENCE}"
    )
    assert segments(text) <= MOST_SEGMENTS


def test_an_sms_says_it_in_german(renderer: Renderer) -> None:
    text = bundled(renderer, *[said("customer_replied", language="de")] * 2, said("step", language="de", number=2)).text
    assert "7K2 Kasse funktioniert nicht (kritisch): Kunde hat geantwortet x2; 7K3" in text
    assert "annehmen bis Di 24.11. 17:15 MEZ. Antwort: ACK und Code" in text


def test_nobody_is_asked_to_take_a_case_that_is_theirs(renderer: Renderer) -> None:
    for kind in ("customer_replied", "assigned", "promise_reminder", "watch"):
        assert "ACK" not in bundled(renderer, said(kind), said(kind, number=2)).text
    assert "Reply ACK and the code" in bundled(renderer, said("customer_replied"), said("step", number=2)).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_has_words_of_its_own(renderer: Renderer, language: Language) -> None:
    kinds: tuple[ResponderKind, ...] = get_args(ResponderKind)
    texts = [bundled(renderer, *[said(kind, language=language)] * 2).text for kind in kinds]
    bare = [one_sms([without_more(said(kind, language=language))] * 2, language, "")[0] for kind in kinds]
    for made in (texts, bare):
        assert len({text.partition("): ")[2] for text in made}) == len(kinds)
        assert not [text for text in made if "None" in text or "{" in text]


def without_more(case: Case) -> Case:
    """The same message of a case of which nothing more is known."""
    message = case.message.model_copy(update={"facts": {}})
    return replace(case, message=message, document={**case.document, "targets": []})


def test_a_time_that_is_past_is_not_promised(renderer: Renderer) -> None:
    late = said("step", due_at="2020-11-24T16:05:00Z")
    assert "take it x2." in bundled(renderer, late, late).text


def test_an_email_says_what_came_up_and_what_the_customer_wrote_each_time(renderer: Renderer) -> None:
    made = bundled(
        renderer,
        said("customer_replied", "email", text="The shop is down"),
        said("customer_replied", "email", text="The till as well"),
        said("step", "email", number=2),
    )
    assert made.text.startswith(
        "- 7K2 Checkout is down (critical): customer replied x2\n- 7K3 Checkout is down (critical): take it by "
    )
    assert made.text.count("The customer replied: Checkout is down") == 2
    for part in (made.text, made.html or ""):
        assert part.count("The reply:") == 2
        for words in ("The shop is down", "The till as well", "Please acknowledge: Checkout is down"):
            assert words in part
