"""No request body is larger than the limit, whatever its headers say.

The body is read here, up to the limit, before anything else sees it: our bodies are small JSON, so keeping one costs nothing,
and a stream that goes on and on is cut off before it has been parsed or stored.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import answer, problem


class BodyLimit:
    """ASGI middleware; refuses with 413 `body_too_large`."""

    def __init__(self, app: ASGIApp, largest: int) -> None:
        self._app = app
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through with its body already read, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = None if _declared(scope) > self._largest else await self._read(receive)
        if body is None:
            detail = f"the body is larger than {self._largest} bytes"
            await answer(413, problem(413, "body_too_large", detail), {"Connection": "close"})(scope, receive, send)
            return
        await self._app(scope, _again(body, receive), send)

    async def _read(self, receive: Receive) -> list[Message] | None:
        messages: list[Message] = []
        size = 0
        while True:
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._largest:
                return None
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
