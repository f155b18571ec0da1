"""No request body is larger than the limit, whatever its headers say.

The body is read here, up to the limit, before anything else sees it: our bodies are small JSON, so keeping one costs nothing,
and a stream that goes on and on is cut off before it has been parsed or stored. A roster may be larger. Mails with pictures are
larger, too: the one path that takes them reads piece by piece and keeps little; there the limit counts what has come by. A
person with a form is told by a page.
"""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import answer, problem

API = "/v1/"  # all else is read by people


class BodyLimit:
    """ASGI middleware; refuses with 413 `body_too_large`.

    `larger` and `streamed` are paths with a limit of their own; the bodies of those in `streamed` are read piece by piece.
    """

    def __init__(self, app: ASGIApp, largest: int, larger: Mapping[str, int], streamed: Mapping[str, int]) -> None:
        self._app = app
        self._largest = largest
        self._own = {**larger, **streamed}
        self._streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through with its body already read (or counted as it is read), or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        largest = self._own.get(scope["path"], self._largest)
        try:
            if _declared(scope) > largest:
                raise _TooLarge
            counting = _counting(receive, largest)
            read = counting if scope["path"] in self._streamed else _again(await _read(counting), receive)
            await self._app(scope, read, send)
        except _TooLarge:
            if scope["method"] == "POST" and not scope["path"].startswith(API):
                await self._app(scope, _too_large_for_a_page, send)
                return
            detail = f"the body is larger than {largest} bytes"
            await answer(413, problem(413, "body_too_large", detail), {"Connection": "close"})(scope, receive, send)


class _TooLarge(Exception):
    """More has come than the limit; whoever reads has answered nothing yet."""


async def _too_large_for_a_page() -> Message:
    """For who asks for the body: its route answers as it does to a form that cannot be read, with a page."""
    raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _counting(receive: Receive, largest: int) -> Receive:
    """Passes on what comes; raises _TooLarge as soon as that is too much."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > largest:
            raise _TooLarge
        return message

    return counted


async def _read(receive: Receive) -> list[Message]:
    messages: list[Message] = []
    while True:
        message = await receive()
        messages.append(message)
        if message["type"] != "http.request" or not message.get("more_body", False):
            return messages


def _declared(scope: Scope) -> int:
    text = dict(scope["headers"]).get(b"content-length", b"0")
    return int(text) if text.isdigit() else 0


def _again(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def replay() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    return replay
