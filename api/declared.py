"""Every answer is what it says it is: no browser guesses at a body of ours and runs JSON or a CSV as something else.

Pages say more in their own headers; what an answer has said of this already stays.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

GUESSING = "X-Content-Type-Options"


class AsDeclared:
    """ASGI middleware around all routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, and say of its answer that its type is not to be guessed."""

        async def said(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault(GUESSING, "nosniff")
            await send(message)

        await self._app(scope, receive, said if scope["type"] == "http" else send)
