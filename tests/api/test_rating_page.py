"""The customer's page: one press records how it was, a low score leads back to us, and nothing of ours is shown."""

import re
from datetime import timedelta
from typing import Any

import pytest
import structlog
from temporalio.service import RPCStatusCode

from api.cases import Cases
from domain.afterwards import LateSurvey
from records.afterwards import Afterwards
from tests.api.browser import Browser, Page
from tests.api.conftest import Api

CASE = "zendesk-4711"
NONCE = re.compile(r'name="nonce" value="[^"]*"')  # made at random: two signs of it may be anything
INTERNAL = "dana swapped the certificate of the gateway"


class Customer:
    """Somebody whose case was solved, with a link to say how it was."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.browser = Browser(api.client)

    def link(self, episode: int = 1, age: timedelta = timedelta(0)) -> str:
        return self.api.services.links.to_rate(CASE, episode, self.api.services.now() - age)

    async def opens(self, more: str = "", **how: Any) -> Page:
        return await self.browser.opens(self.link(**how) + more)

    async def rates(self, page: Page, score: int | str, **typed: str) -> Page:
        form = next(form for form in page.forms if ("score", "1") in form.buttons)
        return await self.browser.sends(page, {**form.fields, "score": str(score), **typed})

    async def survey(self, episode: int = 1) -> dict[str, Any] | None:
        found: dict[str, Any] | None = (await self.shown(episode))["survey"]
        return found

    async def shown(self, episode: int = 1) -> dict[str, Any]:
        found: dict[str, Any] = (await self.api.get(f"/v1/escalations/{CASE}?episode={episode}")).json()
        return found

    async def sees_it_closed(self) -> None:
        await self.api.say(CASE, "root-cause", category="tls", origin="ours", description=INTERNAL)
        assert (await self.api.say(CASE, "close")).json()["status"] == "closed"


@pytest.fixture
async def customer(api: Api, monkeypatch: pytest.MonkeyPatch) -> Customer:
    async def recorded(_: Cases, given: LateSurvey) -> dict[str, Any]:
        """What the follow-up does."""
        return Afterwards(api.services.database).record_survey(given, api.services.now()).document

    monkeypatch.setattr(Cases, "follow_up", recorded)
    await api.opened(customer={"id": "acme", "name": "Acme GmbH", "locale": "de", "tier": "vip"}, priority="critical")
    await api.say(CASE, "resolve", summary=INTERNAL)
    return Customer(api)


async def test_one_press_records_the_score_and_thanks(customer: Customer) -> None:
    page = await customer.opens()
    assert [value for _, value in page.forms[0].buttons] == ["1", "2", "3", "4", "5"]
    thanks = await customer.rates(page, 5)
    assert (thanks.status, thanks.language) == (200, "de")
    assert "Vielen Dank!" in thanks.words
    assert "Ihre Antwort: 5 von 5." in thanks.words
    survey = await customer.survey()
    assert survey is not None
    assert (survey["score"], survey["comment"]) == (5, None)


async def test_the_number_of_the_mails_button_is_only_shown_as_chosen(customer: Customer) -> None:
    page = await customer.opens("?score=4")
    assert 'value="4" aria-label="4 von 5" class="chosen"' in page.html
    assert "in der E-Mail 4 gewählt" in page.words
    for _ in range(3):
        await customer.browser.opens(f"{customer.link()}?score=4", "HEAD")
    assert await customer.survey() is None
    assert [one.name for _, one in customer.api.temporal.updates] == ["resolve"]
    assert "chosen" not in (await customer.opens("?score=6")).html


@pytest.mark.parametrize("closed", [False, True])
async def test_a_second_answer_takes_the_place_of_the_first_and_a_double_press_is_one(
    customer: Customer, closed: bool
) -> None:
    if closed:
        await customer.sees_it_closed()
    page = await customer.opens()
    for _ in range(2):
        await customer.rates(page, 3)
    await customer.rates(await customer.opens(), 4, comment="fast")
    survey = await customer.survey()
    assert survey is not None
    assert (survey["score"], survey["comment"]) == (4, "fast")
    rated = [one for one in customer.api.services.escalations.timeline(CASE, 1) if "rated" in one.text]
    assert len(rated) == (2 if closed else 0), "while it lives the workflow writes the history"
    assert "Ihre Antwort: 4 von 5." in (await customer.opens()).words


async def test_a_low_score_offers_to_look_again_and_a_good_one_does_not(customer: Customer) -> None:
    assert "again" in (await customer.rates(await customer.opens(), 2)).commands
    assert "again" not in (await customer.rates(await customer.opens(), 3)).commands


async def test_while_the_case_lives_looking_again_is_a_word_of_the_customer(customer: Customer) -> None:
    low = await customer.rates(await customer.opens(), 1)
    done = await customer.browser.presses(low, "again", text="It is back")
    assert "Wir sehen es uns noch einmal an" in done.words
    name, body = [(one.name, one.body) for _, one in customer.api.temporal.updates][-1]
    assert (name, body) == ("customer-reply", {"text": "It is back"})


async def test_once_it_is_closed_looking_again_begins_a_new_episode_once(customer: Customer) -> None:
    await customer.sees_it_closed()
    low = await customer.rates(await customer.opens(), 1)
    for _ in range(2):
        done = await customer.browser.presses(low, "again", text="It is back")
        assert "Wir sehen es uns noch einmal an" in done.words, done.words
    again = await customer.shown(2)
    assert (again["status"], again["reopened_from"], again["reopen_count"]) == ("open", 1, 1)
    origin = customer.api.temporal.inputs[CASE].opening
    assert origin is not None
    assert origin.origin is not None
    assert (origin.origin.by, origin.origin.reason) == ("customer", "It is back")
    assert customer.api.services.escalations.next_episode(CASE) == 3


async def test_the_answer_to_an_older_episode_stays_with_it(customer: Customer) -> None:
    await customer.sees_it_closed()
    await customer.api.say(CASE, "reopen", reason="again")
    await customer.rates(await customer.opens(), 4)
    assert ((await customer.survey(1) or {})["score"], await customer.survey(2)) == (4, None)


async def test_while_temporal_is_away_a_word_to_a_live_case_is_kept_and_for_a_closed_one_is_asked_again(
    customer: Customer,
) -> None:
    low = await customer.rates(await customer.opens(), 1)
    customer.api.temporal.error = RPCStatusCode.UNAVAILABLE
    assert "Wir sehen es uns noch einmal an" in (await customer.browser.presses(low, "again", text="one")).words
    assert [one.body for one in customer.api.services.commands.owed(10)] == [{"text": "one"}]
    customer.api.temporal.error = None
    await customer.sees_it_closed()
    customer.api.temporal.error = RPCStatusCode.UNAVAILABLE
    later = await customer.browser.presses(low, "again", text="two")
    assert (later.status, "Bitte noch einmal versuchen" in later.words) == (503, True)
    customer.api.temporal.error = None
    assert "Wir sehen es uns noch einmal an" in (await customer.browser.presses(low, "again", text="two")).words
    assert (await customer.shown(2))["status"] == "open"


async def test_a_customer_reads_nothing_of_ours(customer: Customer) -> None:
    await customer.sees_it_closed()
    page = await customer.opens()
    low = await customer.rates(page, 1)
    again = await customer.browser.presses(low, "again", text="It is back")
    refused = await customer.rates(page, 9)
    for one in (page, low, again, refused, await customer.opens()):
        for word in (INTERNAL, "certificate", "dana", "Dana", "kritisch", "critical", "L1", "support", "VIP", CASE):
            assert word not in NONCE.sub("", one.html), word


async def test_while_we_work_on_it_again_an_answer_is_refused_in_words(customer: Customer) -> None:
    page = await customer.opens()
    await customer.api.say(CASE, "reopen", reason="not solved")
    refused = await customer.rates(page, 5)
    assert (refused.status, "wir wieder an Ihrer Anfrage arbeiten" in refused.words) == (409, True)
    assert await customer.survey() is None


@pytest.mark.parametrize(
    ("score", "typed"), [("0", {}), ("6", {}), ("x", {}), ("", {}), ("5", {"comment": "a" * 20_001})]
)
async def test_what_is_no_answer_is_refused_in_words(customer: Customer, score: str, typed: dict[str, str]) -> None:
    refused = await customer.rates(await customer.opens(), score, **typed)
    assert (refused.status, "eine Zahl von 1 bis 5" in refused.words) == (422, True)
    assert await customer.survey() is None


async def test_a_customers_link_opens_no_case_and_ends_after_thirty_days(customer: Customer) -> None:
    page = await customer.opens()
    answer = await customer.browser.sends(page, {"nonce": "n", "command": "acknowledge"})
    assert answer.status == 422
    with structlog.testing.capture_logs() as logs:
        late = await customer.opens(age=timedelta(days=30, seconds=2))
    assert (late.status, "antworten Sie auf die E-Mail" in late.words, logs) == (403, True, [])
    assert (await customer.opens(episode=7)).status == 404
    assert (await customer.opens(age=timedelta(days=29))).status == 200
