"""The way out to addresses that other people choose: to public ones only, and for no longer than agreed.

Who may write a roster says where we connect to, and would otherwise reach through us what only this machine can: itself, its
network, the metadata of a cloud. So a name is looked up once, every address it has must be a public one, and the connection goes
to the very address that was looked at: a name that leads elsewhere a moment later changes nothing. The certificate is still
asked for the name. A server that drips its answer ends when the time is up, too.
"""

import socket
import ssl
import time
from collections.abc import Iterable
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

from httpcore2 import (
    SOCKET_OPTION,
    ConnectError,
    ConnectTimeout,
    NetworkBackend,
    NetworkStream,
    ReadTimeout,
    SyncBackend,
)

from activities.providers.deadline import within

_HANDED_OUT: Final = IPv6Network("2000::/3")  # of IPv6, what may lead to a public host at all
_NAT64: Final = IPv6Network("64:ff9b::/96")
_LAST_32_BITS: Final = 0xFFFF_FFFF


class NotPublic(Exception):
    """The name leads to an address inside; which one is not said, for whoever wrote the name could be asking for that."""


class PublicLine(NetworkBackend):
    """Connections that end after `limit`, counted from now; with `private` to any address."""

    def __init__(self, limit: timedelta, *, private: bool = False) -> None:
        self._end = time.monotonic() + limit.total_seconds()
        self._private = private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """To the first of the host's addresses that answers. Raises NotPublic, ConnectError or ConnectTimeout."""
        addresses = self._looked_up(host, port)
        if not self._private and not all(map(is_public, addresses)):
            raise NotPublic(f"{host} does not lead to a public address")
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            try:
                share = self.left(timeout) / left
                return _Line(SyncBackend().connect_tcp(address, port, share, local_address, socket_options), self)
            except (ConnectError, ConnectTimeout) as error:
                last = error
        raise last

    def left(self, timeout: float | None = None) -> float:
        """Seconds until the end, or until `timeout` when that comes before. Raises ReadTimeout when there are none."""
        rest = self._end - time.monotonic()
        if rest <= 0:
            raise ReadTimeout("no whole answer in time")
        return rest if timeout is None else min(rest, timeout)

    def _looked_up(self, host: str, port: int) -> list[str]:
        """The addresses of a name, each once; there is one at least."""
        try:
            found = within(
                timedelta(seconds=self.left()), lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            )
        except TimeoutError as error:
            raise ConnectTimeout("the name could not be looked up in time") from error
        except (OSError, UnicodeError) as error:  # a name may be too long to be asked for
            raise ConnectError(error) from error
        return list(dict.fromkeys(str(address[0]) for *_, address in found))


class _Line(NetworkStream):
    """A connection on which nothing waits longer than its line has left, however often something came in between."""

    def __init__(self, stream: NetworkStream, line: PublicLine) -> None:
        self._stream, self._line = stream, line

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._line.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._line.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> NetworkStream:
        return _Line(self._stream.start_tls(ssl_context, server_hostname, self._line.left(timeout)), self._line)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def is_public(address: str) -> bool:
    """Whether anybody on the internet could reach this IP address; one that wraps an IPv4 address is judged by that."""
    return _is_public(ip_address(address))


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast
    wrapped = address.ipv4_mapped or address.sixtofour
    if address in _NAT64:
        wrapped = IPv4Address(int(address) & _LAST_32_BITS)
    if wrapped is not None:
        return _is_public(wrapped)
    return address.is_global and address in _HANDED_OUT and address.teredo is None
