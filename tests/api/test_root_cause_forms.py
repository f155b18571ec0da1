"""The form of a root cause, on a case's page and behind a link: any category of the tree, faults in words, correctable."""

from typing import Any

import pytest

from tests.api.conftest import Api
from tests.api.desk import CASE, Desk, desk_of
from tests.api.signed_in import Visitor, visitor

PATH = f"/escalations/{CASE}"
TREE = {
    "categories": [
        {
            "id": "outage",
            "title": {"en": "Outage"},
            "children": [{"id": "power", "title": {"en": "Power", "de": "Strom"}}],
        },
        {"id": "people", "title": {"en": "People"}},
    ]
}
CAUSE = {"category": "power", "origin": "ours", "description": "it had expired"}


@pytest.fixture
async def desk(api: Api) -> Desk:
    """The case is resolved, and the organisation keeps a tree of causes."""
    found = await desk_of(api)
    assert (await api.call("PUT", "/v1/causes", json=TREE)).status_code == 200
    await api.say(CASE, "resolve", summary="restarted")
    api.temporal.updates.clear()
    return found


@pytest.fixture
async def someone(api: Api, desk: Desk) -> Visitor:
    """Dana, an agent."""
    found = visitor(api)
    await found.signs_in("agent", "/")
    return found


async def cause(desk: Desk) -> Any:
    return (await desk.shown())["root_cause"]


async def german(api: Api, desk: Desk) -> None:
    await desk.changes("dana", locale="de")


async def test_both_pages_offer_every_category_of_the_tree_a_whole_branch_too(desk: Desk, someone: Visitor) -> None:
    for page in (await desk.opens(), await someone.opens(PATH)):
        assert page.form("root-cause").options["category"] == ["", "outage", "power", "people"]
        assert "Outage › Power" in page.words


async def test_whose_doing_it_was_has_to_be_chosen(desk: Desk, someone: Visitor) -> None:
    typed = {"category": "power", "description": "it had expired"}
    for page, presses in ((await desk.opens(), desk.browser.presses), (await someone.opens(PATH), someone.presses)):
        assert page.form("root-cause").fields["origin"] == ""
        refused = await presses(page, "root-cause", **typed)
        assert (refused.status, "Please fill in: Whose doing" in refused.words) == (422, True)
    assert (desk.said(), await cause(desk)) == ([], None)


async def test_a_case_without_its_root_cause_is_not_closed_and_the_page_says_so_without_a_command(
    api: Api, desk: Desk, someone: Visitor
) -> None:
    refused = await someone.presses(await someone.opens(PATH), "close")
    assert "Record the root cause first, then close the case." in refused.words
    assert "(command" not in refused.words
    assert "command root-cause" in (await api.say(CASE, "close")).json()["detail"], "who calls the API needs it"


async def test_the_history_says_the_title_of_a_category_in_the_readers_language(
    api: Api, desk: Desk, someone: Visitor
) -> None:
    known = {"category": "power", "words": "it had expired"}
    desk.happens(("root_cause_recorded", "dana recorded the root cause: power: it had expired", known))
    await german(api, desk)
    for page in (await desk.opens(), await someone.opens(PATH)):
        assert "Sam hat die Ursache festgehalten, Strom: it had expired" in page.words


async def test_behind_a_link_the_category_has_to_be_one_of_the_tree(desk: Desk) -> None:
    refused = await desk.presses("root-cause", **{**CAUSE, "category": "anything"})
    assert (refused.status, "This category is not one of ours" in refused.words) == (422, True)
    assert refused.form("root-cause").fields["description"] == "it had expired"
    assert (desk.said(), await cause(desk)) == ([], None)
    assert "The root cause is recorded." in (await desk.presses("root-cause", **{**CAUSE, "category": "outage"})).words
    assert (await cause(desk))["category"] == "outage"


async def test_without_a_tree_a_link_takes_any_text(api: Api) -> None:
    desk = await desk_of(api)
    await api.say(CASE, "resolve", summary="restarted")
    await desk.presses("root-cause", **{**CAUSE, "category": "anything"})
    assert (await cause(desk))["category"] == "anything"


@pytest.mark.parametrize(
    ("wrong", "english", "in_german"),
    [
        ({"due_on": ""}, "Action 2: “By when” is missing.", "Maßnahme 2: „Bis wann“ fehlt."),
        ({"owner": ""}, "Action 2: “Who” is missing.", "Maßnahme 2: „Wer“ fehlt."),
        ({"owner": "No Body"}, "Action 2: “Who” cannot be taken as it is.", "Maßnahme 2: „Wer“ geht so nicht."),
        ({"due_on": "soon"}, "Action 2: “By when” cannot be taken as it is.", "Maßnahme 2: „Bis wann“ geht so nicht."),
    ],
)
async def test_what_is_wrong_with_an_action_is_said_in_the_readers_words(
    api: Api, desk: Desk, someone: Visitor, wrong: dict[str, str], english: str, in_german: str
) -> None:
    action = {"text": "an alarm", "kind": "preventive", "owner": "sam", "due_on": "2036-12-24", **wrong}
    typed = {**CAUSE, **{f"action.2.{name}": text for name, text in action.items()}}
    refused = await someone.presses(await someone.opens(PATH), "root-cause", **typed)
    assert (refused.status, english in refused.words) == (422, True), refused.words
    await german(api, desk)
    refused = await someone.presses(await someone.opens(PATH), "root-cause", **typed)
    assert in_german in refused.words
    assert desk.said() == []


async def test_any_other_field_that_cannot_be_meant_is_named_as_on_the_form(
    api: Api, desk: Desk, someone: Visitor
) -> None:
    await german(api, desk)
    refused = await someone.presses(await someone.opens(PATH), "root-cause", **{**CAUSE, "category": "power" * 200})
    assert "„Kategorie“ geht so nicht." in refused.words
    assert "string" not in refused.words.lower()


async def test_a_recorded_cause_is_corrected_in_the_same_form_and_keeps_what_is_left_as_it_is(
    api: Api, desk: Desk, someone: Visitor
) -> None:
    first = {"action.1.text": "an alarm", "action.1.kind": "preventive", "action.1.owner": "sam"}
    typed = {**CAUSE, **first, "action.1.due_on": "2036-12-24", "contributing_factors": "nobody looked\nno alarm"}
    page = await someone.presses(await someone.opens(PATH), "root-cause", **typed)
    form = page.form("root-cause")
    assert ("Correct the root cause" in page.words, form.shown) == (True, False)
    assert {name: form.fields[name] for name in typed} == typed
    before = await cause(desk)
    await someone.presses(page, "root-cause", category="people")
    after = await cause(desk)
    assert (after["category"], after["actions"]) == ("people", before["actions"])


async def test_behind_a_link_a_recorded_cause_is_corrected_too_and_what_it_does_not_ask_for_stays(
    api: Api, desk: Desk
) -> None:
    action = {"text": "an alarm", "kind": "preventive", "owner": "sam", "due_on": "2036-12-24"}
    more: dict[str, Any] = {"contributing_factors": ["nobody looked"], "actions": [action]}
    assert (await api.say(CASE, "root-cause", **CAUSE, **more)).status_code == 200
    api.temporal.updates.clear()
    page = await desk.opens()
    form = page.form("root-cause")
    assert ("Correct the root cause" in page.words, form.shown) == (True, False)
    assert {name: form.fields[name] for name in CAUSE} == CAUSE
    for _ in range(2):  # the same form, sent twice, is one word
        after = await desk.browser.sends(page, {**form.fields, "command": "root-cause", "category": "people"})
        assert "The root cause is recorded." in after.words
    assert len({command.id for _, command in api.temporal.updates}) == 1
    corrected = await cause(desk)
    assert {name: corrected[name] for name in (*CAUSE, *more)} == {**CAUSE, **more, "category": "people"}


async def test_behind_a_link_the_first_cause_is_recorded_and_not_corrected(desk: Desk) -> None:
    page = await desk.opens()
    assert "Record the root cause" in page.words
    assert "Correct the root cause" not in page.words
