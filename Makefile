# Two commands set everything up on a fresh machine: `make quickstart` and `make test`.

PYTHON ?= $(shell for v in 3.11 3.12 3.13 3.14; do command -v python$$v 2>/dev/null && break; done || command -v python3)
VENV ?= .venv
BIN = $(VENV)/bin
EXTRAS = dev,nlpaug,faiss,laser
RUN = runs/quickstart

.PHONY: quickstart test lint speed clean

quickstart: $(VENV)/.installed
	$(BIN)/robustir run quickstart -o $(RUN)
	@echo
	@echo "The reports are here:"
	@echo "  $(CURDIR)/$(RUN)/report.html"
	@echo "  $(CURDIR)/$(RUN)/report.pdf"

test: $(VENV)/.installed
	$(BIN)/pytest -q

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

speed: $(VENV)/.installed
	$(BIN)/pytest -q -m speed tests/speed

$(VENV)/.installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed. On Debian or Ubuntu:  sudo apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python's venv is missing. On Debian or Ubuntu:  sudo apt-get install $$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[$(EXTRAS)]'
	@touch $@

clean:
	rm -rf $(VENV) runs build *.egg-info
