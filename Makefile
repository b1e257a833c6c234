# make demo: the whole path on a synthetic lender.   make test: lint, types, layers, tests.
# Both set up first: a .venv with the pinned packages of requirements.txt. What is there already is used again.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
OUT ?= out/demo

.PHONY: setup demo test lint clean pins
.DELETE_ON_ERROR:

setup: $(READY)

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; found = sys.version_info[:2]; sys.exit(None if (3, 11) <= found < (3, 15) else "Bamboo needs Python 3.11 to 3.14, found %d.%d. Name another: make PYTHON=python3.12" % found)'
	@echo "Setting up .venv (once; a few minutes)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY)
	@$(BIN)/bamboo demo --out $(OUT)

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test: lint
	@$(BIN)/pytest --numprocesses 2 --dist loadfile

# Pins every package, with hashes and without addresses. Needs uv; run it after a change of dependencies.
# The condition that holds on every supported machine is taken off each line, so that a person can read the file.
EVERYWHERE := ; python_full_version < '3\.15' and ((platform_machine == 'arm64' and sys_platform == 'darwin') or sys_platform == 'linux' or sys_platform == 'win32')
pins:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-header --no-emit-package bamboo-credit --output-file requirements.txt
	sed -i.before "s/ $(EVERYWHERE)//" requirements.txt && rm requirements.txt.before

clean:
	rm -rf .venv out build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
