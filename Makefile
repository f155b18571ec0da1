# Tierline. A fresh machine needs Python 3.11 or newer with venv, and make; everything else is installed into .venv
#   make demo     one escalation from opening to root cause, played and checked (KEEP=1 leaves the system running)
#   make run      the whole system, until Ctrl-C
#   make test     lint, types, import rules, every test
#   make test-long 500 made-up policies previewed and played, 200,000 calendars against a walk (SEED=1): half an hour
#   make chaos    everything broken again and again while people work; every promise checked (MINUTES=2, CHAOS_SEED=n repeats)
#   make storm    5,000 signed webhooks of Twilio and SendGrid, 20 at once, over a restart: 99 of 100 answered within 250 ms
#   make screenshots  pictures of every page, into docs/screenshots/; needs Chromium
#   make bench    Tierline beside a bare Temporal workflow, then the pages over a million cases (QUICK=1: fewer); see docs/bench.md

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check --no-input

# Time zones come from the pinned tzdata package and not from the machine: deadlines must not change under replay.
export PYTHONTZPATH :=

.PHONY: help setup demo run test test-long chaos storm screenshots bench lint lock clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#   //p' Makefile

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "There is no '$(PYTHON)' here. Install Python 3.11 or newer, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Tierline needs Python 3.11 or newer, '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Name another: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "This Python has no venv module. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Setting up .venv with $$($(PYTHON) -V) ..."
	@$(PYTHON) -m venv $(VENV)
	@echo "  installing the locked packages, each checked against its hash (about a minute) ..."
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@
	@echo "  done"

demo: setup
	@$(BIN)/tierline demo $(if $(KEEP),--keep)

run: setup
	@$(BIN)/tierline up

lint: setup
	@echo "lint ...";         $(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .
	@echo "types ...";        $(BIN)/mypy --no-error-summary
	@echo "import rules ..."; $(BIN)/lint-imports --no-logo

test: lint
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-long: setup
	@PREVIEWS=500 PREVIEW_SEED=$(or $(SEED),1) ORACLE_EXAMPLES=200000 ORACLE_SEED=$(or $(SEED),1) $(BIN)/python -m pytest -n 2 --dist loadfile \
	  tests/workflows/test_preview_is_true.py tests/domain/test_working_time_oracle.py

chaos: setup
	@CHAOS_MINUTES=$(or $(MINUTES),2) $(BIN)/python -m pytest tests/chaos/test_chaos.py -q -s

storm: setup
	@STORM=5000 STORM_WITHIN=0.25 $(BIN)/python -m pytest tests/processes/test_receipt_storm.py -q -rA

screenshots: setup
	@SCREENSHOTS=docs/screenshots $(BIN)/python -m pytest tests/browser/test_every_page.py -q

bench: setup
	@$(BIN)/python -m bench $(if $(QUICK),--quick)
	@$(BIN)/python -m bench.pages $(if $(QUICK),--quick)

# Hashes, and no addresses: no registry host may stand in the repository. The second lock is the image's: the same pins, no tools.
lock:
	@test -x $(BIN)/uv || $(PIP) install uv
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile pyproject.toml --all-extras --generate-hashes --universal \
	  --quiet --no-emit-index-url --no-emit-find-links -o requirements.lock
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile pyproject.toml --constraints requirements.lock --generate-hashes --universal \
	  --quiet --no-annotate --no-emit-index-url --no-emit-find-links -o requirements-runtime.lock
	@! grep -nE '(https?|file)://' requirements.lock requirements-runtime.lock || { echo "a lock holds an address" >&2; exit 1; }

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
