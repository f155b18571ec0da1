"""A team's own system: which addresses a roster may name, what its messages are signed with, and when it is told."""

import base64
from typing import Any

import pytest

from domain.addresses import address, why_no_address
from domain.errors import PolicyFaults
from domain.messages import Message
from domain.preview import preview
from domain.roster import Roster
from domain.roster_file import check_roster
from domain.webhooks import team_secret, without_query
from tests.domain.calm import CALM, EVERYBODY_THERE, EXPERTS, NOW, PEOPLE, STEP, SUPPORT, changed, told
from tests.domain.story import Story, policy
from tests.domain.test_simulation import played, roster

HOOK = "https://hooks.example/tierline"


def with_webhook(url: Any) -> Roster:
    return check_roster({"people": PEOPLE, "teams": [{**SUPPORT, "webhook": url}, EXPERTS]})


# The address


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (HOOK, HOOK),
        ("https://hooks.example", "https://hooks.example/"),
        ("https://hooks.example:443/a?key=b", "https://hooks.example/a?key=b"),
        ("https://hooks.example:8443/", "https://hooks.example:8443/"),
        ("http://127.0.0.1:1024/in", "http://127.0.0.1:1024/in"),
        ("http://localhost/in", "http://localhost/in"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("HTTPS://Hooks.Example/A", "https://hooks.example/A"),
        ("https://2130706433/", "https://127.0.0.1/"),
    ],
)
def test_an_address_is_kept_in_the_spelling_that_is_requested(written: str, read: str) -> None:
    assert with_webhook(written).teams[0].webhook == read


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("hooks.example/tierline", "is no address of the web; write one such as https://hooks.example/tierline"),
        ("ftp://hooks.example/", "is no address of the web"),
        ("https://", "is no address of the web"),
        ("https://hooks.example:99999/", "is no address of the web"),
        ("https://hooks.example/" + "a" * 2000, "is no address of the web"),
        ("https://me:secret@hooks.example/", "holds a name or a password; leave it out"),
        ("https://token@hooks.example/", "holds a name or a password; leave it out"),
        ("https://hooks.example/#part", "ends with a #"),
        ("https://hooks.example/#", "ends with a #"),
        ("https://hooks.example:22/", "names port 22; write 443 or one from 1024 on"),
        ("https://hooks.example:80/", "names port 80; write 443 or one from 1024 on"),
        ("http://hooks.example:25/", "names port 25"),
        ("https://hooks.example:0/", "names port 0"),
        (7, "must be a text"),
    ],
)
def test_an_address_that_nobody_should_be_sent_to_is_a_mistake_of_the_roster(url: Any, words: str) -> None:
    with pytest.raises(PolicyFaults) as caught:
        with_webhook(url)
    [fault] = caught.value.faults
    assert fault.path == "teams[0].webhook"
    assert words in fault.message
    assert "secret" not in fault.message
    assert "token" not in fault.message


def test_a_roster_without_webhooks_is_written_as_before() -> None:
    assert all("webhook" not in team for team in EVERYBODY_THERE.model_dump(mode="json")["teams"])
    assert with_webhook(HOOK).model_dump(mode="json")["teams"][0]["webhook"] == HOOK


def test_people_are_shown_the_address_without_its_query() -> None:
    assert without_query("https://hooks.example/in?key=abc") == "https://hooks.example/in"


# The secret


def test_a_teams_secret_is_its_own_and_steady() -> None:
    secret = team_secret("of the installation", "support")
    assert secret == "whsec_+2txF27vnd0kD9f04daq5st/UYnuttj4kHrqgKTpfog="  # receivers have it: it never changes
    assert secret == team_secret("of the installation", "support")
    assert len({secret, team_secret("of the installation", "network"), team_secret("of another", "support")}) == 3
    assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"))) <= 64  # bytes, as the standard asks


# Where a message goes


def by_webhook(person: str = "dana") -> Message:
    return Message(key="k", kind="step", channel="webhook", person=person, entry=1, at=NOW)


def test_a_webhook_goes_to_the_team_that_has_the_case_whoever_is_told() -> None:
    roster = with_webhook(HOOK)
    for person in ("dana", "eli", "nobody-we-know"):
        assert address(by_webhook(person), "it@acme.example", "+493012345678", roster, "support") == HOOK
    for team, words in {
        "experts": "the team experts has no webhook",
        "away": "the team away is not in the roster",
    }.items():
        assert address(by_webhook(), "it@acme.example", None, roster, team) is None
        assert why_no_address(by_webhook(), roster, team) == words


# Warnings at load


BY_WEBHOOK = {**STEP, "channels": ["email", "webhook"]}


def test_a_team_without_an_address_is_named_once_at_its_first_step() -> None:
    data = changed("tiers.0.steps", [STEP, {**BY_WEBHOOK, "after": "5m"}, {**BY_WEBHOOK, "after": "10m"}])
    assert told(data) == [
        (
            "tiers[0].steps[1].channels",
            "by webhook it cannot reach the team support: the roster has no `webhook` there; add it, or tell on another "
            "channel",
        )
    ]
    assert told(data, with_webhook(HOOK)) == []


def test_the_team_of_a_functional_escalation_needs_one_too() -> None:
    data = changed("tiers.0.steps", [BY_WEBHOOK]) | {"functional": [{"team": "experts", "skill": "sql"}]}
    [(path, message)] = told(data, with_webhook(HOOK))
    assert path == "functional[0].team"
    assert message.startswith("by webhook the steps of L1 cannot reach the team experts")


def test_an_address_that_is_not_https_is_warned_of() -> None:
    [(path, message)] = told(changed("tiers.0.steps", [BY_WEBHOOK]), with_webhook("http://hooks.example/"))
    assert path == "tiers[0].steps[0].channels"
    assert "its `webhook` in the roster is not https" in message


def test_nobodys_own_address_is_missed_for_a_webhook() -> None:
    data = {**CALM, "tiers": [{**CALM["tiers"][0], "steps": [{**STEP, "channels": ["webhook"]}]}]}
    people = [{"id": one["id"], "name": "x"} for one in PEOPLE]
    roster = Roster.model_validate({"people": people, "teams": [{**SUPPORT, "webhook": HOOK}]})
    assert [message for _, message in told(data, roster) if "cannot reach" in message] == []


# When it is told


ALL_THREE = (
    "{targets: {acknowledge: {all: 30m, warn_at: [50]}}, steps: [{tell: on_call, channels: [webhook, sms, email]}]}"
)


def test_a_step_tells_a_webhook_at_once_with_the_others_and_a_warning_does_not() -> None:
    with Story(policy(L1=ALL_THREE)) as story:
        story.expect_told("dana", "webhook", "sms", "email")
        story.at("10:15").expect_told("dana", "sms", kind="warning")


def test_a_warning_that_fails_goes_to_the_next_channel_and_never_to_the_webhook() -> None:
    with Story(policy(L1=ALL_THREE)) as story:
        story.expect_told("dana", "webhook", "sms", "email")
        story.provider.failing |= {("dana", "sms"), ("dana", "email")}
        story.at("10:15").expect_told("dana", "sms", "email", kind="warning")


def test_a_step_that_has_only_a_webhook_warns_there() -> None:
    with Story(policy(L1=ALL_THREE.replace("webhook, sms, email", "webhook"))) as story:
        story.expect_told("dana", "webhook")
        story.at("10:15").expect_told("dana", "webhook", kind="warning")
        story.dana.acknowledges()
        assert story.state.owner == "dana"


BESIDE = "steps: [{tell: on_call, channels: [webhook, email]}, {after: 10m, tell: on_call.next, channels: [sms]}]"
HOOK_ONLY = BESIDE.replace("webhook, email", "webhook")


def test_a_dead_webhook_brings_nobody_else_while_the_person_is_reached() -> None:
    with Story(policy(L1=BESIDE), failing=(("dana", "webhook"),)) as story:
        story.expect_told("dana", "webhook", "email")
        story.at("10:10").expect_told("eli", "sms")


@pytest.mark.parametrize("dead", [("webhook", "email"), ("email",)])
def test_a_person_who_is_not_reached_brings_the_next_one_whatever_became_of_the_webhook(dead: tuple[str, ...]) -> None:
    with Story(policy(L1=BESIDE), failing=tuple(("dana", channel) for channel in dead)) as story:
        story.expect_told("dana", "webhook", "email")
        story.expect_told("eli", "sms")


def test_a_step_that_has_only_a_webhook_goes_by_that() -> None:
    with Story(policy(L1=HOOK_ONLY)) as story:
        story.expect_told("dana", "webhook")
        story.at("10:10").expect_told("eli", "sms")
    with Story(policy(L1=HOOK_ONLY), failing=(("dana", "webhook"),)) as story:
        story.expect_told("dana", "webhook")
        story.expect_told("eli", "sms")


def test_a_preview_says_of_every_channel_of_a_step_whom_it_asks_for() -> None:
    people = roster(support={"webhook": HOOK})
    told_first = preview(played(rules=policy(L1=BESIDE), people=people), people)[1:3]
    assert [row.channel for row in told_first] == ["webhook", "email"]
    assert [row.why for row in told_first] == ["L1 step 1, on call: acknowledge"] * 2


def test_the_owner_of_last_resort_is_told_there_too() -> None:
    rules = policy("start_tier: {high: L3}", L3="steps: [{tell: on_call, channels: [email, webhook]}]")
    with Story(rules, nobody=(("management", "on_call"),)) as story:
        story.expect_told("olga", "email", "webhook", kind="last_resort")
