"""`tierline seed` as it is typed: it fills a store from nothing, and refuses where made-up cases would be in the way."""

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner, Result

from cli import app
from domain.state import LIVE
from records.database import Database
from records.escalations import Escalations, Filters
from records.tables import escalations

ROOT = Path(__file__).parents[2]
FEW = ("--open", "3", "--closed", "10", "--timelines", "2", "--days", "30")


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TIERLINE_POLICIES", str(ROOT / "policies"))
    monkeypatch.delenv("TIERLINE_DATABASE_URL", raising=False)
    monkeypatch.delenv("TIERLINE_MODE", raising=False)


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["seed", *arguments])


def cases_in(file: Path) -> int:
    with closing(Database(f"sqlite:///{file}")) as store, store.read() as connection:
        return connection.scalar(select(func.count()).select_from(escalations)) or 0


def test_it_fills_the_store_of_home_and_then_only_adds_when_told_to(tmp_path: Path) -> None:
    store = tmp_path / "home" / "tierline.db"
    first = typed(*FEW)
    assert (first.exit_code, cases_in(store)) == (0, 13)
    assert "10 closed and 3 open cases are in the store" in first.stderr
    again = typed(*FEW)
    assert (again.exit_code, cases_in(store)) == (1, 13)
    assert "holds 13 cases already; name an empty one with --database, or give --add" in again.stderr
    assert (typed(*FEW, "--add").exit_code, cases_in(store)) == (0, 26)
    with closing(Database(f"sqlite:///{store}")) as database:
        assert len(Escalations(database).list_page(Filters(status=",".join(LIVE)))[0]) == 6


def test_production_is_refused_before_the_store_is_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERLINE_MODE", "production")
    refused = typed(*FEW)
    assert refused.exit_code == 1
    assert "TIERLINE_MODE is production" in refused.stderr
    assert not (tmp_path / "home").exists()


def test_an_address_that_is_none_and_a_folder_without_policies_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = typed("--database", "somewhere", *FEW)
    assert (wrong.exit_code, "write sqlite:///file.db or postgresql://" in wrong.stderr) == (2, True)
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("TIERLINE_POLICIES", str(tmp_path / "empty"))
    without = typed(*FEW)
    assert (without.exit_code, "there is no policy in the store and none in" in without.stderr) == (1, True)


def test_the_help_says_what_such_cases_cannot_do() -> None:
    assert "workflow_missing" in typed("--help").output
