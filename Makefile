# Plexus: the two commands are `make run` and `make test`. Everything they need they set up themselves.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PORT   ?= 4000
# On two cores two test processes are the most that help.
JOBS   ?= 2

.PHONY: run test check format deep test-pythons bench e2e-clients fidelity hooks lock clean

run: $(VENV)/.run  ## set up, then serve the demo provider on port 4000
	$(BIN)/plexus serve --demo --port $(PORT)

test: check  ## every check and every test
	$(BIN)/python -m pytest -n $(JOBS) -m "not deep" tests

check: $(VENV)/.dev  ## format, lint, types, import contracts, sizes
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/check_sizes.py

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

deep: $(VENV)/.dev  ## the long versions: every byte split, long fuzzing
	$(BIN)/python -m pytest -n $(JOBS) -m deep tests

test-pythons:  ## the suite on every supported Python
	for v in 3.11 3.12 3.13; do $(MAKE) test PYTHON=$$(tools/find_python.sh $$v) VENV=.venv-$$v || exit 1; done

bench: $(VENV)/.dev  ## Plexus beside a bare proxy and nginx, same run
	$(BIN)/python -m benchmarks.run

e2e-clients: $(VENV)/.dev  ## real command-line clients from npm, against simulated upstreams
	$(BIN)/python -m pytest -q -s tests/clients/e2e --run-e2e

fidelity: $(VENV)/.dev  ## replay the corpus and write docs/fidelity.md
	$(BIN)/python tools/fidelity.py --write

hooks: $(VENV)/.dev  ## a pre-commit hook that runs the fast checks
	$(BIN)/python tools/install_hooks.py

lock:  ## pin every dependency with its hashes (needs uv on PATH or in the dev environment)
	tools/lock.sh

clean:
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .bench .e2e

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt requirements/build.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/build.txt -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	touch $@
