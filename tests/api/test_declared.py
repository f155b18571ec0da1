"""No answer of ours is taken for something else by a browser, and no page of ours runs another site's script."""

import pytest

from api.pages.board_events import CHANGES as EVENTS
from tests.api.conftest import Api


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/escalations", 200),
        ("/v1/reports/trend?format=csv", 200),
        ("/v1/escalations/nothing-1", 404),
        ("/openapi.json", 200),
        ("/static/board.js", 200),
        ("/nowhere", 404),
        ("/sign-in", 200),
        (EVENTS, 303),
    ],
)
async def test_the_type_of_no_answer_is_guessed(api: Api, path: str, status: int) -> None:
    answer = await api.get(path)
    assert (answer.status_code, answer.headers.get_list("x-content-type-options")) == (status, ["nosniff"])


async def test_nor_that_of_a_refusal_before_any_route_or_of_what_broke(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    refused = await api.post("/v1/escalations", "x" * (api.services.settings.max_body_bytes + 1))
    monkeypatch.setattr(api.services.keys, "find", broken)
    for answer, status in ((refused, 413), (await api.get("/v1/escalations"), 500)):
        assert (answer.status_code, answer.headers["x-content-type-options"]) == (status, "nosniff")


@pytest.mark.parametrize("path", ["/docs", "/docs/oauth2-redirect", "/redoc"])
async def test_no_page_of_the_api_brings_the_script_of_another_site(api: Api, path: str) -> None:
    assert (await api.get(path, None)).status_code == 404


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("trend?from=2026-03-01&to=2026-03-31", "tierline-trend-2026-03-01-2026-03-31.csv"),
        ("summary?from=2026-03-01&to=2026-03-31&timezone=Europe/Berlin", "tierline-summary-2026-03-01-2026-03-31.csv"),
        ("root-causes?from=2026-03-29&to=2026-03-29", "tierline-root-causes-2026-03-29-2026-03-29.csv"),
    ],
)
async def test_a_report_for_a_spreadsheet_is_named_after_what_it_holds_and_kept_by_nobody(
    api: Api, asked: str, name: str
) -> None:
    answer = await api.get(f"/v1/reports/{asked}&format=csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["cache-control"] == "no-store"


async def test_a_backlog_for_a_spreadsheet_is_named_after_its_day(api: Api) -> None:
    answer = await api.get("/v1/reports/backlog?format=csv")
    today = f"{api.services.now():%Y-%m-%d}"
    assert answer.headers["content-disposition"] == f'attachment; filename="tierline-backlog-{today}.csv"'
