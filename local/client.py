"""The HTTP API as the command line sees it: one request, one answer, every refusal in plain words.

Every POST carries an `Idempotency-Key`, so that the one repetition after a lost connection cannot act twice.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote, urlsplit
from uuid import uuid4

import httpx2

NAME = "tierline-cli"  # the audit log tells by it what came from here
TIME_LIMIT = 20.0  # seconds; the API itself waits 3 s for a worker, then queues the command
REPEAT_AFTER = 0.5  # seconds; an API that is being restarted is back after a moment
LOOPBACK = ("127.0.0.1", "localhost", "::1")
ERRNO = re.compile(r"^\[Errno -?\d+\] ")  # the operating system's number of an error; its words come after it
MOST_SHOWN = 300  # characters of an answer that is no problem document


@dataclass(frozen=True)
class Answer:
    """What the API said: its exact text, and the same parsed."""

    status: int
    text: str
    data: Any


class ApiError(Exception):
    """A refusal or no answer at all. `status` is 0 when there was none; `text` is the problem document as it came."""

    def __init__(self, status: int, message: str, *, code: str | None = None, text: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.text = text


class Api:
    """A connection to one Tierline."""

    def __init__(self, url: str, secret: str | None) -> None:
        self.url = url
        headers = {"User-Agent": NAME, **({"Authorization": f"Bearer {secret}"} if secret else {})}
        here = urlsplit(url).hostname in LOOPBACK  # a proxy of the environment knows nothing of this machine
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=TIME_LIMIT, trust_env=not here)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    def get(self, path: str, **params: object) -> Answer:
        """Read; parameters that are None are left out."""
        return self._ask("GET", path, params=_given(params))

    def post(self, path: str, body: object, patience: float = TIME_LIMIT) -> Answer:
        """Act; `patience` in seconds."""
        return self._ask("POST", path, body=body, headers={"Idempotency-Key": str(uuid4())}, patience=patience)

    def put(self, path: str, body: object) -> Answer:
        """Replace."""
        return self._ask("PUT", path, body=body)

    def delete(self, path: str) -> Answer:
        """Take away."""
        return self._ask("DELETE", path)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        patience: float = TIME_LIMIT,
    ) -> Answer:
        try:
            answer = self._send(self._request(method, path, params, body, headers, patience))
        except UnicodeEncodeError as error:
            raise ApiError(0, f"these words are no text that can be sent (not UTF-8): {error.object!a}") from None
        except httpx2.TimeoutException:
            raise ApiError(
                0, f"{self.url} gave no answer within {patience:.0f} s; it may still have been done"
            ) from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            why = ERRNO.sub("", str(error)) or type(error).__name__
            raise ApiError(0, f"no Tierline answers at {self.url} ({why}). Is it running? `tierline up`") from None
        if not answer.is_success:
            raise _refusal(answer)
        return Answer(answer.status_code, answer.text, _parsed(answer))

    def _request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        body: object,
        headers: Mapping[str, str] | None,
        patience: float,
    ) -> httpx2.Request:
        return self._http.build_request(method, path, params=params, json=body, headers=headers, timeout=patience)

    def _send(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return self._http.send(request)
        except (httpx2.NetworkError, httpx2.RemoteProtocolError):
            time.sleep(REPEAT_AFTER)
            return self._http.send(request)


def case_path(id: str, *more: str) -> str:
    """The path of an escalation: whatever stands in an id, it stays one part of the path.

    Raises ApiError for an id with a slash, which no escalation has (a ticket's slash is written `~2F`).
    """
    if "/" in id:
        raise ApiError(404, f"there is no escalation '{id}'", code="escalation_not_found")
    return "/".join(("/v1/escalations", quote(id, safe="~"), *more))


def _given(params: Mapping[str, object]) -> dict[str, str]:
    words = {True: "true", False: "false"}
    return {
        name: words[value] if isinstance(value, bool) else str(value)
        for name, value in params.items()
        if value is not None
    }


def _parsed(answer: httpx2.Response) -> Any:
    if answer.headers.get("content-type", "").startswith("text/csv"):
        return None  # its text is all there is to it
    try:
        return answer.json() if answer.content else None
    except ValueError:
        raise ApiError(answer.status_code, f"the answer is no JSON: {answer.text[:MOST_SHOWN]}") from None


def _refusal(answer: httpx2.Response) -> ApiError:
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        shown = answer.text[:MOST_SHOWN].strip() or answer.reason_phrase
        return ApiError(answer.status_code, f"{answer.status_code}: {shown}", text=answer.text)
    code = problem.get("code")
    return ApiError(answer.status_code, _in_words(problem, answer), code=code, text=answer.text)


def _in_words(problem: Mapping[str, Any], answer: httpx2.Response) -> str:
    """The sentence of the problem document and every single fault it lists."""
    sentence = str(problem.get("detail") or problem.get("title") or answer.reason_phrase)
    if answer.status_code == 401:
        sentence += (
            "\nName a valid key in TIERLINE_KEY (the first start leaves one in the admin-key file of TIERLINE_HOME)."
        )
    listed = [_fault(fault) for fault in problem.get("faults") or problem.get("errors") or []]
    lines = [f"  {line}" for line in listed if line not in sentence]
    code = f" [{problem['code']}]" if problem.get("code") else ""
    first, *rest = sentence.splitlines() or [""]
    return "\n".join([first + code, *rest, *lines])


def _fault(fault: object) -> str:
    if not isinstance(fault, Mapping):
        return str(fault)
    place = fault.get("path") or fault.get("field") or fault.get("loc")
    place = ".".join(map(str, place)) if isinstance(place, list | tuple) else place
    words = fault.get("message") or fault.get("detail") or fault.get("msg") or fault.get("reason") or ""
    return f"{place}: {words}" if place else str(words)
