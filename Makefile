# Everything runs in .venv, which the first command makes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements.lock
STAMP := $(VENV)/.installed

export PIP_DISABLE_PIP_VERSION_CHECK = 1
# A run starts many processes, and each would compile the project again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test tests lint bench docs serve stop deploy clean

help: ## Show what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

$(STAMP): $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "Python 3.11 to 3.13 is needed, $(PYTHON) is $$($(PYTHON) --version). Try make PYTHON=python3.12"; exit 1; }
	@echo "Installing into $(VENV), 4 GB: takes some minutes."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --constraint $(LOCK) --editable '.[dev]'
	@# On all cores, which pip would not do. Some packages bring templates that are no Python.
	$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true
	touch $@

demo: $(STAMP) ## Run Phase G once, with the default parameters
	$(BIN)/python -m flows.phase_g

test: $(STAMP) ## Check style, types and import rules, and run the fast tests
	@# Types take a minute of one core the first time, and tests do not wait for them.
	$(MAKE) --no-print-directory --jobs=2 lint tests

tests: $(STAMP)
	$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadscope $(PYTEST_ARGS)

lint: $(STAMP) ## Check style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) ## Measure speed
	$(BIN)/python -m pytest tests/benchmarks -m 'slow or not slow' --benchmark-columns=min,median,rounds $(BENCH_ARGS)

docs: $(STAMP) ## Build the documentation as a site in docs/_build/html
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

serve: $(STAMP) ## Start a Prefect server and a worker on this machine
	$(BIN)/python -m deployments.serve $(if $(PORT),--port $(PORT))

stop: $(STAMP) ## End what make serve has started
	$(BIN)/python -m deployments.stop

deploy: $(STAMP) ## Tell the server of pools, deployments and automations
	$(BIN)/python -m deployments.deploy $(DEPLOYMENTS)

clean: ## Remove the environment and what tests and tools leave behind; runs stay
	rm -rf $(VENV) build docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -rf *.egg-info
