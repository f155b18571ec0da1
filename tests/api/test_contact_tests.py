"""Contact tests at the API and on their page: who may test whom, how often, what is shown, and what is answered."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.service import RPCStatusCode

from api.inbound import act
from domain.contact_tests import MOST_SEGMENTS, sms
from domain.errors import NotAllowed
from domain.replies import Reached, understand
from domain.sms_segments import segments
from records.answers import MailAnswer
from records.contact_tests import ContactTests
from tests.api.conftest import Api
from tests.api.signed_in import visitor

PATH = "/v1/roster/people/{}/contact-test"


async def has_phone(api: Api, person: str, phone: str | None, email: str | None = "dana@tierline.example") -> None:
    roster = (await api.get("/v1/roster")).json()
    next(one for one in roster["people"] if one["id"] == person).update(phone=phone, email=email)
    assert (await api.call("PUT", "/v1/roster", json=roster)).status_code == 200


async def test_an_agent_tests_their_own_contact_and_an_operator_anybodys(api: Api) -> None:
    assert (await api.post(PATH.format("dana"), role="agent")).status_code == 201
    refused = await api.post(PATH.format("sam"), role="agent")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_yourself")
    begun = (await api.post(PATH.format("sam"), role="operator")).json()
    assert (begun["person"], begun["asked_by"], [one["channel"] for one in begun["channels"]]) == (
        "sam", "the operator", ["email"],
    )  # fmt: skip


async def test_there_is_one_test_of_a_person_in_a_minute_and_each_person_has_their_own(api: Api) -> None:
    assert (await api.post(PATH.format("dana"))).status_code == 201
    refused = await api.post(PATH.format("dana"))
    assert (refused.status_code, refused.json()["code"]) == (409, "contact_test_running")
    assert "try again in 60 s" in refused.json()["detail"]
    assert (await api.post(PATH.format("sam"))).status_code == 201
    now = api.services.now
    api.app.state.services = replace(api.services, now=lambda: now() + timedelta(minutes=1))
    assert (await api.post(PATH.format("dana"))).status_code == 201


async def test_a_retry_of_the_same_request_sends_nothing_twice(api: Api) -> None:
    first, second = [await api.post(PATH.format("dana"), headers={"Idempotency-Key": "k1"}) for _ in range(2)]
    assert (first.json(), second.status_code) == (second.json(), 201)
    await act(api.services)
    assert len(api.temporal.answers) == 1


async def test_unknown_people_and_people_without_an_address_are_refused(api: Api) -> None:
    assert (await api.post(PATH.format("nobody"))).json()["code"] == "person_not_found"
    assert (await api.get(PATH.format("nobody"))).json()["code"] == "person_not_found"
    assert (await api.get(PATH.format("dana"))).json()["code"] == "contact_test_not_found"
    await has_phone(api, "dana", None, None)
    refused = await api.post(PATH.format("dana"))
    assert (refused.status_code, refused.json()["code"]) == (409, "no_address")


async def test_while_temporal_is_away_the_test_is_kept_and_goes_out_when_it_is_back(api: Api) -> None:
    await has_phone(api, "dana", "+493023125101")
    api.temporal.error = RPCStatusCode.UNAVAILABLE
    begun = (await api.post(PATH.format("dana"))).json()
    await act(api.services)
    assert api.temporal.answers == []
    assert [one["status"] for one in (await api.get(PATH.format("dana"))).json()["channels"]] == ["queued"] * 2
    api.temporal.error = None
    await act(api.services)
    await act(api.services)
    assert sorted(api.temporal.answers) == [
        f"contact-test/dana/{begun['id']}/{channel}" for channel in ("email", "sms")
    ]


async def test_the_latest_test_is_shown_and_an_answer_counts_for_it(api: Api) -> None:
    tests, now = api.services.contact_tests, api.services.now()
    assert not tests.answered_latest("dana", "email", now)
    first = (await api.post(PATH.format("dana"))).json()
    clock = api.services.now
    api.app.state.services = replace(api.services, now=lambda: clock() + timedelta(minutes=2))
    second = (await api.post(PATH.format("dana"))).json()
    assert first["id"] != second["id"]
    assert tests.answered_latest("dana", "email", api.services.now())
    shown = (await api.get(PATH.format("dana"))).json()
    assert (shown["id"], shown["channels"][0]["answered_at"] is None) == (second["id"], False)
    older = tests.find("dana", first["id"])
    assert older is not None
    assert older.messages[0].answered_at is None
    assert not tests.answered_latest("dana", "email", api.services.now() + timedelta(days=1, minutes=3))


async def test_a_person_whose_id_looks_like_anothers_pattern_is_not_mixed_up(api: Api) -> None:
    roster = (await api.get("/v1/roster")).json()
    roster["people"] += [{"id": one, "name": one, "email": f"{one}@tierline.example"} for one in ("d_n", "dan")]
    assert (await api.call("PUT", "/v1/roster", json=roster)).status_code == 200
    await api.post(PATH.format("dan"))
    assert (await api.get(PATH.format("d_n"))).json()["code"] == "contact_test_not_found"


async def test_the_page_sends_a_test_and_shows_what_becomes_of_it(api: Api) -> None:
    someone = visitor(api)
    page = await someone.signs_in("operator", "/contact")
    assert page.form("contact-test").options["person"] == ["dana", "sam", "boss"]
    after = await someone.presses(page, "contact-test", person="sam")
    assert after.address.endswith("/contact?person=sam")
    assert "E-mail sam@tierline.example Waits to be sent. Not answered yet." in after.words
    assert after.headers["refresh"] == "2"
    again = await someone.presses(after, "contact-test")
    assert (again.status, "has just begun" in again.words) == (409, True)


async def test_on_the_page_an_agent_finds_only_themselves_whatever_they_send(api: Api) -> None:
    someone = visitor(api)
    page = await someone.signs_in("agent", "/contact")
    assert page.form("contact-test").fields["person"] == "dana"
    refused = await someone.presses(page, "contact-test", person="sam")
    assert (refused.status, "your own contact only" in refused.words) == (403, True)
    assert "Sam" not in (await someone.opens("/contact?person=sam")).words
    assert (await someone.presses(page, "contact-test")).status == 200


async def test_the_page_takes_no_form_without_this_sessions_token_and_no_viewer(api: Api) -> None:
    someone = visitor(api)
    page = await someone.signs_in("agent", "/contact")
    refused = await someone.sends(page, {"person": "dana"})
    assert (refused.status, api.services.contact_tests.latest("dana")) == (403, None)
    assert (await someone.signs_in("viewer", "/contact")).status == 403


async def test_a_link_to_confirm_opens_nothing_else_and_not_for_ever(api: Api) -> None:
    begun = (await api.post(PATH.format("dana"))).json()
    links, now = api.services.links, api.services.now()
    someone = visitor(api)
    page = await someone.opens(links.to_confirm("dana", begun["id"], "email", now))
    assert page.commands == ["confirm"]
    assert (await someone.opens(links.to_confirm("dana", begun["id"], "sms", now))).status == 404
    assert (await someone.opens(links.to_confirm("dana", "0000", "email", now))).status == 404
    late = await someone.opens(links.to_confirm("dana", begun["id"], "email", now - timedelta(days=1, seconds=2)))
    assert late.status == 403


def test_two_who_ask_at_once_begin_one_test(api: Api) -> None:
    """The store decides, not the route."""
    tests, now = ContactTests(api.services.database), api.services.now()
    message = MailAnswer("dana@tierline.example", "Did it reach you?", "Say so.", None, person="dana", asked_by="dana")

    def begins(number: int) -> bool:
        try:
            tests.begin(str(number), "dana", [message], now)
        except NotAllowed:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(begins, range(8))) == [False] * 7 + [True]


@pytest.mark.parametrize("text", ["TEST", "test", " Test!\n\nDana", "TEST\n\nOn Monday you wrote:"])
def test_the_word_is_understood_however_it_is_written(text: str) -> None:
    assert isinstance(understand(text), Reached)


@pytest.mark.parametrize("text", ["TEST it again tomorrow", "ACK 7K2", "the test failed", "TESTING"])
def test_what_only_begins_like_the_word_answers_no_test(text: str) -> None:
    assert not isinstance(understand(text), Reached)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("replies", [True, False])
def test_the_sms_keeps_to_two_segments_and_leaves_the_link_out_before_the_word(language: str, replies: bool) -> None:
    short, long = "https://tierline.example/r/" + "x" * 110, "https://tierline.example/r/" + "x" * 300
    text = sms("Tue 24 Nov 17:05 CET", short, replies, language)  # type: ignore[arg-type]
    assert segments(text) <= MOST_SEGMENTS
    assert (short in text, "TEST" in text) == (True, replies)
    if replies:
        assert long not in sms("Tue 24 Nov 17:05 CET", long, replies, language)  # type: ignore[arg-type]
