PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test check clean

demo: $(VENV)/ready
	PATH="$(abspath $(BIN)):$$PATH" sh examples/demo.sh $(DEMO)

test: $(VENV)/ready check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest

check: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/mypy

$(VENV)/ready: setup.cfg constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) setuptools wheel
	$(PIP) --no-build-isolation --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) $(DEMO) build *.egg-info
