"""`tierline policy backtest`: a file in, counts side by side out, with files only and no running system."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner, Result

from cli import app
from domain.backtest import Tally
from domain.policy_file import check_policy, dump_policy
from local.backtest import AHEAD, PART, Stopped, backtest, task_of
from local.backtest_chart import chart
from local.past_tickets import Columns, Line, columns_of, lines_of
from tests.domain.setting import policy
from tests.domain.test_backtest import ROSTER

SVG = "{http://www.w3.org/2000/svg}"
HASTY = policy(L1="targets: {acknowledge: {all: 12m}}")
CALM = policy()
TICKETS = """opened_at,id,priority,acknowledged_at,resolved_at,closed_at
2026-03-02T10:00:00Z,1,high,2026-03-02T10:05:00Z,2026-03-02T10:30:00Z,2026-03-02T11:00:00Z
2026-03-02T21:45:00Z,2,low,2026-03-02T22:00:00Z,2026-03-02T22:30:00Z,2026-03-02T23:00:00Z
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TIERLINE_URL", "http://127.0.0.1:9")  # nobody answers there
    for name, one in (("calm", CALM), ("hasty", HASTY)):
        Path(f"{name}.yaml").write_text(json.dumps(dump_policy(one)))  # YAML, too
    Path("roster.yaml").write_text(ROSTER.model_dump_json(by_alias=True))
    tickets(TICKETS)


def tickets(text: str | bytes) -> Path:
    file = Path("tickets.csv")
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def run(*arguments: str, policies: tuple[str, ...] = ("calm.yaml", "hasty.yaml")) -> Result:
    named = [part for name in policies for part in ("--policy", name)]
    return CliRunner().invoke(app, ["policy", "backtest", "tickets.csv", *named, "--processes", "1", *arguments])


def counted(*arguments: str, policies: tuple[str, ...] = ("calm.yaml",)) -> dict[str, Any]:
    found = run("--json", *arguments, policies=policies)
    assert found.exit_code == 0, found.output
    data: dict[str, Any] = json.loads(found.stdout)
    return data


def lines(found: Result) -> list[str]:
    return [" ".join(line.split()) for line in found.stdout.splitlines() if line.strip()]


def test_two_policies_that_differ_in_one_thing_differ_in_that() -> None:
    shown = run()
    assert shown.exit_code == 0, shown.output
    found = lines(shown)
    assert "messages 5 6 (+1)" in found  # the second ticket climbs to Finn at 21:57
    assert "acknowledge 0 1 (+1)" in found
    assert "Dana 4 4" in found
    assert "Finn 0 1 (+1)" in found
    assert "Eli 1 night, 1 message 1 night, 1 message" in found
    assert "Finn 0 nights, 0 messages 1 night (+1), 1 message" in found  # it is 06:57 in Tokyo
    assert "22 1 1" in found
    assert "hasty misses 1 acknowledge target more." in found
    assert "hasty sends 1 message more than calm." in found
    assert "hasty wakes 2 people on 2 nights, calm 1 person on 1 night: 1 night more." in found
    assert found[-1].startswith("2 tickets opened from 2026-03-02 to 2026-03-02; ")


def test_the_same_policy_twice_under_two_names_differs_in_nothing() -> None:
    Path("copy.yaml").write_text(Path("calm.yaml").read_text())
    shown = run(policies=("calm.yaml", "copy.yaml"))
    assert "copy misses as many of each target as calm." in lines(shown)
    assert "(+" not in shown.stdout
    assert "(-" not in shown.stdout


def test_one_policy_alone_is_counted_too() -> None:
    found = counted()
    assert list(found["policies"]) == ["calm"]
    assert found["policies"]["calm"]["by_person"] == {"dana": 4, "eli": 1}
    assert found["policies"]["calm"]["by_hour"]["responders"][10] == 2
    assert found["policies"]["calm"]["woken"] == {"eli": {"nights": 1, "messages": 1}}
    assert (found["tickets"], found["first_opened_at"]) == (2, "2026-03-02T10:00:00Z")


def test_the_table_fits_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.show.PIPE_WIDTH", 80)
    assert all(len(line) <= 80 for line in run().stdout.splitlines())
    assert "…" not in run().stdout


def test_two_processes_count_what_one_counts() -> None:
    row = TICKETS.splitlines()[2]
    many = "\n".join([TICKETS.splitlines()[0], *[row] * PART, "tomorrow,,,,,", *[row] * PART, *[row] * 5])
    file = tickets(many)
    task = task_of(file, [CALM, HASTY], ROSTER, None)
    alone, together = backtest(file, task, 1), backtest(file, task, 2)
    assert alone == together
    assert (alone.tickets, alone.faulty) == (2 * PART + 5, 1)


def test_the_file_is_read_no_further_than_a_few_parts_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    file = tickets("opened_at\n" + "soon\n" * 20 * PART)
    read, ahead = list[Line](), list[int]()

    def counting(file: Path, columns: Columns) -> Iterator[Line]:
        for line in lines_of(file, columns):
            read.append(line)
            yield line

    monkeypatch.setattr("local.backtest.lines_of", counting)
    found = backtest(file, task_of(file, [CALM], ROSTER, None), 2, lambda done: ahead.append(len(read) - done))
    assert (found.faulty, len(ahead)) == (20 * PART, 20)
    assert max(ahead) <= 2 * AHEAD * PART


def test_a_process_that_ends_before_its_part_is_done_is_no_answer() -> None:
    file = tickets(TICKETS)
    task = replace(task_of(file, [CALM], ROSTER, None), zone="No/Where")  # none of the processes can begin with it
    with pytest.raises(Stopped, match="ended from outside"):
        backtest(file, task, 2)


def test_a_file_from_a_spreadsheet_with_its_mark_semicolons_and_quoted_line_breaks() -> None:
    tickets(
        "\ufeffOpened_At;Subject;Tags;Priority;Mood\r\n"
        '2026-03-02T10:00:00Z;"It says ""no"";\r\nand stops";"a;b";High;bad\r\n\r\n2026-03-02T10:00:00Z;;;;\r\n'
    )
    found = run("--json", policies=("calm.yaml",))
    assert json.loads(found.stdout)["tickets"] == 2
    assert found.stderr == "not read, for nobody here knows them: mood\n"
    file = Path("tickets.csv")
    assert [line.number for line in lines_of(file, columns_of(file))] == [2, 5]


def test_faulty_lines_are_named_and_the_others_are_played() -> None:
    good = "2026-03-02T10:00:00Z,high,,,,"
    tickets(
        "opened_at,priority,acknowledged_at,customer_since,annual_value,timezone\n"
        f"{good}\n,high,,,,\nyesterday,urgent,,,,\n2026-03-02T10:00:00Z,,2026-03-01T10:00:00Z,2019,much,Berlin\n"
        "2026-03-02 10:00,,,,,\n2026-03-02,,,,,\n2026-03-02T10:00:00Z\n"
        f"{good}\n"
    )
    found = run("--json", policies=("calm.yaml",))
    assert found.exit_code == 0
    data = json.loads(found.stdout)
    assert (data["tickets"], data["faulty_lines"]) == (2, 6)
    time = "write a time such as 2026-03-06T17:50:00+01:00"
    assert found.stderr.splitlines() == [
        "line 3: opened_at: is empty; " + time,
        f"line 4: opened_at: 'yesterday' is no time; {time}; priority: 'urgent': write low, medium, high or critical",
        "line 5: acknowledged_at: '2026-03-01T10:00:00Z': comes before opened_at; "
        "customer_since: '2019' is no day; write a day such as 2019-04-01; "
        "annual_value: 'much' is no number; write a number such as 120000; "
        "timezone: 'Berlin': write an IANA name such as Europe/Berlin",
        f"line 6: opened_at: '2026-03-02 10:00' has no offset; {time}, or name the zone of the file with --timezone",
        f"line 7: opened_at: '2026-03-02' is no time; {time}",
        "line 8: has 1 cell where the first line has 6",
    ]


def test_of_many_faulty_lines_twenty_are_shown_and_without_a_good_one_there_is_no_answer() -> None:
    tickets("opened_at\n" + "soon\n" * 300)
    found = run()
    assert (found.exit_code, found.stdout) == (1, "")
    assert len(found.stderr.splitlines()) == 20 + 2
    assert found.stderr.splitlines()[-2:] == [
        "and 280 more lines that are faulty",
        "no line of the file is a ticket that can be played",
    ]


def test_a_local_time_is_read_in_the_zone_that_is_named() -> None:
    tickets("opened_at\n2026-03-29 02:30\n")  # does not exist in Berlin: the first instant after the gap
    assert counted("--timezone", "Europe/Berlin")["first_opened_at"] == "2026-03-29T01:00:00Z"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"opened_at,subject\n2026-03-02T10:00:00Z,Stra\xdfe\n", "line 2: byte 0xDF is no UTF-8; save it as UTF-8"),
        (TICKETS.encode("utf-16"), "line 1: byte 0xFF is no UTF-8"),
        (b"", "the first line names no column 'opened_at'"),
        (b"opened;id\n", "the first line names no column 'opened_at'"),
        (b"opened_at,id,id\n", "names the column 'id' twice"),
        (b'opened_at\n"' + b"x" * 200_000, "is a quotation mark left open?"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_plain_words(content: bytes, says: str) -> None:
    tickets(content)
    found = run()
    assert (found.exit_code, says in found.stderr) == (2, True), found.output


@pytest.mark.parametrize(
    ("arguments", "policies", "code", "says"),
    [
        (["--timezone", "Mars"], ("calm.yaml",), 2, "'Mars' is no time zone"),
        (["--svg", "no/such.svg"], ("calm.yaml",), 2, "there is no folder no"),
        ([], ("calm.yaml", "calm.yaml"), 2, "named twice"),
        ([], tuple("abcdefg"), 2, "7 policies are too many to read side by side: name 6 at most"),
        ([], ("no-such",), 1, "no Tierline answers"),
        (["--roster", "no-such.yaml"], ("calm.yaml",), 2, "no-such.yaml cannot be read"),
        ([], ("roster.yaml",), 1, "tiers"),
    ],
)
def test_a_slip_of_the_pen_is_named(arguments: list[str], policies: tuple[str, ...], code: int, says: str) -> None:
    found = run(*arguments, policies=policies)
    assert (found.exit_code, says in found.output) == (code, True), found.output


def test_a_missing_file_is_named() -> None:
    Path("tickets.csv").unlink()
    found = run()
    assert (found.exit_code, found.stderr) == (2, "tickets.csv cannot be read: No such file or directory\n")


def test_what_is_in_use_is_fetched_and_compared_with_a_file(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERLINE_URL", httpserver.url_for("").rstrip("/"))
    monkeypatch.setenv("TIERLINE_KEY", "tl_test")
    in_use = dump_policy(check_policy(dump_policy(HASTY)).with_version(3))
    httpserver.expect_request("/v1/policies/standard", "GET").respond_with_json(in_use)
    httpserver.expect_request("/v1/roster", "GET").respond_with_json(ROSTER.model_dump(mode="json", by_alias=True))
    found = counted(policies=("standard", "calm.yaml"))
    assert [one["missed"] for one in found["policies"].values()] == [{"acknowledge": 1}, {}]
    httpserver.check_assertions()


def test_the_chart_is_xml_that_holds_the_numbers_and_every_text_as_it_is() -> None:
    roster = ROSTER.model_dump(mode="json", by_alias=True)
    roster["people"][0]["name"] = "Dana <&> \x01Okafor"
    Path("people.json").write_text(json.dumps(roster))
    run("--svg", "chart.svg", "--roster", "people.json")
    root = ET.parse("chart.svg").getroot()  # noqa: S314 - our own file
    assert root.tag == f"{SVG}svg"
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert texts[0] == root.findtext(f"{SVG}title") == "Backtest of calm and hasty"
    assert "Dana <&> Okafor" in texts
    assert {"calm", "hasty", "Targets missed", "acknowledge", "messages", "nights", "times missed"} <= set(texts)
    described = root.findtext(f"{SVG}desc") or ""
    assert "hasty: 6 messages, 1 targets missed, 2 nights on which somebody was woken." in described
    said = [title.text for bar in root.iter(f"{SVG}rect") for title in bar.iter(f"{SVG}title")]
    assert "hasty, acknowledge: 1" in said
    assert "calm, 22:00 to 22:59: 1" in said
    assert "hasty, Finn: 1" in said
    assert not [tag for tag in root.iter() if tag.tag.endswith("script") or "href" in str(tag.attrib)]


def test_a_bar_is_as_long_as_its_count() -> None:
    one, other = Tally(), Tally()
    one.people.update({"dana": 200, "eli": 50})
    other.people.update({"dana": 100})
    root = ET.fromstring(chart(["a", "b"], [one, other], {}, "none"))  # noqa: S314 - our own text
    bars = {title.text: float(bar.attrib["width"]) for bar in root.iter(f"{SVG}rect") for title in bar}
    assert bars["a, dana: 200"] == 2 * bars["b, dana: 100"] == 4 * bars["a, eli: 50"]
    assert bars["b, eli: 0"] == 0


def test_beyond_fifteen_people_the_others_are_one_bar() -> None:
    tally = Tally()
    tally.people.update({f"person-{number:02}": 100 - number for number in range(20)})
    root = ET.fromstring(chart(["a"], [tally], {}, "none"))  # noqa: S314 - our own text
    said = {title.text for bar in root.iter(f"{SVG}rect") for title in bar}
    assert "a, person-14: 86" in said
    assert "a, 5 others: 415" in said
    assert not any("person-15" in str(text) for text in said)


def test_the_example_can_be_played() -> None:
    here = Path(__file__).parents[2]
    arguments = [str(here / "examples/tickets.csv"), "-p", str(here / "policies/standard.yaml"), "--processes", "1"]
    found = CliRunner().invoke(app, ["policy", "backtest", *arguments, "--json"])
    assert (found.exit_code, found.stderr) == (0, ""), found.output
    counts = json.loads(found.stdout)["policies"]["standard"]
    assert counts["tickets"] >= 24
    assert counts["woken"]
    assert counts["sent"]["email to customers"] > counts["tickets"]  # whom the file gives no address can be reached
    assert counts["refused"] == {}
