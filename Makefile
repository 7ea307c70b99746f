# What you type here is what CI types. Needs git, make and Python >= 3.11 with venv.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup check test test-fast demo up bench faults simulate lock

IS_NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c '$(IS_NEW_ENOUGH)' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/$(VENV)/compiled
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
SIDE_BY_SIDE := --numprocesses 3 --dist loadfile --no-loadscope-reorder
DEMO_OPTIONS = $(if $(filter-out 0,$(ONCE)),--once) $(if $(ERP),--erp $(ERP)) $(if $(REPLAY),--replay "$(REPLAY)") $(if $(SPEED),--speed $(SPEED))

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

setup: $(VENV)/test.stamp ## make .venv from the test lock; does nothing when it is up to date

check: setup ## style, types, import contracts, fresh locks, fresh migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python requirements/lock.py --check
	$(BIN)/tieout migrate --check

test: setup ## every test
	$(BIN)/pytest $(SIDE_BY_SIDE)

test-fast: setup ## the tests on SQLite that need neither an ERP nor a browser nor patience
	$(BIN)/pytest $(SIDE_BY_SIDE) -m "not acceptance and not slow and not tryton and not browser and not postgres"

demo: $(VENV)/runtime.stamp ## the whole way on this machine; ONCE=1, ERP=tryton, REPLAY=log.xes.gz, SPEED=3600
	@$(BIN)/tieout demo $(DEMO_OPTIONS)

up: $(VENV)/runtime.stamp ## start the product with tieout.toml
	@$(BIN)/tieout up

lock: setup ## compile requirements/*.txt anew from pyproject.toml and requirements/*.in
	$(BIN)/python requirements/lock.py

bench: ## measure everything; ONLY=engine: one group; SCALE=1M: the large backlogs, filled first
	@$(MAKE) $(VENV)/bench.stamp
	$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY)) $(if $(SCALE),--scale $(SCALE))

simulate: $(VENV)/runtime.stamp ## 100,000 random histories of the engine, resumed where they stopped; HISTORIES=, SEED=
	@$(BIN)/tieout simulate --seed $(or $(SEED),1) --histories $(or $(HISTORIES),100000) \
		--resume .tieout/simulation.json --report docs/reliability.md

faults: setup ## every fault of docs/faults.md at full length, with its figures; ONLY=power: one of them
	TIEOUT_FAULTS=full $(BIN)/pytest -p no:randomly -o faulthandler_timeout=7200 tests/faults$(if $(ONLY),/test_$(ONLY).py)

$(VENV)/made.stamp:
	@test -n "$(PYTHON)" || { echo "Tieout needs Python 3.11 or newer; name yours with PYTHON=/path/to/python." >&2; exit 2; }
	@$(PYTHON) -c '$(IS_NEW_ENOUGH)' || { echo "$(PYTHON) is older than Python 3.11; choose another with PYTHON=." >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) has no venv; on Debian and Ubuntu install it with: sudo apt install python3-venv" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# One environment serves all: each lock holds the smaller one.
$(VENV)/%.stamp: requirements/%.txt pyproject.toml $(VENV)/made.stamp
	@echo "Installing requirements/$*.txt into $(VENV); this happens once and takes a minute or two."
	@$(PIP) --require-hashes -r requirements/$*.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/runtime.stamp
