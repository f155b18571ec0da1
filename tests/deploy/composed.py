"""docker-compose.yml as compose would read it: variables put in, `$$` turned into `$`, or the refusal to start."""

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from local.options import ROOT

FILE = ROOT / "docker-compose.yml"
OURS = ("api", "worker")  # the services that run our image

NEEDED = {
    "POSTGRES_PASSWORD": "b1a8f0c2d4e6",
    "POSTGRES_TEMPORAL_PASSWORD": "c1a8f0c2d4e6",
    "POSTGRES_TIERLINE_PASSWORD": "d1a8f0c2d4e6",
    "SENDGRID_API_KEY": "SG.test",
    "SENDGRID_FROM": "desk@example.org",
    "TIERLINE_PUBLIC_URL": "https://tierline.example",
    "TIERLINE_SECRET": "0123456789abcdef0123456789abcdef",
}  # what a person must set before compose starts anything, and no more

_VARIABLE = re.compile(r"\$(?:(?P<escaped>\$)|\{(?P<name>\w+)(?:(?P<how>:[-?])(?P<rest>(?:[^{}]|\$\{[^{}]*\})*))?\})")


class Missing(Exception):
    """Compose would not start; the text names the variable and what is asked for."""


def compose(variables: Mapping[str, str] = NEEDED) -> dict[str, Any]:
    """The file with `variables` put in. Raises Missing for a required one that is not there."""
    read = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return dict(_filled(read, variables))


def services(variables: Mapping[str, str] = NEEDED) -> dict[str, dict[str, Any]]:
    return dict(compose(variables)["services"])


def variables() -> set[str]:
    """Every variable that compose takes from its environment or `.env`."""
    text = re.sub(r"\$\$", "", FILE.read_text(encoding="utf-8"))
    return set(re.findall(r"\$\{(\w+)", text))


def script(service: str) -> str:
    """What a one-shot runs in its shell."""
    one = services()[service]
    assert one["entrypoint"] == ["/bin/sh", "-euc"]
    [text] = one["command"]
    return str(text)


def environment(service: str, **more: str) -> dict[str, str]:
    """What a container would see, with what every machine has: a search path, a home."""
    base = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    own = {name: str(value) for name, value in services()[service]["environment"].items()}
    return {**base, **own, **more}


def seconds(duration: str) -> int:
    """`20s`; compose's own units that we do not use are a mistake here."""
    matched = re.fullmatch(r"(\d+)s", duration)
    assert matched, f"{duration} is not in seconds"
    return int(matched[1])


def published(service: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    """Address, port outside, port inside."""
    for port in service.get("ports", ()):
        address, outside, inside = str(port).split(":")
        yield address, int(outside), int(inside)


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(one, variables) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, variables) for one in value]
    return _put_in(value, variables) if isinstance(value, str) else value


def _put_in(text: str, variables: Mapping[str, str]) -> str:
    def put(found: re.Match[str]) -> str:
        if found["escaped"]:
            return "$"
        given = variables.get(found["name"])
        if given:
            return given
        if found["how"] == ":?":
            raise Missing(f"{found['name']}: {found['rest']}")
        return _put_in(found["rest"] or "", variables)

    return _VARIABLE.sub(put, text)
