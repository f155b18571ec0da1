"""Policies and rosters arrive as YAML or JSON; both are read by the same checks, with every fault and its place."""

import json
from typing import Annotated

from fastapi import Depends, Request

from api.errors import UnsupportedMedia
from domain.errors import Fault, Invalid, PolicyFaults
from domain.yaml_text import parse_yaml

YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
JSON = "application/json"


async def uploaded(request: Request) -> dict[str, object]:
    """The top-level map of the body, by its content type.

    Raises UnsupportedMedia, Invalid (`invalid_json`, `invalid_text`), PolicyFaults.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (JSON, *YAML):
        raise UnsupportedMedia("unsupported_media_type", f"send {JSON} or {YAML[0]}, not '{kind or 'nothing'}'")
    try:
        text = (await request.body()).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid("invalid_text", f"the body is not UTF-8 (byte {error.start})") from None
    return _json(text) if kind == JSON else parse_yaml(text, "the body")


Uploaded = Annotated[dict[str, object], Depends(uploaded)]

BODY = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "object"}} for kind in (JSON, YAML[0])},
    }
}
"""Declares such a body in OpenAPI."""


def _json(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid("invalid_json", f"the body is not JSON ({error})") from None
    if not isinstance(value, dict):
        raise PolicyFaults("the body", [Fault("(the whole file)", 'must be an object such as {"name": "standard"}')])
    return value
