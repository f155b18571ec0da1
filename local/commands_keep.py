"""Keeping the place in order: policies, the roster, keys. `policy check` needs no running system."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from local import show
from local.client import ApiError
from local.commands_roster import roster as roster
from local.files import text_of
from local.talk import REFUSED, Json, ask, data

KEEP = "Keeping it in order"
policy = typer.Typer(help="Policies: check a file, put it into use, look at what is in use.", no_args_is_help=True)
keys = typer.Typer(help="Keys to the API.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="A YAML file.")]
Name = Annotated[str, typer.Argument(help="The policy's name.")]
ROSTER = re.compile(r"^people:", re.MULTILINE)  # no key of a policy; a file with it may be as large as a roster


@policy.command("check")
def policy_check(
    file: File,
    roster_file: Annotated[
        Path | None,
        typer.Option("--roster", help="The roster its names are checked against; default: beside the file."),
    ] = None,
) -> None:
    """Every mistake in a policy or roster file, with its place. Works without a running system."""
    from domain.errors import PolicyFaults

    try:
        found = _check(file, text_of(file), roster_file)
    except PolicyFaults as faults:
        typer.echo(str(faults), err=True)
        raise typer.Exit(REFUSED) from None
    for line in found:
        typer.echo(line)


@policy.command("apply")
def policy_apply(file: File, json: Json = False) -> None:
    """Put a policy into use; running cases keep the version they began with."""
    body = parsed_file(file)
    name = quote(str(body.get("name")), safe="")
    ask(lambda api: api.put(f"/v1/policies/{name}", body), json, data(_policy_line))


@policy.command("list")
def policy_list(json: Json = False) -> None:
    """The policies in use."""
    ask(lambda api: api.get("/v1/policies"), json, data(_policies))


@policy.command("show")
def policy_show(name: Name, json: Json = False) -> None:
    """A policy as it is in use now."""
    ask(lambda api: api.get(f"/v1/policies/{quote(name, safe='')}"), json, data(as_yaml))


@keys.command("create")
def keys_create(
    role: Annotated[str, typer.Option(help="system, agent, operator, admin or viewer")],
    person: Annotated[str | None, typer.Option(help="Whom an agent's key speaks for.")] = None,
    label: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    json: Json = False,
) -> None:
    """Make a key. It is shown once."""
    body = {"role": role, "person": person, "label": label}
    given = {name: value for name, value in body.items() if value is not None}
    ask(lambda api: api.post("/v1/keys", given), json, data(_new_key))


@keys.command("list")
def keys_list(json: Json = False) -> None:
    """Every key, without its secret."""
    columns = ("id", "role", "person", "label", "created_at", "revoked_at")
    ask(lambda api: api.get("/v1/keys"), json, data(lambda found: show.rows(found["items"], columns, "no keys")))


@keys.command("revoke")
def keys_revoke(id: Annotated[str, typer.Argument(help="The key's id, from `keys list`.")], json: Json = False) -> None:
    """From now on this key opens nothing."""
    ask(lambda api: api.delete(f"/v1/keys/{quote(id, safe='')}"), json, lambda _: show.console().print("revoked"))


def _check(file: Path, text: str, roster_file: Path | None) -> list[str]:
    """The lines to print about a file without mistakes. Raises PolicyFaults."""
    from domain.policy_file import load_policy
    from domain.policy_warnings import warnings
    from domain.roster_file import check_roster, load_roster
    from domain.roster_warnings import roster_warnings
    from domain.yaml_text import LARGEST_FILE, LARGEST_ROSTER, parse_yaml

    largest = LARGEST_ROSTER if ROSTER.search(text) else LARGEST_FILE
    found = parse_yaml(text, str(file), largest)
    if "tiers" not in found and ("people" in found or "teams" in found):
        people = check_roster(found, str(file))
        counts = (
            show.counted(len(people.people), "person", "people"),
            show.counted(len(people.teams), "team", "teams"),
        )
        looks = (f"worth a look: {fault}" for fault in roster_warnings(people))
        return [f"{file} is fine: {', '.join(counts)}", *looks]
    policy_found = load_policy(text, str(file))
    lines = [
        f"{file} is fine: policy '{policy_found.name}', tiers {', '.join(tier.name for tier in policy_found.tiers)}"
    ]
    beside = roster_file or file.parent / "roster.yaml"
    if not beside.is_file():
        return [*lines, f"names of people and teams were not checked: there is no {beside} (see --roster)"]
    people = load_roster(text_of(beside), str(beside))
    return [*lines, *(f"worth a look: {fault}" for fault in warnings(policy_found, people, datetime.now(UTC)))]


def parsed_file(file: Path, *, roster: bool = False) -> dict[str, Any]:
    """The policy or roster as data for the API, which says what is wrong with it; only unreadable YAML is refused here."""
    from domain.errors import PolicyFaults
    from domain.yaml_text import LARGEST_FILE, LARGEST_ROSTER, parse_yaml

    try:
        return dict(parse_yaml(text_of(file), str(file), LARGEST_ROSTER if roster else LARGEST_FILE))
    except PolicyFaults as faults:
        typer.echo(str(faults), err=True)
        raise typer.Exit(REFUSED) from None


def neither(error: ApiError, of: str | None) -> ApiError:
    """The refusal of a policy where `of` was to be a file or a name; any other as it is."""
    if error.code != "policy_not_found":
        return error
    words = f"there is neither such a file nor such a policy: '{of}'; `tierline policy list` shows the policies"
    return ApiError(error.status, words, code=error.code, text=error.text)


def _policy_line(found: Any) -> None:
    show.console().print(f"policy {found['name']} version {found['version']} is in use for new cases")
    for fault in found.get("warnings") or []:
        show.console().print(f"worth a look: {fault['path']}: {fault['message']}", markup=False)


def _policies(found: Any) -> None:
    show.rows(found["items"], ("name", "version"), "no policies")


def as_yaml(found: Any) -> None:
    """What the API answered as YAML."""
    import yaml

    typer.echo(yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=110), nl=False)


def _new_key(found: Any) -> None:
    show.console().print(f"key {found['id']} ({found['role']}), shown only now:")
    typer.echo(found["key"])
