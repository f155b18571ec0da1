"""What the tests of follow-ups and problems begin with: cases that were explained, actions that were promised."""

from typing import Any

from tests.api.browser import Page
from tests.api.conftest import Api
from tests.api.test_lessons_api import action, with_a_problem
from tests.api.test_lessons_api import explained as recorded

LATE = "2020-01-31"
A, B = "zendesk-4711.1.1", "zendesk-4711.1.2"


async def explained(api: Api, ticket: str = "4711", **said: Any) -> dict[str, Any]:
    """A case with a whole root cause: its page shows every field."""
    return await recorded(api, ticket, **{"contributing_factors": [], "problem": None, **said})


async def promised(api: Api) -> None:
    """Two actions of one case: Sam's is far away, Dana's is late."""
    await explained(api, actions=[action("alert"), action("renew by machine", "dana", LATE)])


async def actions(api: Api, query: str = "") -> list[dict[str, Any]]:
    return (await api.get(f"/v1/actions?{query}")).json()["items"]  # type: ignore[no-any-return]


async def problem(api: Api) -> dict[str, Any]:
    return (await api.get("/v1/problems/P-1")).json()  # type: ignore[no-any-return]


def ends(page: Page) -> list[str]:
    return [one for one in page.commands if one.startswith(("done ", "drop "))]


async def with_live_cases(api: Api, *tickets: str) -> None:
    await with_a_problem(api)
    for ticket in tickets:
        await api.opened(ticket)
        await api.post("/v1/problems/P-1/link", {"by": "dana", "escalation": f"zendesk-{ticket}"})
