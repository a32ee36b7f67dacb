# Everything a newcomer needs: `make demo` and `make test`. Python 3.11+ and make are enough.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
OUT    ?= out/demo

.PHONY: help demo test lint format wheel web clean

help:           ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

demo: $(VENV)/.runtime      ## run a synthetic patient the whole way
	$(BIN)/presight demo --out $(OUT)

test: $(VENV)/.dev web      ## lint, type-check and run the whole test suite
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile

lint: $(VENV)/.dev          ## style and types only
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.dev        ## rewrite the code in the house style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

wheel: $(VENV)/.dev web     ## build the wheel, models and configs inside
	$(BIN)/pip wheel --no-deps --wheel-dir dist .

WEB    := pipeline/presight/review/web
STATIC := pipeline/presight/review/static

web:            ## build the page of presight review, where there is Node
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(STATIC)/index.html; \
	else echo "no Node here: presight review will have no page"; fi

$(STATIC)/index.html: $(wildcard $(WEB)/src/*) $(WEB)/index.html $(WEB)/package-lock.json $(WEB)/vite.config.ts
	cd $(WEB) && npm ci --no-audit --no-fund --silent && npm run --silent build
	@touch $@

clean:          ## remove the environment and everything that was made
	rm -rf $(VENV) build dist out $(STATIC) $(WEB)/node_modules *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"presight needs Python 3.11 or newer; {sys.executable} is {v.major}.{v.minor}. Set PYTHON=python3.x")'
	$(PYTHON) -m venv $(VENV)

# The constraints pin every version that was tested, torch among them.
$(VENV)/.runtime: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

# panoptica goes in by itself: it asks for older numpy, pandas and rich than it runs with.
$(VENV)/.dev: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps panoptica
	@touch $@ $(VENV)/.runtime
