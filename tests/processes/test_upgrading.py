"""A new build of the workers beside the old one: it waits until it is made current, then takes over running cases too."""

import signal
from pathlib import Path

from local.temporal_server import ask
from tests.processes.installation import API, WORKER, Installation, Program, installation
from tests.until import until
from workflows.contract import DEPLOYMENT


async def test_running_cases_move_to_the_build_that_is_made_current(tmp_path: Path) -> None:
    with installation(tmp_path) as tierline:
        tierline.begins_temporal()
        api = tierline.starts(*API)
        await api.says("Uvicorn running on")
        await until(tierline.is_ready)

        first = await build(tierline, "2026.11.1")
        await makes_current(tierline, "2026.11.1")
        case = tierline.opens("upgraded")
        await case.has_told_l1()
        assert case.holder() == first.pid

        second = await build(tierline, "2026.11.2")
        another = tierline.opens("while-the-new-build-waits")
        await another.has_told_l1()
        assert another.holder() == first.pid, "a build that is not current takes nothing"

        await makes_current(tierline, "2026.11.2")
        first.hears(signal.SIGTERM)
        assert await first.ends() == 0, first.words
        for moved in (case, another):
            answer = moved.says("acknowledge", by="dana")
            await until(lambda one=moved: one.shows()["status"] == "acknowledged")  # type: ignore[misc]
            assert answer.status_code in (200, 202), answer.text
            assert moved.holder() == second.pid
        newest = tierline.opens("with-the-new-build")
        await newest.has_told_l1()
        assert newest.holder() == second.pid


async def test_cases_of_workers_without_a_build_move_to_the_first_that_has_one(tmp_path: Path) -> None:
    with installation(tmp_path) as tierline:
        tierline.begins_temporal()
        api = tierline.starts(*API)
        await api.says("Uvicorn running on")
        await until(tierline.is_ready)
        unnamed = tierline.starts(*WORKER)
        await unnamed.says("worker ready")
        case = tierline.opens("older-than-builds")
        await case.has_told_l1()

        named = await build(tierline, "2026.11.1")
        await makes_current(tierline, "2026.11.1")
        unnamed.hears(signal.SIGTERM)
        assert await unnamed.ends() == 0, unnamed.words
        assert case.says("acknowledge", by="dana").status_code in (200, 202)
        await until(lambda: case.shows()["status"] == "acknowledged")
        assert case.holder() == named.pid


async def build(tierline: Installation, build_id: str) -> Program:
    """A worker of that build, which says how it is made current."""
    worker = tierline.starts(*WORKER, TIERLINE_BUILD_ID=build_id)
    await worker.says("worker ready")
    assert f"set-current-version --deployment-name {DEPLOYMENT} --build-id {build_id}" in worker.words
    return worker


async def makes_current(tierline: Installation, build_id: str) -> None:
    """What docs/operations.md tells an operator to type; refused until the build's workers have been seen."""
    named = ["--deployment-name", DEPLOYMENT, "--build-id", build_id]
    promote = ["worker", "deployment", "set-current-version", *named, "--yes"]
    await until(lambda: ask(promote, tierline.env).returncode == 0)
