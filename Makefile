PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
WITH_TORCH := $(VENV)/installed-torch
WITH_SELENIUM := $(VENV)/installed-selenium
WITH_PDOC := $(VENV)/installed-pdoc

.PHONY: help train examples docs test test-oracle test-browser doctor names bench bench-debug lint clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

train: $(INSTALLED)  ## train LeNet-5 on the built-in digits (under two minutes, all included)
	$(BIN)/minigrad train --model lenet5 --data digits

examples: $(INSTALLED)  ## every lesson with three seeds; writes the table in examples/README.md
	$(BIN)/python examples

docs: $(WITH_PDOC)  ## the reference, the lessons and README as pages: build/docs/index.html
	$(BIN)/python -W error tests/docs build/docs

test: $(INSTALLED)  ## the tests: no network, no PyTorch
	$(BIN)/python -m pytest -n auto --maxprocesses 4

test-oracle: $(WITH_TORCH)  ## compare every value and gradient with PyTorch (installs it)
	$(BIN)/python -m pytest -o addopts=-q tests/oracle

test-browser: $(WITH_SELENIUM)  ## try the pages of minigrad.debug in chromium, which has to be there
	$(BIN)/python -m pytest -o addopts=-q tests/browser

doctor: $(INSTALLED)  ## debug.doctor on 20 scripts that train well, and on 73 mistakes in them
	$(BIN)/python tests/doctor

names: $(WITH_TORCH)  ## write down what PyTorch has and minigrad lacks: examples/unsupported.md
	$(BIN)/python tests/oracle/unsupported.py

bench: $(WITH_TORCH)  ## time nets beside PyTorch, pictures in runs/bench; SECTIONS=all for all it can time
	$(BIN)/python tests/bench/bench.py $(SECTIONS)

bench-debug: $(INSTALLED)  ## what it costs to be watched: recording, looking for nan, the user's lines
	$(BIN)/python tests/bench/watching.py

lint: $(INSTALLED)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:  ## remove the virtual environment, runs and caches
	rm -rf $(VENV) runs build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("minigrad needs Python 3.11 or newer: make PYTHON=python3.11") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

$(WITH_TORCH): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0 scipy==1.17.1 scikit-image==0.26.0
	@touch $@

$(WITH_SELENIUM): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check selenium==4.51.0
	@touch $@

$(WITH_PDOC): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pdoc==16.0.0
	@touch $@
