"""`tierline seed`: fills a store with made-up cases, to try the pages and reports on as much as years bring."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from local.talk import REFUSED, usage

if TYPE_CHECKING:
    from pathlib import Path

    from local.seeding import House
    from records.database import Database
    from settings import CommonSettings

app = typer.Typer()


@app.command(rich_help_panel="Running it")
def seed(
    database: Annotated[
        str | None,
        typer.Option(help="The store's address; default: TIERLINE_DATABASE_URL, else the file in TIERLINE_HOME."),
    ] = None,
    open_: Annotated[int, typer.Option("--open", min=0, help="Open cases.")] = 10_000,
    closed: Annotated[int, typer.Option(min=0, help="Closed cases.")] = 1_000_000,
    timelines: Annotated[
        int,
        typer.Option(min=0, help="So many of the newest closed cases have timeline and messages; open ones always do."),
    ] = 50_000,
    days: Annotated[int, typer.Option(min=30, max=3_650, help="How far back they go.")] = 1_095,
    seed: Annotated[int, typer.Option(help="Another number gives other cases.")] = 1,
    add: Annotated[bool, typer.Option("--add", help="Also into a store that has cases.")] = False,
) -> None:
    """Fill a store with made-up cases, to see how it is with a million of them. Not for production.

    Speaks to the database and to nothing else. Nobody is told of these cases and no workflow runs for them: they can be looked at
    and counted, but a command to one of them is answered with `workflow_missing`.
    """
    from local.seeding import Size, how_many
    from local.seeding import seed as sow

    settings = _settings()
    if settings.mode == "production":
        raise _refused(
            "TIERLINE_MODE is production: made-up cases do not belong there. Name another store in local mode"
        )
    store, now = _opened(settings, database), datetime.now(UTC)
    try:
        cases = how_many(store)
        if cases and not add:
            raise _refused(f"the store holds {cases:,} cases already; name an empty one with --database, or give --add")
        sow(store, _house(settings.policies, store, now), Size(open_, closed, timelines, days, seed), now, _say)
    finally:
        store.close()
    _say(f"{closed:,} closed and {open_:,} open cases are in the store")


def _settings() -> "CommonSettings":
    from settings import CommonSettings, setting_faults

    try:
        return CommonSettings()
    except ValidationError as error:
        raise usage(setting_faults(error)) from None


def _opened(settings: "CommonSettings", address: str | None) -> "Database":
    """The migrated store."""
    from sqlalchemy.exc import ArgumentError

    from records.database import Database, DatabaseAway

    if address is None and settings.database_url is None:
        settings.home.mkdir(parents=True, exist_ok=True)
    try:
        store = Database(address or settings.database)
        store.migrate()
    except ArgumentError:
        raise usage("--database is no address of a database: write sqlite:///file.db or postgresql://…") from None
    except DatabaseAway as error:
        raise _refused(str(error)) from None
    return store


def _house(folder: "Path", store: "Database", now: datetime) -> "House":
    from domain.errors import PolicyFaults

    try:
        return house_of(folder, store, now)
    except (PolicyFaults, LookupError) as fault:
        raise _refused(str(fault.args[0] if isinstance(fault, LookupError) else fault)) from None


def house_of(folder: "Path", store: "Database", now: datetime) -> "House":
    """What the store has of policy, roster and causes; an empty one first takes those of the folder, as at a start.

    Raises PolicyFaults, and LookupError where there is no policy.
    """
    from api.seeding import read_folder
    from domain.routing import FALLBACK
    from local.seeding import House
    from records.causes import CauseTree
    from records.policies import Policies
    from records.roster import RosterStore

    policies, roster, causes = Policies(store), RosterStore(store), CauseTree(store)
    if not policies.latest_all():
        found = read_folder(folder)
        for one in found.policies:
            policies.save(one.policy, "file", None, now, one.hash)
        if found.roster is not None:
            roster.seed(found.roster, now)
        if found.causes is not None:
            causes.save(found.causes.causes, "file", None, now, found.causes.hash)
    known = policies.latest_all()
    if not known:
        raise LookupError(f"there is no policy in the store and none in {folder}; see TIERLINE_POLICIES")
    chosen = next((one for one in known if one.name == FALLBACK), known[0])
    return House(chosen, roster.current(), causes.tree)


def _refused(words: str) -> typer.Exit:
    typer.echo(words, err=True)
    return typer.Exit(REFUSED)


def _say(words: str) -> None:
    typer.echo(words, err=True)
