# Two commands for a newcomer: `make demo` and `make test`. Each creates its own environment.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SOURCES := setup.cfg pyproject.toml README.md $(shell find mvtri cli calib -type f -not -path "*/__pycache__/*")

.PHONY: demo test clean

demo: $(VENV)/.installed
	$(BIN)/mvtri reconstruct --cams 4 --out demo-output --overwrite

test: $(VENV)/.installed-test
	$(BIN)/pytest

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# build/ goes first, since what a module that is gone has left there would be installed again.
# Not editable: beside a clone that is called mvtri, Python would take the clone's folder for the package.
$(VENV)/.installed: $(SOURCES) | $(VENV)/bin/python
	rm -rf build
	$(BIN)/python -m pip install --quiet .
	touch $@

$(VENV)/.installed-test: $(SOURCES) | $(VENV)/bin/python
	rm -rf build
	$(BIN)/python -m pip install --quiet ".[test]"
	touch $@

clean:
	rm -rf $(VENV) demo-output build *.egg-info
