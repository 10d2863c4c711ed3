# Everything a developer does here. `make` alone lists it.
# Variables: RUNTIME=auto|emulators|embedded  PORT=8080  BASKETS=100  STORIES=100  SEEDS=100  ARGS="any further options"

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BIGQUERY := .venv-bigquery
BIGQUERY_INSTALLED := $(BIGQUERY)/.installed
POLICIES := .venv-policies
POLICIES_INSTALLED := $(POLICIES)/.installed
PYTHONS := python3.11 python3.12 python3.13 python3 python
CODE := emulators functions infra shared tests
QUICK := tests/unit tests/contract tests/architecture tests/replay tests/simulation tests/infra
SLOW := tests/integration tests/e2e tests/bench
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-header

PLATFORM := $(if $(RUNTIME),--runtime "$(RUNTIME)") $(if $(PORT),--port "$(PORT)")
STORIES ?= 100
FEED := $(if $(BASKETS),--baskets "$(BASKETS)")

.PHONY: help docs install fmt lint types arch test unit integration e2e stories fresh demo run simulate bench schemas lock clean

help:  ## This list
	@grep -hE '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'
	@sed -n 's/^# Variables: /  /p' $(firstword $(MAKEFILE_LIST))

docs: install  ## Make the generated parts of the documents again
	$(BIN)/python -m cogapp -r README.md docs/access.md docs/permissions.md docs/policies.md docs/costs.md docs/deploying.md docs/simulation.md

install: $(INSTALLED) $(BIGQUERY_INSTALLED) $(POLICIES_INSTALLED)  ## Make .venv with the pinned, hash-checked packages (once; later runs need no network)

# The machine's own pip installs the pinned installer and nothing else: what an old pip cannot do does not matter.
# `--compile-bytecode`: every start of a process would compile what it imports where PYTHONDONTWRITEBYTECODE is set.
INSTALL = $(BIN)/uv pip install --quiet --compile-bytecode --python

$(INSTALLED): requirements-installer.txt requirements-dev.txt pyproject.toml
	@rm -rf $(VENV)
	@for python in $(PYTHONS); do \
	  if "$$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$${found:-}" ]; then echo "Python 3.11, 3.12 or 3.13 with its venv module is needed" >&2; exit 1; fi; \
	"$$found" -m venv $(VENV)
	@echo "installing the pinned packages into $(VENV): about a minute and 1.2 GB, once"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-installer.txt
	$(INSTALL) $(BIN)/python --require-hashes -r requirements-dev.txt
	$(INSTALL) $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

# The local BigQuery is a program of its own, with pins of its own. What DuckDB loads is put below its own home.
$(BIGQUERY_INSTALLED): emulators/bigquery/requirements.txt emulators/bigquery/install_extension.py $(INSTALLED)
	@rm -rf $(BIGQUERY)
	@$(BIN)/uv venv --quiet --python $(BIN)/python $(BIGQUERY)
	@echo "installing the local BigQuery into $(BIGQUERY): about 40 seconds and 650 MB, once"
	$(INSTALL) $(BIGQUERY)/bin/python --require-hashes -r emulators/bigquery/requirements.txt
	@mkdir -p $(BIGQUERY)/home && HOME="$(CURDIR)/$(BIGQUERY)/home" $(BIGQUERY)/bin/python emulators/bigquery/install_extension.py
	@touch $@

# The policies run in a program of their own, too: its library needs older versions of what the application uses.
$(POLICIES_INSTALLED): infra/policies/requirements.txt $(INSTALLED)
	@rm -rf $(POLICIES)
	@$(BIN)/uv venv --quiet --python $(BIN)/python $(POLICIES)
	@echo "installing the policies' packages into $(POLICIES): about 10 seconds and 100 MB, once"
	$(INSTALL) $(POLICIES)/bin/python --require-hashes -r infra/policies/requirements.txt
	@touch $@

fmt: install  ## Format the code and mend what a linter can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lint: install  ## Format and lint rules, checked
	$(BIN)/ruff format --check
	$(BIN)/ruff check

types: install  ## Types, strictly
	$(BIN)/mypy $(CODE)

arch: install  ## Who may import whom
	$(BIN)/lint-imports

# The quick tests share the cores. Those that run the platform share two workers, a file each: the tests of a file have a
# platform in common. A third worker would save a tenth of the time on two cores, and miss more deadlines.
test: lint types arch  ## All checks and all tests that this machine can run
	$(BIN)/pytest -n logical $(QUICK) $(ARGS)
	$(BIN)/python -m tests.simulation --seeds 80 --seconds 60
	$(BIN)/pytest -rs -n 2 --dist loadfile $(SLOW) $(ARGS)

unit: install  ## The quick tests: no emulators, no network
	$(BIN)/pytest -n logical $(QUICK) $(ARGS)

integration: install  ## Adapters and processes; with Google's emulators where they are installed
	$(BIN)/pytest -rs tests/integration $(ARGS)

e2e: install  ## The whole platform, from the outside
	$(BIN)/pytest tests/e2e $(ARGS)

stories: install  ## Tell STORIES random stories of orders, and check the books after each
	STORIES="$(STORIES)" $(BIN)/pytest tests/e2e/test_any_story.py $(ARGS)

fresh: install  ## Install every lock with old pips, while newer releases of everything are there (needs a network)
	$(BIN)/pytest -n logical -rs tests/install $(ARGS)

demo: install  ## Start the platform, sell real baskets through the checkout, reconcile to the cent, stop
	$(BIN)/commerce demo $(PLATFORM) $(FEED) $(ARGS)

run: install  ## The same, and stay up afterwards, until Ctrl-C
	$(BIN)/commerce demo --stay $(PLATFORM) $(FEED) $(ARGS)

simulate: install  ## Run many seeds of the simulation, or one again: SEEDS=1000 | SEED=7
	$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),100)) $(ARGS)

bench: install  ## Measure; prints a table and writes JSON
	$(BIN)/python -m tests.bench $(ARGS)

schemas: install  ## Write the contracts of all services to schemas/; refuses to change a promised shape
	$(BIN)/commerce schemas

lock: install  ## Pin the newest versions that requirements*.in allow
	$(LOCK) --upgrade requirements-installer.in -o requirements-installer.txt
	$(LOCK) --upgrade requirements.in -o requirements.txt
	$(LOCK) --upgrade infra/pulumi/requirements.in -o infra/pulumi/requirements.txt
	$(LOCK) --upgrade infra/policies/requirements.in -o infra/policies/requirements.txt
	$(LOCK) --upgrade requirements-dev.in -o requirements-dev.txt
	$(LOCK) --upgrade emulators/bigquery/requirements.in -o emulators/bigquery/requirements.txt

clean:  ## Remove what runs and tools left behind, and the environments
	rm -rf $(VENV) $(BIGQUERY) $(POLICIES) .local .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage *.egg-info
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
