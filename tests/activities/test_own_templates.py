"""Templates of the user's own: looked into first, file by file; what is wrong with one is said before a message needs it."""

import shutil
from pathlib import Path

import pytest

from activities.reading import Case
from activities.rendering import Renderer, TemplateFault
from activities.samples import REFERENCE, sample
from tests.activities.cases import NOW, ROSTER, TEMPLATES, message, shown

FRENCH = "Bonjour {{ name }}, nous nous occupons de « {{ subject }} ».{% if next_update %} Suite le {{ next_update }}.{% endif %}"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "own-templates"


def write(own: Path, name: str, text: str) -> Path:
    file = own / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def sms(renderer: Renderer, kind: str, language: str) -> str:
    told = message(kind, "sms", None, next_update_by="2099-11-24T17:05:00Z")  # type: ignore[arg-type]
    return renderer.render(Case(told, shown(locale=language), ROSTER, "", NOW), REFERENCE).text


def faults(own: Path) -> str:
    with pytest.raises(TemplateFault) as caught:
        Renderer(TEMPLATES, own)
    return str(caught.value)


def test_a_file_of_ones_own_stands_in_for_ours_and_the_others_stay(own: Path) -> None:
    write(own, "en/customer_opened.sms.j2", "Acme Support: we have got {{ subject }}.")
    renderer = Renderer(TEMPLATES, own)
    assert sms(renderer, "customer_opened", "en") == f"Acme Support: we have got Checkout is down. #{REFERENCE}"
    assert sms(renderer, "customer_closed", "en").startswith("Hello Ada King")
    assert renderer.file("customer_opened", "sms", "en") == own / "en/customer_opened.sms.j2"
    assert renderer.file("customer_closed", "sms", "en") == TEMPLATES / "en/customer_closed.sms.j2"


def test_a_frame_of_ones_own_is_used_by_all_of_our_messages(own: Path) -> None:
    write(
        own, "en/customer.email.j2", "{% block subject %}{% endblock %}\n\n{% block says %}{% endblock %}\nAcme Support"
    )
    write(own, "layout.html.j2", "<p>Acme</p>{{ paragraphs }}")
    made = Renderer(TEMPLATES, own).render(sample("customer_closed", "email", "en"), REFERENCE)
    assert made.subject == "Completed: Checkout is down"
    assert made.text.endswith("Acme Support\n")
    assert (made.html or "").startswith("<p>Acme</p>")


def test_a_folder_that_is_not_there_changes_nothing(own: Path) -> None:
    assert Renderer(TEMPLATES, own).languages == ("en", "de")


def test_a_language_of_ones_own_is_used_where_it_has_the_message_and_english_elsewhere(own: Path) -> None:
    write(own, "fr/customer_opened.sms.j2", FRENCH)
    renderer = Renderer(TEMPLATES, own)
    assert renderer.languages == ("en", "de", "fr")
    french = sms(renderer, "customer_opened", "fr-CA")
    assert french.startswith(
        'Bonjour Ada King, nous nous occupons de " Checkout is down ". Suite le 2099-11-24 17:05 UTC.'
    )
    assert sms(renderer, "customer_closed", "fr").startswith("Hello Ada King")
    assert sms(renderer, "customer_opened", "es").startswith("Hello Ada King")


def test_a_draft_in_a_language_of_ones_own_is_used(own: Path) -> None:
    write(own, "fr/_draft.j2", "Nous travaillons toujours sur « {{ subject }} ».")
    text = Renderer(TEMPLATES, own).render(sample("promise_reminder", "email", "en"), REFERENCE).text
    assert 'We are still working on "Checkout is down"' in text
    french = sample("promise_reminder", "email", "en")
    french.document["customer"]["locale"] = "fr"
    assert "Nous travaillons toujours" in Renderer(TEMPLATES, own).render(french, REFERENCE).text


def test_a_change_counts_from_the_next_start_on(own: Path) -> None:
    file = write(own, "en/customer_closed.sms.j2", "Closed: {{ subject }}.")
    renderer = Renderer(TEMPLATES, own)
    file.write_text("{{ half a tem", encoding="utf-8")
    assert sms(renderer, "customer_closed", "en").startswith("Closed: ")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("en/customer_update.sms.j2", "Hi\n{{ tier }}", "{file}, line 2: 'tier' is undefined; the fields here are name, vip,"),
        ("en/step.email.j2", "Take it\n\n{% if late %}", "{file}, line 3: Unexpected end of template"),
        ("en/step.sms.j2", "{{ subject + 1 }}", "{file}, line 1: can only concatenate str"),
        ("de/step.sms.j2", "{{ subject.__class__.__mro__ }}", "{file}, line 1: access to attribute '__class__'"),
        ("de/step.email.j2", '{% include "de/_sign.j2" %}', "{file}, line 1: de/_sign.j2 is not there"),
        ("fr/watch.email.j2", '{% extends "fr/responder.email.j2" %}', "{file}, line 1: fr/responder.email.j2 is not there"),
        ("en/customer_opend.sms.j2", "Hi", "{file}: no message has this name; did you mean customer_opened.sms.j2?"),
        ("pt-BR/step.sms.j2", "Hi", "{file}: put it into the folder of a language, such as en/step.sms.j2"),
        ("step.sms.j2", "Hi", "{file}: put it into the folder of a language, such as en/step.sms.j2"),
        ("fr/step.sms.j2", "Bonjour " * 45, "{file}: too long for an SMS: with names and subjects cut to nothing it takes 3"),
        ("fr/step.sms.j2", "{{ subject }} " + "é" * 120, "{file}: too long for an SMS"),
        ("en/watch.sms.j2", "{% if late %}{{ nonsense }}{% endif %}", "{file}, line 1: 'nonsense' is undefined"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_the_file_and_the_line(own: Path, name: str, text: str, said: str) -> None:
    file = write(own, name, text)
    assert said.format(file=f"template {file}") in faults(own)


def test_text_that_is_not_utf8_is_said_too(own: Path) -> None:
    write(own, "en/step.sms.j2", "").write_bytes(b"Gr\xfc\xdfe")
    assert "template en/step.sms.j2: 'utf-8' codec can't decode" in faults(own)


def test_all_faults_come_at_once_each_on_its_line(own: Path) -> None:
    write(own, "en/step.sms.j2", "{{ nobody }}")
    write(own, "de/watch.sms.j2", "{{ nothing }}")
    write(own, "en/steps.sms.j2", "")
    lines = faults(own).splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"template {own}/") for line in lines)


def test_a_missing_folder_of_ours_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TemplateFault, match=r"there is no folder .*/nowhere; copy .* or set TIERLINE_POLICIES"):
        Renderer(tmp_path / "nowhere")


def test_a_missing_layout_is_said_once(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    shutil.copytree(TEMPLATES, folder)
    (folder / "layout.html.j2").unlink()
    with pytest.raises(TemplateFault) as caught:
        Renderer(folder)
    assert str(caught.value) == "template layout.html.j2: there is no such file"
