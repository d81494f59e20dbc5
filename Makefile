# Every target sets itself up: a machine with Python >= 3.11 is enough.
PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PY := $(BIN)/python
WORKERS ?= 2

.PHONY: demo test check format bench docs notebooks clean

$(VENV)/.installed: setup.cfg pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
	    { echo "neonlike needs Python 3.11 or newer; name one with make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@$(PY) -c "import pathlib; pathlib.Path('$@').touch()"

demo: $(VENV)/.installed   ## the lecture's job: train ReNet on synthetic faces, write a report
	@$(PY) examples/gender/train.py --network renet --source synthetic

test: $(VENV)/.installed   ## the whole suite
	$(PY) -m pytest -n $(WORKERS) --dist loadfile

check: $(VENV)/.installed  ## formatting, lint, types, import arrows
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed ## rewrite files in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.installed  ## time nets, layers and kernels; against PyTorch where installed
	$(PY) -m benchmarks

docs: $(VENV)/.installed   ## build the documentation into docs/_build
	$(PY) -m pip install --quiet --disable-pip-version-check --editable ".[docs]"
	$(PY) -m sphinx -q -W -b html docs docs/_build/html

notebooks: $(VENV)/.installed  ## run the tutorials and write their notebooks
	$(PY) -m pip install --quiet --disable-pip-version-check --editable ".[notebooks]"
	$(PY) -m ipykernel install --sys-prefix
	$(BIN)/jupytext --quiet --to ipynb --set-kernel python3 --execute examples/tutorials/[0-9]*.py

clean:
	rm -rf $(VENV) build dist *.egg-info docs/_build .mypy_cache .ruff_cache .hypothesis
