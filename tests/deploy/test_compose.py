"""What can be known of docker-compose.yml without Docker: that it agrees with the program it starts, and with itself."""

import re
import subprocess
import tomllib
from importlib.util import find_spec
from typing import get_args

import pytest
import yaml

import worker
from api import __main__ as api
from domain.tickets import Channel
from local.options import ROOT
from settings import ApiSettings, HookSettings, SendGridSettings, TwilioSettings, WorkerSettings
from tests.deploy.composed import (
    FILE,
    NEEDED,
    OURS,
    Missing,
    compose,
    environment,
    published,
    script,
    seconds,
    services,
    variables,
)
from tests.variables import OF_THE_SDK, listed, names
from workflows import contract

ONE_SHOTS = ("databases", "temporal-schema", "namespace")
SERVERS = ("postgres", "temporal", "temporal-ui", "api", "worker")
NOT_IN_A_CONTAINER = {
    "TIERLINE_URL", "TIERLINE_KEY",  # of whoever types `tierline`
    "TIERLINE_HOME", "TIERLINE_POLICIES", "TIERLINE_MODE", "TIERLINE_DATABASE_URL",  # said by compose itself
    "TEMPORAL_ADDRESS", "TEMPORAL_API_KEY", "TEMPORAL_TLS", "TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_CLIENT_KEY_PATH",
    "TEMPORAL_TLS_SERVER_CA_CERT_PATH", "TEMPORAL_TLS_SERVER_NAME",  # compose brings its own Temporal
}  # fmt: skip
PRODUCTION = {"TIERLINE_MODE", "TIERLINE_SECRET", "TIERLINE_DATABASE_URL", "TIERLINE_PUBLIC_URL", "TEMPORAL_ADDRESS"}
VENDORS = names(SendGridSettings) | names(TwilioSettings)
SIGNED = names(HookSettings)  # what verifies the vendors' webhooks
IMAGE = re.compile(r"[\w./-]+:(?P<tag>\d+(?:\.\d+)+)")


def test_every_service_is_a_one_shot_or_a_server() -> None:
    assert set(services()) == {*ONE_SHOTS, *SERVERS}


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_compose_refuses_to_start_without_a_required_variable_and_says_what_to_set(name: str) -> None:
    without = {other: value for other, value in NEEDED.items() if other != name}
    with pytest.raises(Missing, match=rf"^{name}: \w.{{10,}}"):
        compose(without)


def test_every_variable_of_compose_is_listed_for_people() -> None:
    assert variables() - listed() == set()


def test_every_listed_variable_reaches_compose_or_has_no_place_there() -> None:
    assert listed() - variables() == NOT_IN_A_CONTAINER


@pytest.mark.parametrize(
    ("service", "read"), [("api", names(ApiSettings) | SIGNED), ("worker", names(WorkerSettings) | VENDORS)]
)
def test_a_process_is_given_only_what_it_reads_and_all_that_production_needs(service: str, read: set[str]) -> None:
    given = set(services()[service]["environment"])
    assert {name for name in given if not OF_THE_SDK.fullmatch(name)} - read == set()
    assert given >= PRODUCTION


def test_the_vendors_keys_go_to_the_workers_and_to_the_api_only_what_verifies_webhooks() -> None:
    assert VENDORS - set(services()["worker"]["environment"]) == set()
    for name in {*ONE_SHOTS, *SERVERS} - {"worker"}:
        allowed = SIGNED if name == "api" else set()
        assert not (VENDORS - allowed) & set(services()[name]["environment"]), name


def test_no_secret_stands_in_the_file() -> None:
    for name, service in services({one: f"<{one}>" for one in NEEDED}).items():
        for variable, value in service["environment"].items():
            if re.search(r"PASSWORD|PWD|SECRET|KEY|TOKEN", variable):
                assert value == "" or value in {f"<{one}>" for one in NEEDED}, f"{name}: {variable}"


def test_images_are_pinned_and_server_and_tools_are_of_one_release() -> None:
    tags = {}
    for name, service in services().items():
        pinned = IMAGE.fullmatch(service["image"])
        assert pinned, f"{name}: {service['image']}"
        tags[name] = pinned["tag"]
    assert tags["temporal"] == tags["temporal-schema"] == tags["namespace"]
    assert tags["databases"] == tags["postgres"]
    assert tags["postgres"].startswith("16.")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {tags[name] for name in OURS} == {version}


def test_nothing_starts_before_what_it_needs() -> None:
    after = {
        name: {other: rule["condition"] for other, rule in service.get("depends_on", {}).items()}
        for name, service in services().items()
    }
    done, healthy = "service_completed_successfully", "service_healthy"
    assert after == {
        "postgres": {},
        "databases": {"postgres": healthy},
        "temporal-schema": {"databases": done},
        "temporal": {"temporal-schema": done},
        "namespace": {"temporal": healthy},
        "temporal-ui": {"temporal": healthy},
        "api": {"databases": done, "namespace": done},
        "worker": {"api": healthy},
    }


def test_what_others_wait_for_can_be_seen_to_be_healthy() -> None:
    waited_for = {
        other
        for service in services().values()
        for other, rule in service.get("depends_on", {}).items()
        if rule["condition"] == "service_healthy"
    }
    for name in waited_for:
        check = services()[name]["healthcheck"]
        assert check["test"][0] == "CMD", "no shell of an image we do not know"
        assert seconds(check["timeout"]) <= seconds(check["interval"])


def test_the_health_check_of_the_api_asks_for_readiness_where_the_api_listens() -> None:
    api_service = services()["api"]
    port = api_service["environment"]["TIERLINE_PORT"]
    question = api_service["healthcheck"]["test"][-1]
    assert f"http://127.0.0.1:{port}/readyz" in question
    compile(question, "healthcheck", "exec")


def test_ports_agree() -> None:
    told = services()
    [(_, outside, inside)] = published(told["api"])
    assert (outside, inside) == (ApiSettings.model_fields["port"].default, told["api"]["environment"]["TIERLINE_PORT"])
    assert re.findall(r"^EXPOSE (\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE) == [str(inside)]
    [(_, _, frontend)] = published(told["temporal"])
    for name in ("api", "worker", "namespace", "temporal-ui"):
        assert told[name]["environment"]["TEMPORAL_ADDRESS"] == f"temporal:{frontend}"
    assert told["temporal"]["healthcheck"]["test"][-1] == str(frontend)
    assert told["api"]["environment"]["TIERLINE_TEMPORAL_UI"] == ApiSettings.model_fields["temporal_ui"].default
    [(_, ui, _)] = published(told["temporal-ui"])
    assert told["api"]["environment"]["TIERLINE_TEMPORAL_UI"].endswith(f":{ui}")


def test_nothing_is_reachable_from_outside_this_machine_unless_asked_for() -> None:
    for name, service in services().items():
        assert {address for address, _, _ in published(service)} <= {"127.0.0.1"}, name
    assert "ports" not in services()["postgres"]
    open_to_all = services({**NEEDED, "TIERLINE_HOST": "0.0.0.0", "TIERLINE_PORT": "80"})  # noqa: S104 - asked for
    assert list(published(open_to_all["api"])) == [("0.0.0.0", 80, 8000)]  # noqa: S104


def test_a_move_of_the_temporal_ui_moves_the_links_to_it() -> None:
    moved = services({**NEEDED, "TIERLINE_TEMPORAL_UI_PORT": "9000"})
    assert moved["api"]["environment"]["TIERLINE_TEMPORAL_UI"] == "http://127.0.0.1:9000"
    proxied = services({**NEEDED, "TIERLINE_TEMPORAL_UI": "https://temporal.example"})
    assert proxied["api"]["environment"]["TIERLINE_TEMPORAL_UI"] == "https://temporal.example"


def test_a_stop_leaves_time_for_what_is_under_way() -> None:
    told = services()
    assert seconds(told["worker"]["stop_grace_period"]) > worker.GRACE.total_seconds()
    assert seconds(told["api"]["stop_grace_period"]) > api.GRACE


def test_one_worker_may_die() -> None:
    assert services()["worker"]["deploy"]["replicas"] >= 2


def test_servers_are_started_again_and_logs_do_not_fill_the_disk() -> None:
    for name, service in services().items():
        assert service["restart"] == ("on-failure:5" if name in ONE_SHOTS else "unless-stopped"), name
        assert set(service["logging"]["options"]) == {"max-size", "max-file"}, name


@pytest.mark.parametrize("name", OURS)
def test_our_containers_can_do_little(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True
    assert "USER tierline" in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("name", OURS)
def test_our_commands_exist(name: str) -> None:
    command = services()[name].get("command") or ["python", "-m", "api"]
    assert command[:2] == ["python", "-m"]
    assert find_spec(command[2]) is not None
    assert 'CMD ["python", "-m", "api"]' in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("name", ONE_SHOTS)
def test_the_scripts_of_the_one_shots_are_shell(name: str) -> None:
    text = script(name)
    done = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [written] = yaml.safe_load(FILE.read_text())["services"][name]["command"]
    assert "$" not in written.replace("$$", ""), "compose would put its own variables in"


def test_temporal_finds_the_databases_that_were_made_for_it() -> None:
    told = environment("temporal")
    made = script("databases")
    assert told["POSTGRES_SEEDS"] == environment("databases")["PGHOST"] == "postgres"
    assert f"('{told['POSTGRES_USER']}')" in made
    schema = script("temporal-schema")
    for database, folder in (("temporal", "temporal"), ("temporal_visibility", "visibility")):
        assert f"('{database}', 'temporal')" in made
        assert f"schema {database} {folder}\n" in schema
    assert told["DB"] == "postgres12"
    assert "--plugin postgres12" in schema
    assert environment("temporal-schema")["SQL_PASSWORD"] == told["POSTGRES_PWD"]


def test_temporal_has_shards_enough_and_one_order_for_the_sends() -> None:
    assert int(services()["temporal"]["environment"]["NUM_HISTORY_SHARDS"]) >= 128
    [config] = services()["temporal"]["configs"]
    assert config["target"] == environment("temporal")["DYNAMIC_CONFIG_FILE_PATH"]
    content = compose()["configs"][config["source"]]["content"]
    limits = yaml.safe_load(content)
    queues = [contract.SEND_TASK_QUEUE, *(contract.send_queue(channel) for channel in get_args(Channel))]
    one_partition = [{"value": 1, "constraints": {"taskQueueName": queue}} for queue in queues]
    assert limits["matching.numTaskqueueReadPartitions"] == one_partition
    assert limits["matching.numTaskqueueWritePartitions"] == one_partition


def test_everything_kept_is_in_a_named_volume() -> None:
    told = compose()
    kept = {
        str(volume).split(":")[0]
        for service in told["services"].values()
        for volume in service.get("volumes", ())
        if not str(volume).startswith("./")
    }
    assert kept == set(told["volumes"]) == {"postgres", "home"}
    assert f"home:{services()['api']['environment']['TIERLINE_HOME']}" in services()["api"]["volumes"]
