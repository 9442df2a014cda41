# What is done with this project, a word each. Nothing but Python 3.11 or newer has to be there.

VENV = .venv
BIN = $(VENV)/bin
PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PYTEST = $(BIN)/python -m pytest
# One more than CI has cores, for many tests wait. Each begins with its share and takes over from others in the end.
WORKERS = -n 3 --dist worksteal
.DEFAULT_GOAL := help
.PHONY: help run load test test-fast lint

help:  ## list these words
	@sed -n 's/^\([a-z-]*\):.*## /  make \1: /p' $(MAKEFILE_LIST)

run: $(VENV)/installed  ## serve the API on http://127.0.0.1:5000
	$(BIN)/python main.py

load: $(VENV)/installed  ## load a file: make load CSV=data.csv
	@test -n "$(CSV)" || { echo "Say which file: make load CSV=data.csv" >&2; exit 2; }
	$(BIN)/python etl/process_csv.py "$(CSV)"

test: $(VENV)/installed-dev  ## run every test
	$(PYTEST) $(WORKERS)

test-fast: $(VENV)/installed-dev  ## run the tests that take no more than a few seconds
	$(PYTEST) $(WORKERS) -m "not slow"

lint: $(VENV)/installed-dev  ## look the code over: ruff and mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

$(VENV)/made:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/made requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt requirements-postgres.txt requirements-dask.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
