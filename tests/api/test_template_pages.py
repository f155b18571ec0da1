"""The pages of templates: each message with a made-up case, in the words that the worker sends, in a frame without rights."""

from pathlib import Path

import pytest

from activities.previews import preview, templates
from activities.rendering import KINDS, Renderer
from tests.api.conftest import Api
from tests.api.signed_in import Visitor, visitor

OURS = Path("policies/templates").resolve()


@pytest.fixture
async def someone(api: Api) -> Visitor:
    """Signed in to an installation whose templates are ours; its own may lie beside them."""
    (api.services.settings.policies / "templates").symlink_to(OURS)
    found = visitor(api)
    await found.signs_in()
    return found


def write(api: Api, name: str, text: str) -> None:
    file = api.services.settings.policies / "own-templates" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


async def test_the_list_has_every_message_and_says_where_its_words_come_from(api: Api, someone: Visitor) -> None:
    write(api, "fr/step.sms.j2", "Prenez {{ subject }}")
    page = await someone.opens("/templates")
    assert all(kind in page.words for kind in KINDS)
    assert 'aria-label="step, SMS fr, your own"' in page.html
    assert 'aria-label="step, SMS de, ours"' in page.html
    assert "/templates/step/email/fr" not in page.html


async def test_every_template_is_shown_as_the_worker_renders_it(someone: Visitor) -> None:
    renderer = Renderer(OURS)
    for one in templates(renderer):
        made = preview(renderer, one.message, one.channel, one.language)
        page = await someone.opens(f"/templates/{one.message}/{one.channel}/{one.language}")
        assert page.status == 200
        assert " ".join(made.text.split()) in page.words
        if made.subject is None:
            called = "SMS segment" if made.segments == 1 else "SMS segments"
            assert f"{made.segments} {called}, {made.encoding}" in page.words
            assert "iframe" not in page.tags
        else:
            assert " ".join(made.subject.split()) in page.words


async def test_the_html_part_stands_in_a_frame_that_may_do_nothing(api: Api, someone: Visitor) -> None:
    write(api, "en/step.email.j2", "Take it\n<script>alert({{ id }})</script> now")
    page = await someone.opens("/templates/step/email/en")
    assert '<iframe class="mail" sandbox="" ' in page.html
    assert "script" not in page.tags
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    part = await api.client.get("/templates/step/email/en/html")
    policy = part.headers["content-security-policy"]
    assert "&lt;script&gt;" in part.text
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")
    assert policy.endswith("frame-ancestors 'self'; sandbox")
    assert (part.headers["cache-control"], part.headers["x-content-type-options"]) == ("no-store", "nosniff")


async def test_a_vip_is_told_so(someone: Visitor) -> None:
    assert "VIP)" not in (await someone.opens("/templates/step/sms/en")).words
    assert "VIP)" in (await someone.opens("/templates/step/sms/en?vip=1")).words


async def test_a_language_without_the_template_is_shown_in_english(api: Api, someone: Visitor) -> None:
    write(api, "fr/step.sms.j2", "Prenez {{ subject }}")
    assert "Prenez Checkout is down" in (await someone.opens("/templates/step/sms/fr")).words
    assert "E-mail, en." in (await someone.opens("/templates/step/email/fr")).words


@pytest.mark.parametrize("address", ["/templates", "/templates/step/sms/en"])
async def test_faulty_templates_are_listed_with_what_is_wrong(api: Api, someone: Visitor, address: str) -> None:
    write(api, "en/step.sms.j2", "{{ nonsense }}<script>")
    page = await someone.opens(address)
    assert page.status == 200
    assert "With these mistakes the worker would not start: " in page.words
    assert "nonsense" in page.words
    assert "script" not in page.tags


@pytest.mark.parametrize(
    "address",
    ["/templates/no/sms/en", "/templates/step/webhook/en", "/templates/step/sms/xx", "/templates/step/sms/en/html"],
)
async def test_what_there_is_not_is_not_found_in_words(someone: Visitor, address: str) -> None:
    page = await someone.opens(address)
    assert (page.status, "There is no such template" in page.words) == (404, True)
