# `make demo`, `make lab`, `make test`: each installs what it needs first. `make help` lists all.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# The demonstration keeps its registry and its cache in the clone, not in the home folder.
LOCAL  := JUPYTER_LIFECYCLE_HOME=$(CURDIR)/.jupyter_lifecycle/home JUPYTER_LIFECYCLE_CACHE=$(CURDIR)/.jupyter_lifecycle/cache
# Threads of numerical libraries that wait should sleep, not spin: others share the machine.
QUIET  := OMP_WAIT_POLICY=PASSIVE
MOST   := tests/unit tests/integration tests/conformance
# Servers, clusters and browsers on a crowded machine: what failed is run once more by itself
# (all of it where the first run broke off), and both runs are shown.
AGAIN   = || $(QUIET) $(BIN)/python -m pytest -q --last-failed --last-failed-no-failures all

.DEFAULT_GOAL := help
.PHONY: help install demo lab voila stop test test-frameworks lint unit integration engines browser wheel lock clean

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

install: ## Make .venv and install the package with its built extension
	@$(PYTHON) scripts/bootstrap.py demo

demo: install ## Run the quickstart notebook to its end, from raw flights to an answered request
	@$(LOCAL) $(QUIET) $(BIN)/python scripts/demo.py

lab: install ## Open JupyterLab on the quickstart
	@$(LOCAL) $(QUIET) $(BIN)/jupyter lab notebooks/01_quickstart.ipynb

voila: install ## Open the quickstart as an app
	@$(LOCAL) $(QUIET) $(BIN)/voila notebooks/01_quickstart.ipynb --template=jupyter_lifecycle

stop: ## Stop the service and the deployer that the demonstration left running
	@$(LOCAL) $(BIN)/jupyter lifecycle deployer stop

test: ## Everything: lint, types, layers, unit, integration, engine and browser tests
	@$(PYTHON) scripts/bootstrap.py test
	@$(MAKE) --no-print-directory lint
	@$(QUIET) $(BIN)/python -m pytest -n 2 -q $(MOST) $(AGAIN) $(MOST)
	@$(QUIET) $(BIN)/python -m pytest -q tests/engines $(AGAIN) tests/engines
	@$(QUIET) $(BIN)/python -m pytest -q tests/browser $(AGAIN) tests/browser

test-frameworks: install ## Models of each framework, with the real ones (downloads gigabytes)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group frameworks --group test
	@$(QUIET) $(BIN)/python -m pytest -q tests/frameworks

lint: ## Format, lint, types and layers, of Python and TypeScript
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python scripts/wire_types.py --check
	@$(BIN)/python scripts/bootstrap.py npm run lint
	@$(BIN)/python scripts/bootstrap.py npm test

unit: ## Unit tests only
	$(BIN)/python -m pytest -q tests/unit

integration: ## Real servers, kernels and processes
	$(BIN)/python -m pytest -q tests/integration

engines: ## The same graph on one core, Dask and Ray: real clusters of two workers
	$(BIN)/python -m pytest -q tests/engines

browser: ## Real JupyterLab and Voila in Chromium
	$(BIN)/python -m pytest -q tests/browser

wheel: ## Build the wheel, extension included
	$(BIN)/python -m pip wheel --no-deps --wheel-dir dist .

lock: ## Resolve requirements/lock.txt anew
	$(BIN)/uv pip compile --universal --python-version 3.11 --quiet --no-header --no-annotate --no-emit-index-url \
	  --all-extras --group lint --group test pyproject.toml --output-file requirements/lock.txt

clean: ## Remove what was built, and .venv
	rm -rf $(VENV) .build dist labextension/node_modules labextension/lib jupyter_lifecycle/labextension jupyter_lifecycle/widgets/static
