"""A browser without scripts: it reads a page's words and forms, fills in, presses a button, and follows where it is led."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx2


@dataclass
class Form:
    """A form as it stands on the page: what is filled in by name, the buttons with their values, the ways to choose.

    `action` is None where it goes to the page's own address.
    """

    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    options: dict[str, list[str]] = field(default_factory=dict)
    shown: bool = True
    action: str | None = None
    method: str = "post"


class Page(HTMLParser):
    """The page as a person meets it."""

    def __init__(self, answer: httpx2.Response) -> None:
        super().__init__()
        self.status, self.headers, self.html = answer.status_code, answer.headers, answer.text
        self.address = str(answer.request.url)
        self.forms: list[Form] = []
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.language = ""
        self._text: list[str] = []
        self._area: str | None = None
        self._select: str | None = None
        self._open: list[bool] = []
        self.feed(self.html)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self._text).split())

    @property
    def commands(self) -> list[str]:
        """What the buttons of the page say, in their order."""
        return [value for form in self.forms for name, value in form.buttons if name == "command"]

    def form(self, command: str) -> Form:
        return next(form for form in self.forms if ("command", command) in form.buttons)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        self.tags.append(tag)
        self.attributes += [one for one, _ in attrs]
        if tag == "html":
            self.language = given["lang"] or ""
        elif tag == "details":
            self._open.append("open" in given)
        elif tag == "form":
            action, method = given.get("action"), given["method"] or ""
            assert method in ("get", "post")
            assert action is None or (action.startswith("/") and not action.startswith("//")), "it leads away from us"
            self.forms.append(Form(shown=all(self._open), action=action, method=method))
        elif tag == "input":
            self.forms[-1].fields[name] = value
        elif tag == "button":
            self.forms[-1].buttons.append((name, value))
        elif tag == "textarea":
            self._area = name
            self.forms[-1].fields[name] = ""
        elif tag == "select":
            self._select = name
            self.forms[-1].options[name] = []
        elif tag == "option" and self._select:
            chosen = self.forms[-1].options[self._select]
            chosen.append(value)
            if "selected" in given or len(chosen) == 1:
                self.forms[-1].fields[self._select] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:  # a browser drops the line end that a text begins with
            fields = self.forms[-1].fields
            fields[self._area] = fields[self._area].removeprefix("\n")
            self._area = None
        elif tag == "select":
            self._select = None
        elif tag == "details":
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1].fields[self._area] += data
        else:
            self._text.append(data)


@dataclass
class Browser:
    """Opens addresses of our pages."""

    client: httpx2.AsyncClient

    async def opens(self, address: str, method: str = "GET", **headers: str) -> Page:
        return Page(await self.client.request(method, address, headers=headers, follow_redirects=True))

    async def presses(self, page: Page, command: str, **typed: str) -> Page:
        """Press the button of that command, with its form filled in."""
        form = page.form(command)
        return await self.sends(page, {**form.fields, "command": command, **typed}, form.action)

    async def sends(self, page: Page, fields: dict[str, str], to: str | None = None) -> Page:
        return Page(await self.client.post(to or page.address, data=fields, follow_redirects=True))
