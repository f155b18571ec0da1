"""Sending a calendar feed to the API: from a file, from standard input, or fetched here, where its address may be a secret.

The API never fetches: it would have to be trusted with every address inside its network.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx2

from local.client import LOOPBACK, Answer, Api
from local.files import STANDARD_INPUT, why_unread

CALENDAR = "text/calendar"
LARGEST = 1_000_000  # bytes; what the API takes where its operator has not changed it
TIME_LIMIT = 20.0  # seconds for each step of fetching
WORDS: tuple[tuple[type[Exception], str], ...] = (
    (httpx2.TimeoutException, f"no answer within {TIME_LIMIT:.0f} s; try again"),
    (httpx2.ConnectError, "it cannot be reached; check the address, this machine's network and the certificate there"),
    (httpx2.ProxyError, "the proxy of this machine refuses; look at HTTPS_PROXY"),
    (httpx2.TooManyRedirects, "it sends from one address to the next without end"),
    (httpx2.InvalidURL, "this is no address that can be asked"),
)
SCHEMES = {"http": "http", "https": "https", "webcal": "https"}


class FeedError(Exception):
    """A feed that could not be had, with words for whoever typed its address."""


class FeedApi(Api):
    """The API, told calendars as they are."""

    def _request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        body: object,
        headers: Mapping[str, str] | None,
        patience: float,
    ) -> httpx2.Request:
        kind = {"Content-Type": CALENDAR, **(headers or {})}
        content = body if isinstance(body, bytes) else None
        return self._http.build_request(method, path, params=params, content=content, headers=kind, timeout=patience)


def send(url: str, secret: str | None, name: str, content: bytes, **query: str | None) -> Answer:
    """Put the feed `name`; the API's answer. Raises ApiError."""
    said = "&".join(f"{field}={quote(value, safe='')}" for field, value in query.items() if value is not None)
    with FeedApi(url, secret) as api:
        return api.put(f"/v1/roster/feeds/{quote(name, safe='')}?{said}", content)


def content_of(source: str) -> bytes:
    """The calendar in a file, on standard input (`-`) or at an address. Raises FeedError."""
    if "://" in source:
        return _fetched(source)
    try:
        return sys.stdin.buffer.read() if source == STANDARD_INPUT else Path(source).read_bytes()
    except OSError as error:
        raise FeedError(f"{source} cannot be read: {why_unread(error)}") from None


def _fetched(address: str) -> bytes:
    scheme, rest = address.split("://", 1)
    host = _host(address)
    if scheme.lower() not in SCHEMES or not host:
        raise FeedError(f"{scheme}://… cannot be fetched: write an address that begins with https:// or webcal://")
    try:
        return b"".join(_parts(f"{SCHEMES[scheme.lower()]}://{rest}", trust_env=host not in LOOPBACK))
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise FeedError(f"{host} gave no feed: {_why(error)}") from None


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:  # brackets that are not closed, say
        return None


def _why(error: Exception) -> str:
    """In words of ours: the error's own may repeat the address, which may be a secret."""
    return next((words for kinds, words in WORDS if isinstance(error, kinds)), "the answer broke off; try again")


def _parts(address: str, *, trust_env: bool) -> Iterator[bytes]:
    size = 0
    with (
        httpx2.Client(follow_redirects=True, timeout=TIME_LIMIT, trust_env=trust_env) as client,
        client.stream("GET", address) as answer,
    ):
        if not answer.is_success:
            raise FeedError(f"{answer.url.host} gave no feed: {answer.status_code} {answer.reason_phrase}")
        for part in answer.iter_bytes():
            size += len(part)
            if size > LARGEST:
                raise FeedError(f"{answer.url.host} sends more than {LARGEST:,} bytes: give it a shorter past")
            yield part
