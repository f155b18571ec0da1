"""`tierline template …`: the words of every message on a made-up case, without a running system."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from activities.rendering import KINDS
from cli import app

POLICIES = Path(__file__).parents[2] / "policies"


@pytest.fixture(autouse=True)
def policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A policies folder of the person's own, with our templates in it; they stand in its parent."""
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "templates").symlink_to(POLICIES / "templates")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIERLINE_POLICIES", str(folder))
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["template", *arguments])


def write(policies: Path, name: str, text: str) -> None:
    file = policies / "own-templates" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_the_list_names_every_message_and_the_file_of_its_words(policies: Path) -> None:
    write(policies, "fr/step.sms.j2", "Prenez {{ subject }}")
    write(policies, "en/step.sms.j2", "Take {{ subject }}")
    found = json.loads(run("list", "--json").stdout)
    files = {(one["message"], one["channel"], one["language"]): one["file"] for one in found}
    assert {one["message"] for one in found} == set(KINDS)
    assert files["step", "sms", "en"] == "policies/own-templates/en/step.sms.j2"
    assert files["step", "sms", "de"] == "policies/templates/de/step.sms.j2"
    assert files["step", "sms", "fr"] == "policies/own-templates/fr/step.sms.j2"
    assert ("step", "email", "fr") not in files
    table = run("list").stdout
    assert "policies/own-templates/fr/step.sms.j2" in table


def test_a_preview_reads_like_a_real_case() -> None:
    shown = run("preview", "step").stdout
    assert "Subject: [critical] Please acknowledge: Checkout is down (Acme GmbH)" in shown
    assert "- reply to this message with: ACK 7K2" in shown
    assert "Critical: Checkout is down (Acme GmbH). Please take it by Tue 24 Nov 17:15 CET: reply ACK 7K2." in shown
    assert "\n2 segments, GSM-7\n" in shown


def test_one_channel_in_one_language_for_a_vip() -> None:
    shown = run("preview", "step", "--channel", "sms", "--language", "de", "--vip").stdout
    assert "(Acme GmbH, VIP). Bitte bis Di 24.11. 17:15 MEZ annehmen" in shown
    assert "Subject" not in shown
    assert "--- e-mail" not in shown


def test_an_sms_says_its_segments_and_its_encoding(policies: Path) -> None:
    write(policies, "en/step.sms.j2", "Возьмите {{ subject }}, " + "я" * 40)
    shown = run("preview", "step", "--channel", "sms").stdout
    assert "\n2 segments, UCS-2\n" in shown


def test_the_html_part_goes_into_a_file(tmp_path: Path) -> None:
    shown = run("preview", "customer_update", "--html", "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "We have found the cause" in page
    assert "the HTML part is in page.html" in shown.stdout


def test_json_has_everything() -> None:
    mail, sms = json.loads(run("preview", "customer_resolved", "--json").stdout)
    assert mail["subject"] == "Solved: Checkout is down (4711)"
    assert mail["html"].startswith("<!doctype html>")
    assert (sms["segments"], sms["encoding"], sms["subject"]) == (2, "GSM-7", None)


def test_where_a_language_lacks_a_message_english_is_shown_and_said(policies: Path) -> None:
    write(policies, "fr/step.sms.j2", "Prenez {{ subject }}")
    shown = run("preview", "step", "--language", "fr").stdout
    assert "there is no template in 'fr' for it: English is sent" in shown
    assert "Prenez Checkout is down" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stepp"], "there is no message 'stepp'; did you mean step? There are: step, warning,"),
        (["step", "--language", "fr"], "--language fr: there are templates in en, de"),
        (["step", "--channel", "fax"], "--channel fax: write email or sms"),
        (["step", "--channel", "sms", "--html", "x"], "--html: an SMS has no HTML part"),
        (["step", "--html", "no/such/folder/x.html"], "no/such/folder/x.html cannot be written: No such file"),
    ],
)
def test_wrong_usage_says_what_to_write(arguments: list[str], said: str) -> None:
    result = run("preview", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize("command", [["check"], ["list"], ["preview", "watch"]])
def test_a_faulty_template_is_named_with_its_line(policies: Path, command: list[str]) -> None:
    write(policies, "en/step.sms.j2", "Take it:\n{{ subjekt }}")
    result = run(*command)
    assert result.exit_code == 1
    assert (
        "own-templates/en/step.sms.j2, line 2: 'subjekt' is undefined; the fields here are reader, id," in result.stderr
    )


def test_a_folder_without_faults_is_said_to_be_fine() -> None:
    said = f"all templates are fine: {len(KINDS)} messages, each as e-mail and SMS; languages en, de\n"
    assert run("check").stdout == said
