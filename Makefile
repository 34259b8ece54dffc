# Everything runs in .venv, made from lock files that carry versions and hashes.
# Override PYTHON to choose the interpreter (3.11 or newer).
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

CLIENT := src/calotype/web/static/index.html

.PHONY: help run ui screens test lint check format bench docs lock hooks clean

help:           ## list the targets
	@grep -hE '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: .venv/.run  ## start Calotype on 127.0.0.1:8000
	$(BIN)/calotype serve

ui: .venv/.run  ## build the web client anew
	$(BIN)/python hatch_build.py

screens: .venv/.dev  ## take the pictures of docs/screens anew
	$(BIN)/python -m tests.browser.screens

test: .venv/.dev  ## run every test this machine can run
	@if test -d ui/node_modules && command -v npm > /dev/null; then npm --prefix ui run check --silent && npm --prefix ui test --silent; fi
	$(BIN)/python -m pytest -m "not soak" $(ARGS)

lint: .venv/.dev  ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test  ## all checks; the pre-commit hook runs them too

format: .venv/.dev  ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/.dev  ## make bench NAME=photo; without NAME, list the benchmarks
	$(BIN)/python -m benchmarks $(NAME)

docs: .venv/.dev  ## write the settings into docs/operating.md anew
	$(BIN)/calotype settings --into docs/operating.md

lock: .venv/.dev  ## resolve the lock files anew from pyproject.toml
	$(PIP) install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --extra build -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --extra build --extra dev -c requirements.lock -o requirements-dev.lock

hooks:          ## run the checks before each commit
	git config core.hooksPath .githooks

clean:          ## remove the environment and caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Calotype needs Python 3.11 or newer; set PYTHON=") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv

.venv/.run: requirements.lock pyproject.toml | .venv/bin/python
	$(PIP) install --quiet --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@test -f $(CLIENT) || echo "Installed without the web client, which npm could not build. Later: make ui" >&2
	touch $@

.venv/.dev: requirements-dev.lock .venv/.run
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	touch $@
