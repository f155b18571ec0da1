"""The roster from the terminal to the running API and back: as a file, from a calendar, and who is on duty afterwards."""

from pathlib import Path

import pytest

from tests.api.calendars import feed
from tests.scenarios.system import Tierline
from tests.scenarios.test_command_line import Terminal


async def test_a_roster_goes_out_as_a_file_comes_back_the_same_and_takes_a_calendar(
    tierline: Tierline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    terminal, file, plan = Terminal(tierline, monkeypatch), tmp_path / "roster.yaml", tmp_path / "plan.ics"
    file.write_text(await terminal.types("roster", "export"), encoding="utf-8")
    lines = (await terminal.types("roster", "import", str(file))).splitlines()
    assert (lines[0], lines[-1]) == ("nothing changes", "the roster is in use")
    lacking = "worth a look: standard.tiers[2].team: the roster has no team 'management'"
    assert [line.startswith(lacking) for line in lines[1:-1]] == [True]
    before = await terminal.reads("roster", "export")
    # A shift for ever, from long ago, so that it is on whatever the clock of this machine says.
    plan.write_bytes(feed("DTSTART;VALUE=DATE:20200101\nDTEND;VALUE=DATE:20200102\nRRULE:FREQ=DAILY\nSUMMARY:noor"))
    words = ("--as", "shifts", "--team", "support")
    assert "plan: 36" in await terminal.types("roster", "feed", "plan", str(plan), *words)
    assert (await terminal.reads("oncall", "support"))["items"][0]["on_call"] == "noor"
    assert "support: somebody is on call all the time" in await terminal.types("oncall", "support", "--until", "7d")
    assert "team_not_found" in await terminal.types(
        "roster", "feed", "plan", str(plan), "--as", "shifts", "--team", "nobody", code=1
    )
    looked = await terminal.types("roster", "import", str(file), "--dry-run")
    assert "- override noor from" in looked
    assert "only looked: nothing was changed" in looked
    await terminal.types("roster", "import", str(file))
    assert await terminal.reads("roster", "export") == before
