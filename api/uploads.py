"""Policies and rosters arrive as YAML or JSON; both are read by the same checks, with every fault and its place.

In JSON, too, a key may stand only once in an object: that is so for the bodies of all routes.
"""

import json
from contextlib import suppress
from typing import Annotated

from fastapi import Depends, Request

from api.errors import JSON_TYPE, unreadable, unsupported
from api.services import in_thread
from domain.errors import Fault, PolicyFaults
from domain.json_text import parse_json
from domain.yaml_text import LARGEST_FILE, LARGEST_ROSTER, parse_yaml

YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")


async def each_key_once(request: Request) -> None:
    """A dependency of the whole app: no JSON body has a key twice. Raises Invalid `invalid_json`.

    What is no JSON at all is refused by whoever reads it.
    """
    kind = _kind(request)
    if kind == JSON_TYPE or kind.endswith("+json"):  # what FastAPI reads as JSON
        with suppress(ValueError, RecursionError):
            parse_json(await request.body())


async def uploaded(request: Request) -> dict[str, object]:
    """The top-level map of the body, by its content type. Raises as `_read`."""
    return await _read(request, LARGEST_FILE)


async def uploaded_roster(request: Request) -> dict[str, object]:
    """The same of a roster, which may be larger. Raises as `_read`."""
    return await _read(request, LARGEST_ROSTER)


async def _read(request: Request, largest: int) -> dict[str, object]:
    """The top-level map of the body, of YAML with at most `largest` bytes.

    Raises UnsupportedMedia, Invalid (`invalid_json`, `invalid_text`), PolicyFaults.
    """
    kind = _kind(request)
    if kind not in (JSON_TYPE, *YAML):
        raise unsupported(kind, YAML[0])
    try:
        text = (await request.body()).decode("utf-8")
    except UnicodeDecodeError as error:
        raise unreadable(error) from None
    if kind == JSON_TYPE:
        return _json(text)
    return await in_thread(parse_yaml, text, "the body", largest)  # a long one takes seconds


Uploaded = Annotated[dict[str, object], Depends(uploaded)]
UploadedRoster = Annotated[dict[str, object], Depends(uploaded_roster)]

BODY = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "object"}} for kind in (JSON_TYPE, YAML[0])},
    }
}
"""Declares such a body in OpenAPI."""


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _json(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise unreadable(error) from None
    if not isinstance(value, dict):
        raise PolicyFaults("the body", [Fault("(the whole file)", 'must be an object such as {"name": "standard"}')])
    return value
