"""The HTTP server of the API, which knows that some of its answers have no end.

Boards keep a stream open for hours. A server that is told to stop waits for the answers under way, so it ends the streams first;
browsers come again by themselves, to whoever serves then.
"""

import socket
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

NOT_STARTED = 3  # the exit status, as uvicorn's own


class Server(uvicorn.Server):
    """Uvicorn's, for this app."""

    def __init__(self, app: FastAPI, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then everything else in order."""
        self._app.state.services.watcher.close()
        await super().shutdown(sockets)


def serve(app: FastAPI, host: str, port: int, grace: int) -> bool:
    """Serve until told to stop; whether it ever began. `grace`: seconds for requests under way."""
    # `log_config=None`: the server's own records go where ours go
    config = uvicorn.Config(app, host=host, port=port, timeout_graceful_shutdown=grace, log_config=None)
    server = Server(app, config)
    with suppress(KeyboardInterrupt):  # raised again at its end, after everything was let go in order
        server.run()
    return server.started
