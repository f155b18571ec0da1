"""Somebody at a browser who signs in with a key."""

from dataclasses import dataclass

from tests.api.browser import Browser, Page
from tests.api.conftest import Api

COOKIE = "tierline_session"


@dataclass
class Visitor(Browser):
    """The cookie is the client's, as it is a browser's."""

    api: Api

    async def signs_in(self, role: str = "operator", following: str = "/templates") -> Page:
        return await self.types(self.api.keys[role], following)

    async def types(self, key: str, following: str = "/templates") -> Page:
        self.client.cookies.clear()
        page = await self.opens(f"/sign-in?next={following}")
        return await self.sends(page, {**page.forms[-1].fields, "key": key}, "/sign-in")


def visitor(api: Api) -> Visitor:
    """One who has not signed in yet."""
    return Visitor(api.client, api)
