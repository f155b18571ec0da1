"""What a roster probably does not mean is said where it is checked and where it is put into use; it counts all the same."""

from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner

from cli import app

SHARED = """
people:
  - {id: dana, name: Dana, email: duty@tierline.example}
  - {id: sam, name: Sam, email: Duty@tierline.example}
teams:
  - {id: support, members: [dana, sam]}
"""
WARNING = "worth a look: people[1].email: dana, sam have the same e-mail address"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "roster.yaml"
    found.write_text(SHARED, encoding="utf-8")
    return found


def test_a_check_of_the_file_warns_and_is_fine(file: Path) -> None:
    result = CliRunner().invoke(app, ["policy", "check", str(file)])
    assert (result.exit_code, WARNING in result.stdout) == (0, True)


def test_what_is_put_into_use_warns(file: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERLINE_URL", httpserver.url_for("").rstrip("/"))
    monkeypatch.setenv("TIERLINE_KEY", "tl_test")
    httpserver.expect_request("/v1/roster", "GET").respond_with_json({})
    warning = {"path": "people[1].email", "message": "dana, sam have the same e-mail address"}
    httpserver.expect_request("/v1/roster", "PUT").respond_with_json({"warnings": [warning]})
    result = CliRunner().invoke(app, ["roster", "apply", str(file)])
    assert result.exit_code == 0, result.output
    assert WARNING in result.stdout
    assert result.stdout.rstrip().endswith("the roster is in use")
