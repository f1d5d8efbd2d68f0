# `make` sets up and draws the figures, `make test` sets up and tests; either may come first. `make help` lists the rest.
# Needs Python 3.11 or newer with its venv module, make and pip's usual way to packages; everything lands in .venv.

TORCH_VERSION := 2.13.0
TORCH ?= 1
UV ?= uv

VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
RUN := $(BIN)/python
READY := $(VENV)/.ready
TORCH_READY := $(VENV)/.torch-$(TORCH_VERSION)
PIPS_READY := $(VENV)/pips/.ready

# One seedable world for every run: no clock in files, no screen, and caches in the checkout, so that no home is needed.
# Without .pyc files (PYTHONDONTWRITEBYTECODE) each start of Python would compile all that it imports again.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE
export PYTHONNOUSERSITE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export SOURCE_DATE_EPOCH := 0
export MPLBACKEND := Agg
export MPLCONFIGDIR := $(CURDIR)/.cache/matplotlib
export NUMBA_CACHE_DIR := $(CURDIR)/.cache/numba
export IPYTHONDIR := $(CURDIR)/.cache/ipython
export JUPYTER_CONFIG_DIR := $(CURDIR)/.cache/jupyter
export JUPYTER_DATA_DIR := $(CURDIR)/.cache/jupyter
export JUPYTER_RUNTIME_DIR := $(CURDIR)/.cache/jupyter/runtime
export TORCH

.DEFAULT_GOAL := figures
.DELETE_ON_ERROR:
.PHONY: figures paper setup torch test torture mutants lint notebooks docs images refresh bench experiments coverage wheel \
	lock clean distclean help library release-check

# ---------------------------------------------------------------- set-up

# The first Python of 3.11 or newer, unless PYTHON names one. Looked for only when a set-up is due.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)

setup: $(READY)  ## .venv with the locked packages and simcache itself, editable

# The lock names everything, extras' needs too, so pip has nothing to resolve: with --no-deps a release that is newer than
# the lock is never looked at, whatever the pip; `pip check` says afterwards whether the lock is whole.
PINNED := $(RUN) -m pip install --quiet --no-compile --no-deps --require-hashes

# Python compiles what it imports when it first does; compiling all of it while installing takes twice as long.
$(READY): requirements.lock pyproject.toml
	@python='$(PYTHON)'; \
	if [ -z "$$python" ]; then \
		echo "simcache needs Python 3.11 or newer, and none was found; say where: make PYTHON=/path/to/python" >&2; exit 1; fi; \
	if ! found=$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2]); sys.exit(sys.version_info < (3, 11))'); then \
		echo "simcache needs Python 3.11 or newer, got $$python ($${found:-which does not run})" >&2; exit 1; fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$$python has no complete venv module; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; fi; \
	echo "setting up $(VENV) with Python $$found; this takes a minute or two"; \
	"$$python" -m venv $(VENV)
	$(PINNED) -r requirements.lock
	$(RUN) -m pip install --quiet --no-deps --no-build-isolation -e .
	@$(RUN) -m pip check
	@touch $@

torch: $(TORCH_READY)  ## the pinned torch, which the lock leaves out: its builds differ from machine to machine

# What every build of torch needs is locked. torch itself has no hash here, and may pull what its own build pins with ==
# (a CUDA build its NVIDIA libraries, a CPU build nothing): so this one command does resolve, with nothing left to choose.
$(TORCH_READY): $(READY) requirements-torch.lock
	$(PINNED) -r requirements-torch.lock
	$(RUN) -m pip install --quiet --no-compile torch==$(TORCH_VERSION)
	@$(RUN) -m pip check
	@touch $@

# The newest pip, beside the one that Python brings: a test tries the set-up with both. It is not installed.
$(PIPS_READY): $(READY) requirements-pip.lock
	rm -rf $(@D)
	$(RUN) -m pip download --quiet --no-deps --require-hashes --dest $(@D) -r requirements-pip.lock
	@touch $@

# ---------------------------------------------------------------- figures

# figures/data/<stem>.py simulates, figures/<stem>.py draws. A name that starts with _ is a helper that all of them share.
DATA := $(filter-out figures/data/_%,$(wildcard figures/data/*.py))
DRAWINGS := $(filter-out figures/_%,$(wildcard figures/*.py))
PACKAGE := $(shell find simcache -name '*.py')
DRAWS := $(filter simcache/plot.py simcache/plot/%,$(PACKAGE))
SIMULATES := $(filter-out $(DRAWS) simcache/cli.py simcache/cli/%,$(PACKAGE))

figures: $(DATA:.py=.parquet) $(DATA:.py=.csv) $(DRAWINGS:.py=.pdf) $(DRAWINGS:.py=.png) $(DRAWINGS:.py=.svg)  ## every figure and its data (what `make` does)
	@echo "the figures are in figures/, their data in figures/data/"

figures/data/%.parquet figures/data/%.csv: figures/data/%.py \
		$(wildcard figures/data/_*.py) $(wildcard traces/*.npz) $(SIMULATES) requirements.lock | $(READY)
	$(RUN) $<
	@test -s figures/data/$*.parquet && test -s figures/data/$*.csv || { echo "$< must write $*.parquet and $*.csv beside itself" >&2; exit 1; }

figures/%.pdf figures/%.png figures/%.svg: figures/%.py figures/data/%.parquet $(wildcard figures/_*.py) $(DRAWS) | $(READY)
	$(RUN) $<
	@test -s figures/$*.pdf && test -s figures/$*.png && test -s figures/$*.svg || { echo "$< must write $*.pdf, .png and .svg beside itself" >&2; exit 1; }

# ---------------------------------------------------------------- the supplement

# Each figure that supplement.tex names stands in figures/ and has a caption in paper/captions; numbers come from data.
TABLES := $(addprefix paper/generated/,regimes.tex limits.tex samplers.tex errors.tex coordl.tex)
LATEX_PACKAGES := latexmk texlive-latex-base texlive-latex-recommended texlive-fonts-recommended

paper: paper/supplement.pdf  ## the supplementary material, with every number and table in it (needs LaTeX)

paper/generated/numbers.tex: $(wildcard paper/*.py) $(DATA:.py=.parquet) $(SIMULATES) | $(READY)
	$(RUN) paper/macros.py

$(TABLES): paper/generated/numbers.tex ;

paper/supplement.pdf: paper/supplement.tex paper/refs.bib $(wildcard paper/captions/*.tex) \
		paper/generated/numbers.tex $(TABLES) $(DRAWINGS:.py=.pdf)
	@command -v latexmk >/dev/null && command -v pdflatex >/dev/null || { \
		echo "make paper needs LaTeX; on Debian or Ubuntu: apt-get install --no-install-recommends $(LATEX_PACKAGES)" >&2; exit 1; }
	cd paper && FORCE_SOURCE_DATE=1 latexmk -pdf -quiet -interaction=nonstopmode -halt-on-error -outdir=build supplement.tex
	@! grep -E '^(LaTeX|Package [a-z]+) Warning: .*(undefined|multiply)|^Overfull' paper/build/supplement.log
	@mv paper/build/supplement.pdf $@ && echo "the supplement is $@"

# The theme, Sphinx and MathJax come from the lock and the checkout: nothing is fetched, here or by a reader's browser.
docs: $(TORCH_READY)  ## the site, docs/_build/html: every page's code runs, and a warning is an error
	@rm -rf docs/_build
	$(RUN) -m sphinx -W --keep-going -q -j $(CORES) -b html docs docs/_build/html
	@echo "the site is docs/_build/html/index.html"

images: figures  ## refresh the committed images that README and docs show, but for those of what a clock measured
	@grep -oh 'images/[A-Za-z0-9_.-]*' README.md $(wildcard docs/*.md docs/howto/*.md) | grep -v -e benchmarks -e training-time | sort -u | while read -r image; do \
		cp -v "figures/$${image#images/}" "docs/$$image" || exit 1; done

refresh: $(TORCH_READY)  ## refresh the outputs that README and the notebooks show
	$(RUN) docs/refresh.py README.md
	$(RUN) notebooks/refresh.py

# ---------------------------------------------------------------- checks

# As many at a time as there are cores, up to eight: each process takes a gigabyte and ten seconds to begin. Each begins
# with a share of the tests, in their order, and one that is done takes over half of what another has left.
CORES = $(shell n=$$(nproc 2>/dev/null || echo 1); echo $$((n < 8 ? n : 8)))
SHARED = --numprocesses $(or $(JOBS),$(CORES)) --dist worksteal

ifeq ($(TORCH),0)
test: $(READY) $(PIPS_READY)  ## every test, one a core at a time (JOBS=0: in one process); TORCH=0 leaves out those that need torch
	@echo "TORCH=0: the tests that need torch are left out"
else
test: $(TORCH_READY) $(PIPS_READY)
endif
	$(RUN) -m pytest $(SHARED) $(PYTEST)

LIBRARY := $(wildcard $(addprefix tests/test_,allocation.py analysis.py bits.py cli_table.py cli_theory.py curves.py \
	exact.py hindsight.py policies.py rows.py simulation.py stacks.py sweeps.py synth.py systems.py theory_*.py trace.py \
	units.py))

library: $(READY)  ## tests of library and command line that ask nothing of the system, for those that are not Linux
	$(RUN) -m pytest $(SHARED) -m "not torch and not torture" $(PYTEST) $(LIBRARY)

mutants: $(TORCH_READY)  ## whether the tests notice one fault after another (slow; WHICH="opt 12 30-40": some, JOBS=2: two at a time)
	$(RUN) tests/mutants.py --jobs $(or $(JOBS),1) $(WHICH)

torture: $(TORCH_READY)  ## what takes minutes of the live cache: every policy, loader and start method, and killed processes
	$(RUN) -m pytest -m torture $(PYTEST)

lint: $(READY)  ## ruff, mypy, and the layers
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(BIN)/lint-imports --no-logo

notebooks: $(READY)  ## run every notebook from top to bottom
	$(RUN) -m pytest -p nbmake.pytest_plugin --nbmake --nbmake-timeout=600 notebooks

coverage: export NUMBA_JIT_COVERAGE := 1
coverage: export NUMBA_CACHE_DIR := $(CURDIR)/.cache/numba-coverage
coverage: $(TORCH_READY) $(PIPS_READY)  ## test coverage, kernels included: their lines are noted while they compile, so none may be cached
	rm -rf .cache/numba-coverage
	$(RUN) -m pytest --cov --cov-report=term $(PYTEST)

wheel: $(READY)  ## dist/*.whl, built from the source archive that stands beside it
	rm -rf dist
	$(RUN) -m build --no-isolation --outdir dist .

release-check: $(READY)  ## whether wheel and source archive are whole, and each extra works from the wheel alone (EXTRAS="io docs": some)
	$(RUN) tests/release.py $(EXTRAS)

bench: $(READY)  ## measure speed against the peers, best on a quiet machine, and refresh results/ (QUICK=1: in short, into results/quick/)
	QUICK=$(QUICK) $(RUN) benchmarks/run.py $(SUITES)

experiments: $(TORCH_READY)  ## measure training time with the live cache, on a quiet machine (DEVICE=cuda, QUICK=1, NETWORK=name, CIFAR=folder)
	DEVICE=$(DEVICE) QUICK=$(QUICK) NETWORK="$(NETWORK)" CIFAR="$(CIFAR)" $(RUN) benchmarks/experiments.py

# ---------------------------------------------------------------- upkeep

COMPILE := $(UV) pip compile --universal --generate-hashes --no-strip-extras --no-header --no-annotate --no-emit-index-url --python-version 3.11
TORCH_NEEDS := filelock fsspec jinja2 networkx setuptools>=77.0.3 sympy>=1.13.3 typing-extensions>=4.10.0

lock:  ## requirements.lock, -torch.lock and -pip.lock again, from pyproject.toml and TORCH_NEEDS (needs uv)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv (pip install uv), or: make lock UV=/path/to/uv" >&2; exit 1; }
	$(COMPILE) pyproject.toml --extra distributed --extra docs --extra explore --extra io --extra notebooks --extra dev -o requirements.lock
	printf '%s\n' $(foreach need,$(TORCH_NEEDS),'$(need)') | $(COMPILE) - --constraints requirements.lock -o requirements-torch.lock
	echo pip | $(COMPILE) - -o requirements-pip.lock

clean:  ## remove what make built, but keep .venv
	rm -rf .cache build dist results/quick .coverage .coverage.* .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	rm -f figures/*.pdf figures/*.png figures/*.svg figures/data/*.parquet figures/data/*.csv figures/data/*.json
	rm -rf paper/build paper/generated paper/supplement.pdf docs/_build docs/generated
	find simcache tests figures benchmarks paper docs -name __pycache__ -prune -exec rm -rf {} +

distclean: clean  ## remove .venv too
	rm -rf $(VENV)

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */\1\t/' | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-13s %s\n' "$$name" "$$text"; done
