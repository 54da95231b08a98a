PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

.PHONY: help demo test quick check fuzz reliability accessibility peers lint docs site notebooks clean

help:  ## What there is to make
	@sed -n 's/^\([a-z]*\):.*## /\1: /p' Makefile | awk -F': ' '{printf "  make %-13s %s\n", $$1, $$2}'

demo: $(VENV)/ready  ## A trained U-Net to spikes, through both emulators, to an energy report
	PATH="$(abspath $(BIN)):$$PATH" sh examples/demo.sh $(DEMO)

test: lint  ## Lint and all tests
	$(PYTEST)

quick: lint  ## Lint and the tests that are not marked slow
	$(PYTEST) -m "not slow"

check: lint  ## Lint and all tests, with the share of the code that they run
	$(PYTEST) --cov --cov-report=term:skip-covered

fuzz: $(VENV)/ready  ## Every reader on FUZZ_RUNS (20000) files that are almost right
	FUZZ_RUNS=$${FUZZ_RUNS:-20000} $(PYTEST) tests/fuzz

reliability: $(VENV)/ready  ## Damaged files, kills, races, bytes compared: the numbers of docs/reliability.md
	for part in inputs kills races same_bytes; do $(BIN)/python -m benchmarks.reliability.$$part || exit 1; done

accessibility: $(VENV)/ready node_modules/axe-core/axe.min.js  ## The report's page in Chromium, with axe-core
	$(PYTEST) tests/deploy/report/test_in_chromium.py

node_modules/axe-core/axe.min.js:
	npm install --no-save --no-audit --no-fund --no-package-lock axe-core@4.14.1

peers: $(VENV)/ready  ## NengoLoihi's own suite through our emulator, NengoDL's converter tests: docs/emulator.md
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target build/peers 'pytest<9' pytest-rng pytest-allclose pytest-plt nengo-extras
	$(BIN)/python -m benchmarks.emulator.peers.suites --plugins build/peers $(if $(MNIST10),--data $(MNIST10))

lint: $(VENV)/ready  ## Style, format, types, and which room imports which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/ready  ## SUPPORTED.md and the JSON schemas of the reports, from the code
	$(BIN)/python -m convert.frontends.keras.supported_md > SUPPORTED.md
	$(BIN)/python -m deploy.report.schemas docs/schemas

site: docs  ## The documentation as pages in build/site, its links checked
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "Pages: $(abspath build/site/index.html)"

notebooks: $(VENV)/ready  ## The tutorials as notebooks in build/notebooks
	$(BIN)/python -m website.notebooks build/notebooks docs/tutorials/*.md

$(VENV)/ready: setup.cfg constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) setuptools wheel
	$(PIP) --no-build-isolation --editable '.[dev,docs]'
	touch $@

clean:  ## Everything that is made here
	rm -rf $(VENV) $(DEMO) build node_modules *.egg-info
