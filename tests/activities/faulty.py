"""Servers that misbehave on a raw socket, and addresses where nobody answers: what no HTTP library can play."""

import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Self


class Faulty:
    """A server that reads one whole request per connection and then behaves as `end` says."""

    def __init__(self, end: Callable[[socket.socket], None]) -> None:
        self.requests: list[bytes] = []
        self._end = end
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._thread.join(5)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                connection.settimeout(5)
                head = b"".join(iter(stream.readline, b"\r\n"))
                length = re.search(rb"(?i)content-length: (\d+)", head)
                self.requests.append(head + stream.read(int(length[1]) if length else 0))
                self._end(connection)


def hold(connection: socket.socket) -> None:
    connection.recv(1)  # until the client gives up


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang_up(connection: socket.socket) -> None:
    """Close without a byte."""


def cut_short(status: int) -> Callable[[socket.socket], None]:
    """Answer with a status, and hang up in the middle of the body."""

    def end(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 %d Fine\r\nContent-Length: 500\r\n\r\n{" % status)

    return end


def babble(connection: socket.socket) -> None:
    connection.sendall(b"220 smtp.example.com ready\r\n\r\n")


@contextmanager
def nobody() -> Iterator[str]:
    """The address of a port that is taken but not listened on: connections are refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def deaf() -> Iterator[str]:
    """The address of a listener whose queue is full: connecting gets no answer at all."""
    with socket.socket() as listener, ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            filler = waiting.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
