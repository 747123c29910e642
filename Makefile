# The commands of this project. Each creates the environment that it needs.
#
#   make demo               reconstruct the built-in demo into demo-output/
#   make test               run all tests: unit tests first, integration tests last
#   make test ROOM=calib    run the tests of one room (tests/calib); folders work too: ROOM=kernels/cameras
#   make fuzz               feed 1,000 changed files to every reader
#   make fuzz INPUTS=9 READERS=trc,2d/coco   feed 9 to those whose name contains one of these
#   make lint               check style, imports and types: what CI checks
#   make ruff               check the style alone (seconds)
#   make format             correct the style
#   make clean              remove the environments and the output
PYTHON ?= python3
VENV ?= .venv
LINT_VENV ?= .venv-lint
BIN := $(VENV)/bin
LINT := $(abspath $(LINT_VENV))/bin
SOURCES := setup.cfg pyproject.toml README.md $(shell find mvtri cli calib -type f -not -path "*/__pycache__/*")

# The tests of a room lie in the folder of its name.
ROOM ?=
ROOMS := $(shell cd tests && find . -mindepth 1 -type d -not -name __pycache__ -not -path "*/.*" -not -path "./helpers*" -not -path "./golden*" | cut -c 3- | sort)
UNKNOWN := $(filter-out $(ROOMS),$(ROOM))

.PHONY: demo test fuzz coverage known-room lint ruff format clean

demo: $(VENV)/.installed
	$(BIN)/mvtri reconstruct --cams 4 --out demo-output --overwrite
	@echo "Open demo-output/report.html in a browser."

# One thread for the products of matrices: they are small here, and threads that wait for more of them spin.
test coverage: export OPENBLAS_NUM_THREADS = 1
# Memory that is given back to the system has to be zeroed and mapped again: three of four page faults come from that.
# These are names of the GNU C library; others take no notice of them.
test coverage: export MALLOC_TRIM_THRESHOLD_ = 1000000000
test coverage: export MALLOC_MMAP_THRESHOLD_ = 1000000000
test coverage: export MALLOC_TOP_PAD_ = 16777216
# The tests start many processes, which must find the bytecode of what they import, whatever is set outside.
test coverage: export PYTHONDONTWRITEBYTECODE =
test: known-room $(VENV)/.installed-test
	$(BIN)/pytest $(ROOM:%=tests/%)

# Each input is read in a child process; what goes wrong is kept in fuzz-findings/ (see CONTRIBUTING.md).
INPUTS ?= 1000
READERS ?=
fuzz: $(VENV)/.installed-test
	$(BIN)/python tests/fuzz/run.py --inputs $(INPUTS) --readers "$(READERS)"

# Compiled code cannot be traced, so this pass runs the kernels as plain Python (see CONTRIBUTING.md); two files
# test compilation itself.
coverage: $(VENV)/.installed-test
	NUMBA_DISABLE_JIT=1 $(BIN)/pytest -p uncompiled --ignore=tests/kernels/test_jit.py \
		--ignore=tests/kernels/test_internal_kernels.py --cov --cov-report= tests/kernels
	$(BIN)/coverage report --include='*/mvtri/kernels/*' --show-missing --skip-covered

known-room:
	@$(if $(UNKNOWN),echo "No folder of tests is called '$(UNKNOWN)'; choose ROOM from: $(ROOMS)." >&2; exit 1)

# Import-linter and mypy check the installed package, from a folder where the checkout cannot be imported.
lint: ruff $(LINT_VENV)/.installed
	@elsewhere=$$(mktemp -d) && trap 'rm -rf "$$elsewhere"' EXIT && cp setup.cfg "$$elsewhere" && cd "$$elsewhere" && \
	$(LINT)/lint-imports && $(LINT)/mypy --config-file setup.cfg -p mvtri

ruff: $(LINT_VENV)/.tools
	$(LINT)/ruff check .
	$(LINT)/ruff format --check .

format: $(LINT_VENV)/.tools
	$(LINT)/ruff check --fix .
	$(LINT)/ruff format .

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(LINT_VENV)/bin/python:
	$(PYTHON) -m venv $(LINT_VENV)

# `build/` goes first: modules that no longer exist would otherwise be installed again from there.
# The installation is not editable: beside a clone called mvtri, Python would import the clone's folder.
# Python writes the bytecode of a module when it first imports it; pip would do so for thousands that nobody imports.
$(VENV)/.installed: $(SOURCES) | $(VENV)/bin/python
	rm -rf build
	$(BIN)/python -m pip install --quiet --no-compile .
	touch $@

$(VENV)/.installed-test: $(SOURCES) | $(VENV)/bin/python
	rm -rf build
	$(BIN)/python -m pip install --quiet --no-compile ".[test]"
	touch $@

# setup.cfg alone says which versions of the tools are used; a changed module only needs the package anew.
$(LINT_VENV)/.tools: setup.cfg | $(LINT_VENV)/bin/python
	rm -rf build
	$(LINT)/python -m pip install --quiet ".[lint]"
	touch $@

$(LINT_VENV)/.installed: $(SOURCES) $(LINT_VENV)/.tools
	rm -rf build
	$(LINT)/python -m pip install --quiet --no-deps .
	touch $@

clean:
	rm -rf $(VENV) $(LINT_VENV) demo-output build *.egg-info
