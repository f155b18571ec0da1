"""Replies by SMS: the case moves for who is known and says what is clear; everybody else is told what to write."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import httpx2
import pytest
from sqlalchemy import select

from activities.wording import short_time
from api.inbound import act
from domain.messages import Message, ResponderKind
from domain.outcome import Transition
from domain.view import called, document
from records.inbound import Inbound
from records.tables import inbound_events
from records.transitions import Transitions
from tests.api.conftest import Api
from tests.api.signing import by_twilio

INBOUND = "/v1/hooks/twilio/inbound"
DANA, SAM, STRANGER = "+493023125101", "+493023125102", "+493023125999"


class Phones:
    """Dana's and Sam's phones; both have been told of the cases that are open."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._sent = 0

    async def sends(self, number: str, text: str, sid: str | None = None) -> str:
        """An SMS to us; the text that comes back, empty for none."""
        self._sent += 1
        fields = {"MessageSid": sid or f"SM{self._sent}", "From": number, "To": "+15005550006", "Body": text}
        answer = await self.api.call("POST", INBOUND, None, **by_twilio(INBOUND, fields))
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("application/xml")
        return ElementTree.fromstring(answer.text).findtext("Message") or ""  # noqa: S314 - our own

    async def hear_of(self, ticket: str, subject: str = "Checkout is down", told: ResponderKind = "step") -> str:
        """A case opens and both are told of it; its code."""
        system = {"system": "zendesk", "id": ticket, "subject": subject}
        await self.api.opened(ticket, ticket=system)
        id, now = f"zendesk-{ticket}", self.api.services.now()
        opened = self.api.temporal.runs[id]
        state = self.api.temporal.runs[id] = opened.model_copy(update={"version": opened.version + 1})
        messages = tuple(
            Message(key=f"{id}.1/1/{told}/0.0/{who}/sms", kind=told, channel="sms", person=who, entry=1, at=state.at)
            for who in ("dana", "sam")
        )
        made = Transition(document=document(state), version=state.version, messages=messages)
        Transitions(self.api.services.database).record(made, now)
        for one in messages:
            self.api.services.outbound.claim(one.key, DANA, None, "Please acknowledge", now)
        return self.api.services.reply_codes.code_for(id, 1, now)

    async def shown(self, ticket: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.api.get(f"/v1/escalations/zendesk-{ticket}")).json()
        return found

    def commands(self) -> list[tuple[str, str | None]]:
        """What the cases were told, and by whom."""
        return [(command.name, command.by) for _, command in self.api.temporal.updates]


@pytest.fixture
async def phones(api: Api) -> Phones:
    roster = (await api.get("/v1/roster")).json()
    for person in roster["people"]:
        person["phone"] = {"dana": DANA, "sam": SAM}.get(person["id"])
    roster["people"][1]["locale"] = "de"
    assert (await api.call("PUT", "/v1/roster", json=roster)).status_code == 200
    return Phones(api)


async def test_ack_with_the_code_takes_the_case(phones: Phones) -> None:
    code = await phones.hear_of("1")
    assert (await phones.sends(DANA, f"ack {code.lower()}")).startswith(f"You own {code} now: Checkout is down.")
    assert (await phones.shown("1"))["owner"] == "dana"
    assert phones.commands() == [("acknowledge", "dana")]


async def test_with_one_open_case_the_code_may_be_left_out(phones: Phones) -> None:
    await phones.hear_of("1")
    await phones.sends(DANA, "ACK")
    assert (await phones.shown("1"))["owner"] == "dana"


async def test_with_several_open_cases_they_are_asked_which(phones: Phones) -> None:
    one, two = await phones.hear_of("1"), await phones.hear_of("2", "Login is slow")
    answer = await phones.sends(DANA, "ACK")
    assert "Which case?" in answer
    assert f"{two} Login is slow; {one} Checkout is down" in answer
    assert phones.commands() == []
    await phones.sends(DANA, f"ACK {two}")
    assert ((await phones.shown("1"))["owner"], (await phones.shown("2"))["owner"]) == (None, "dana")


async def test_res_resolves_with_the_words_that_follow(phones: Phones) -> None:
    code = await phones.hear_of("1")
    await phones.sends(DANA, f"ACK {code}")
    assert (await phones.sends(DANA, f"RES {code} fixed the certificate")).startswith(f"{code} is resolved")
    assert (await phones.shown("1"))["resolution"]["summary"] == "fixed the certificate"


async def test_esc_climbs_with_its_reason(phones: Phones) -> None:
    code = await phones.hear_of("1")
    assert f"{code} was escalated" in await phones.sends(DANA, f"ESC {code} needs network team")
    assert (await phones.shown("1"))["tier"]["name"] == "L2"


async def test_words_that_are_missing_are_asked_for_and_nothing_happens(phones: Phones) -> None:
    code = await phones.hear_of("1")
    assert f"RES {code}" in await phones.sends(DANA, f"RES {code}")
    assert phones.commands() == []


async def test_the_answer_is_in_the_readers_language(phones: Phones) -> None:
    code = await phones.hear_of("1")
    assert f"{code} gehört jetzt Ihnen" in await phones.sends(SAM, f"ACK {code}")


async def test_the_next_deadline_has_its_name_on_the_readers_clock_with_its_zone(phones: Phones) -> None:
    one, two = await phones.hear_of("1"), await phones.hear_of("2")
    said = await phones.sends(DANA, f"ACK {one}")
    named = re.search(r"Next deadline: (.+) by (\w{3} \d+ \w{3} \d\d:\d\d UTC)\.$", said)
    assert named, said
    running = [one for one in (await phones.shown("1"))["targets"] if one["status"] == "running"]
    first = min(running, key=lambda one: one["due_at"])
    assert named.groups() == (called(first), short_time(datetime.fromisoformat(first["due_at"]), "UTC", "en"))
    gesagt = await phones.sends(SAM, f"ACK {two}")
    assert re.search(r"Nächste Frist: .+ bis \w\w \d+\.\d+\. \d\d:\d\d UTC\.$", gesagt), gesagt


async def test_who_comes_second_hears_who_has_it(phones: Phones) -> None:
    code = await phones.hear_of("1")
    await phones.sends(SAM, f"ACK {code}")
    assert await phones.sends(DANA, f"ACK {code}") == f"{code} is already taken by Sam. Nothing was changed."
    assert (await phones.sends(SAM, f"ACK {code}")).startswith(f"{code} gehört jetzt Ihnen: Checkout is down.")


def has_written(phones: Phones, number: str, times: int) -> None:
    """So many SMS of the last hour, each answered."""
    now = phones.api.services.now()
    before = [(f"SM-before-{one}", {"From": number, "Body": "hello"}) for one in range(times)]
    phones.api.services.inbound.store_new("twilio-inbound", before, now)
    phones.api.services.inbound.all_handled([("twilio-inbound", id) for id, _ in before], now)


@pytest.mark.parametrize(
    ("number", "most", "last"),
    [
        (DANA, 100, "For an hour we answer no more texts; what they order is still done."),
        (SAM, 100, "Eine Stunde lang antworten wir auf keine SMS mehr; Befehle gelten weiter."),
        (STRANGER, 10, "For an hour we answer no more texts."),
    ],
)
async def test_a_number_hears_so_many_answers_an_hour_then_nothing_which_is_said_and_written_down(
    phones: Phones, number: str, most: int, last: str
) -> None:
    """An auto-responder answers each of ours, and would go on for ever."""
    has_written(phones, number, most - 3)
    answers = [await phones.sends(number, "I am away until Monday") for _ in range(6)]
    assert [bool(answer) for answer in answers] == [True] * 3 + [False] * 3
    assert [answer.endswith(last) for answer in answers[:3]] == [False, False, True]
    assert await phones.sends(DANA if number == SAM else SAM, "ACK"), "another number is answered"
    with phones.api.services.database.read() as connection:
        why = [body.get("unanswered") for body in connection.scalars(select(inbound_events.c.body))]
    assert why.count(f"{most} answers went to this number within an hour") == 3
    later = phones.api.services.now() + timedelta(hours=1, seconds=1)
    phones.api.app.state.services = replace(phones.api.services, now=lambda: later)
    assert await phones.sends(number, "I am back")


async def test_an_order_that_is_carried_out_is_answered_however_many_there_were(phones: Phones) -> None:
    has_written(phones, DANA, 200)
    code = await phones.hear_of("1")
    assert await phones.sends(DANA, "hello") == ""
    assert (await phones.sends(DANA, f"ACK {code}")).startswith(f"You own {code} now")
    assert (await phones.shown("1"))["owner"] == "dana"


async def test_orders_and_stop_start_and_test_use_up_no_answer(phones: Phones) -> None:
    has_written(phones, DANA, 98)
    code = await phones.hear_of("1")
    phones.api.temporal.worker = False
    for text in (f"ACK {code}", "STOP", "START", "TEST", f"ESC {code} network"):
        await phones.sends(DANA, text)
    assert "no more texts" not in await phones.sends(DANA, "hello")
    assert "no more texts" in await phones.sends(DANA, "hello"), "that was the hundredth"


async def test_an_order_that_is_refused_counts_as_an_answer_to_a_machine_would(phones: Phones) -> None:
    code = await phones.hear_of("1")
    await phones.sends(SAM, f"ACK {code}")
    has_written(phones, DANA, 99)
    assert "no more texts" in await phones.sends(DANA, f"ACK {code}")


@pytest.mark.parametrize("text", ["ACK", "RES 7K2 fixed it", "TEST"])
async def test_who_orders_from_an_unknown_number_hears_that_it_is_not_in_the_roster(phones: Phones, text: str) -> None:
    code = await phones.hear_of("1")
    for order in (text, f"ACK {code}"):
        answer = await phones.sends(STRANGER, order)
        assert "not in the roster" in answer
        assert "request" not in answer
        assert not [word for word in (code, "Checkout") if word in answer]
    assert phones.commands() == []


async def test_a_stranger_is_told_so_and_learns_nothing(phones: Phones) -> None:
    code = await phones.hear_of("1")
    for text in ("hello", f"is {code} mine?"):
        answer = await phones.sends(STRANGER, text)
        assert "could not match your number" in answer
        assert code not in answer
    assert phones.commands() == []


async def test_a_code_nobody_has_is_said(phones: Phones) -> None:
    assert "No open case has the code X9X" in await phones.sends(DANA, "ACK X9X")
    assert await phones.sends(DANA, "ACK") == "You have no open case, so nothing was done."


async def test_who_answers_a_case_that_is_over_hears_how_it_ended(phones: Phones) -> None:
    one, two = await phones.hear_of("1"), await phones.hear_of("2")
    await phones.api.say("zendesk-1", "cancel", reason="by mistake")
    await phones.api.say("zendesk-2", "resolve", by="dana", summary="restarted")
    await phones.api.say("zendesk-2", "root-cause", by="dana", category="disk", description="full", origin="ours")
    await phones.api.say("zendesk-2", "close", by="dana")
    said = phones.commands()
    assert await phones.sends(DANA, f"ACK {one}") == f"{one} was withdrawn. Nothing was changed."
    assert await phones.sends(SAM, f"RES {two} renewed it") == f"{two} ist schon geschlossen. Nichts wurde geändert."
    assert phones.commands() == said


@pytest.mark.parametrize("text", ["ACK ZZZ", "ACK 7K5", "RES ZZZ fixed it", "ESC 7K"])
async def test_a_mistyped_code_moves_nothing_and_the_open_case_is_named(phones: Phones, text: str) -> None:
    code = await phones.hear_of("1")
    mistyped = text.split()[1]
    answer = await phones.sends(DANA, text)
    assert answer == f"No open case has the code {mistyped}, so nothing was done. Yours: {code} Checkout is down"
    assert phones.commands() == []


async def test_words_without_a_code_still_move_the_only_open_case(phones: Phones) -> None:
    await phones.hear_of("1")
    await phones.sends(DANA, "ACK on it")
    await phones.sends(DANA, "RES fixed the certificate")
    assert phones.commands() == [("acknowledge", "dana"), ("resolve", "dana")]


@pytest.mark.parametrize("text", ["what is this?", "ACK not me", "", "👍", "a" * 5_000])
async def test_what_is_not_understood_is_answered_with_what_can_be_written(phones: Phones, text: str) -> None:
    code = await phones.hear_of("1")
    assert f"ACK {code}" in await phones.sends(DANA, text)
    assert phones.commands() == []


async def test_the_same_sms_twice_acts_and_is_answered_once(phones: Phones) -> None:
    code = await phones.hear_of("1")
    first = await phones.sends(DANA, f"ACK {code}", "SM-once")
    assert (first[:7], await phones.sends(DANA, f"ACK {code}", "SM-once")) == ("You own", "")
    assert phones.commands() == [("acknowledge", "dana")]


def left_over(phones: Phones, text: str) -> None:
    """An SMS whose request died a minute ago."""
    services = phones.api.services
    kept = [("SM-left", {"From": DANA, "Body": text})]
    Inbound(services.database).store_new("twilio-inbound", kept, services.now() - timedelta(minutes=1))


async def test_a_reply_kept_by_an_api_that_then_stopped_is_acted_on_by_the_next(phones: Phones) -> None:
    code = await phones.hear_of("1")
    left_over(phones, f"ACK {code}")
    await act(phones.api.services)
    assert (await phones.shown("1"))["owner"] == "dana"


@pytest.mark.parametrize("text", ["ACK", "RES restarted the pod"])
async def test_a_reply_without_a_code_never_reaches_a_case_that_opened_later(phones: Phones, text: str) -> None:
    await phones.hear_of("1")
    left_over(phones, text)
    await phones.api.say("zendesk-1", "cancel", reason="by mistake")
    await phones.hear_of("2")
    said = phones.commands()
    await act(phones.api.services)
    assert phones.commands() == said


async def test_a_reply_is_left_to_the_request_that_brought_it(phones: Phones) -> None:
    code, services = await phones.hear_of("1"), phones.api.services
    Inbound(services.database).store_new(
        "twilio-inbound", [("SM-now", {"From": DANA, "Body": f"ACK {code}"})], services.now()
    )
    assert await act(services) == 0
    assert phones.commands() == []


async def test_a_reply_that_comes_again_because_nobody_answered_is_answered(phones: Phones) -> None:
    code, services = await phones.hear_of("1"), phones.api.services
    Inbound(services.database).store_new(
        "twilio-inbound", [("SM-again", {"From": DANA, "Body": f"ACK {code}"})], services.now()
    )
    assert (await phones.sends(DANA, f"ACK {code}", "SM-again")).startswith(f"You own {code} now")
    assert await phones.sends(DANA, f"ACK {code}", "SM-again") == ""


async def test_a_resolved_case_and_one_only_watched_are_not_meant_without_a_code(phones: Phones) -> None:
    one, two = await phones.hear_of("1"), await phones.hear_of("2")
    await phones.sends(DANA, f"RES {one} restarted it")
    await phones.hear_of("3", told="watch")
    assert (await phones.sends(DANA, "ACK")).startswith(f"You own {two} now")


async def test_signs_that_xml_does_not_know_are_left_out_of_the_answer(phones: Phones) -> None:
    code = await phones.hear_of("1", "Checkout\ufffe is down")
    assert (await phones.sends(DANA, f"ACK {code}")).startswith(f"You own {code} now")


async def test_without_a_worker_the_word_is_kept_and_that_is_said(phones: Phones) -> None:
    code = await phones.hear_of("1")
    phones.api.temporal.worker = False
    assert "is kept and takes effect" in await phones.sends(DANA, f"ACK {code}")
    assert [command.name for _, command in phones.api.temporal.signals] == ["acknowledge"]


async def test_stop_is_remembered_and_start_forgives(phones: Phones) -> None:
    await phones.hear_of("1")
    assert await phones.sends(DANA, " stop ") == ""  # the carrier answers it
    [bad] = phones.api.services.bad_addresses.all()
    assert (bad.address, bad.fault, bad.reason) == (DANA, "opted_out", "wrote STOP")
    assert await phones.sends(DANA, "START") == ""
    assert phones.api.services.bad_addresses.all() == []
    assert phones.commands() == []


async def test_a_forged_sms_is_403_and_changes_nothing(phones: Phones) -> None:
    code = await phones.hear_of("1")
    forged = by_twilio(INBOUND, {"MessageSid": "SM1", "From": DANA, "Body": f"ACK {code}"}, token="another")
    answer: httpx2.Response = await phones.api.call("POST", INBOUND, None, **forged)
    assert (answer.status_code, answer.json()["code"]) == (403, "signature_wrong")
    assert phones.commands() == []


async def test_an_answer_with_angle_brackets_in_it_is_still_one_text(phones: Phones) -> None:
    code = await phones.hear_of("1", "<b>&Checkout</b>")
    assert "<b>&Checkout</b>" in await phones.sends(DANA, f"ACK {code}")


async def test_codes_are_one_for_each_episode(phones: Phones) -> None:
    codes = [await phones.hear_of(str(number)) for number in range(5)]
    assert len(set(codes)) == 5
    assert all(re.fullmatch(r"[A-Z0-9]{3}", code) for code in codes)
    services = phones.api.services
    assert services.reply_codes.code_for("zendesk-0", 1, services.now()) == codes[0]
    assert services.reply_codes.code_for("zendesk-0", 2, services.now()) not in codes
