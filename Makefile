# `make help` lists the targets. Everything is installed into .venv; nothing here needs root, but `make test` uses it
# when it has it, to install the servers, phones and the browser that the tests run against.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet --quiet
PINNED := setup.cfg pyproject.toml constraints.txt
PYTEST_ARGS ?=
# Most tests wait for sound and servers, so there are more workers than the two cores we count on. In the order of their
# folders the long ones begin first.
TEST_WORKERS ?= 3

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(VENV)/installed ## start everything and stay in the foreground; Ctrl-C stops it
	@exec $(PY) -m uckefu run

demo: $(VENV)/installed-demo ## as run, with simulated callers, agents and web visitors; DEMO_ARGS="--seed 2 --calls-per-minute 8"
	@exec $(PY) -m uckefu demo $(DEMO_ARGS)

test: $(VENV)/installed-tests ## lint, types and all tests, against real servers where they are installed
	@tests/install_system_packages.sh
	@$(MAKE) lint
	@$(PY) -m pytest --numprocesses $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

lint: $(VENV)/installed-tests ## ruff and mypy
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@$(PY) -m mypy

bench: $(VENV)/installed-tests ## measure, one JSON object a line; ONLY=name runs one, FREESWITCH=path measures that too
	@exec $(PY) -m tests.bench $(ONLY)

constraints: ## pin the newest versions that fit setup.cfg into constraints.txt
	@rm -rf $(VENV)-pins && $(PYTHON) -m venv $(VENV)-pins
	@$(VENV)-pins/bin/python -m pip --quiet install --upgrade pip
	@$(VENV)-pins/bin/python -m pip --quiet install --editable '.[test,gevent]'
	@{ echo "# Made by \`make constraints\`; the Makefile installs exactly these."; $(VENV)-pins/bin/python -m pip freeze --exclude-editable; } > constraints.txt
	@rm -rf $(VENV)-pins

clean: ## remove the environment and caches; the instance with its data stays
	rm -rf $(VENV) $(VENV)-pins .pytest_cache .mypy_cache .ruff_cache .hypothesis test-artefacts *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "python3 -m venv failed; on Debian: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/installed: $(PINNED) | $(PY)
	@echo "Installing into $(VENV) ..."
	@$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/installed-demo: $(PINNED) | $(PY)
	@echo "Installing into $(VENV), with the demo's packages ..."
	@$(PIP) install --constraint constraints.txt --editable '.[demo]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-tests: $(PINNED) | $(PY)
	@echo "Installing into $(VENV), with the tests' packages ..."
	@$(PIP) install --constraint constraints.txt --editable '.[test]'
	@touch $@ $(VENV)/installed $(VENV)/installed-demo

.PHONY: help run demo test lint bench constraints clean
