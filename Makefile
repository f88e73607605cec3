# `make help` lists the targets. Every target builds the virtual environment it needs.
PYTHON ?= python3
NAME ?= block_structure

VENV := .venv
BIN := $(VENV)/bin
# with QUICK=1 the small sizes that sweep files name, in folders of their own, a core a sweep
ALL_RESULTS := results$(if $(QUICK),/quick)
FIGURES := figures$(if $(QUICK),/quick)
RUN := $(BIN)/rmt-hessian run$(if $(QUICK), --quick --workers 1)
RESULTS := $(ALL_RESULTS)/$(NAME)
SWEEPS := $(patsubst sweeps/%.toml,%,$(wildcard sweeps/*.toml))
# those with the line `slow = true`, which run only by their name
SLOW := $(patsubst sweeps/%.toml,%,$(shell grep -ls '^slow = true' sweeps/*.toml))
ORDINARY := $(filter-out $(SLOW),$(SWEEPS))
ifneq ($(SLOW),)
TELL_SLOW = @echo 'left out, being slow: $(SLOW) (make sweep NAME=$(firstword $(SLOW)) runs it)'
endif
# the figures, or the extras, that a sweep file names
named_by = $(shell sed -n 's/^$2 = \[\([^]]*\)\].*/\1/p' sweeps/$1.toml 2>&- | tr -d '",')
$(foreach s,$(SWEEPS),$(eval FIGURES_$s := $(patsubst %,$(FIGURES)/$s/%.png,$(call named_by,$s,figures))))
# the sweeps that the claims name, of them those to run, and the extras and figures of these
CLAIMED := $(sort $(shell sed -n 's/^ *sweep="\([^"]*\)".*/\1/p' paper_claims/*.py 2>&-))
SMALL := $(patsubst sweeps/%.toml,%,$(shell grep -ls '^quick = ' sweeps/*.toml))
PAPER := $(if $(QUICK),$(filter $(SMALL),$(CLAIMED)),$(CLAIMED))
PAPER_EXTRAS := $(sort $(foreach s,$(PAPER),$(patsubst %,$(VENV)/.%,$(call named_by,$s,extras))))
EXTRAS := $(patsubst %,$(VENV)/.%,$(call named_by,$(NAME),extras))
PEERS := $(patsubst benchmarks/requirements-%.txt,%,$(wildcard benchmarks/requirements-*.txt))
# spectra, ranks, eigenspaces, laws, and all printed examples
SENSITIVE := rmt_hessian tests/compare tests/test_compare.py tests/test_spectra_distance.py tests/hessian \
  tests/spectra tests/theory/laws tests/theory/outliers tests/theory/structure/test_overlap.py \
  tests/measurements tests/test_documents.py
STYLE := rmt_hessian/plotting.py $(filter-out paper_figs/fig_%.py,$(wildcard paper_figs/*.py))

.PHONY: paper paper-tables paper-figures check-report $(CLAIMED:%=measure-%)
.PHONY: help sweep sweeps figures sweep-figures test test-kernels test-kernel test-models kills stress claims lint bench clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 16

sweep: $(VENV)/.sweep $(EXTRAS) ## the main job: measure, predict, draw, print (NAME=another for another sweep)
	$(RUN) sweeps/$(NAME).toml --out $(RESULTS)
	@$(MAKE) --no-print-directory -j2 sweep-figures
	$(BIN)/rmt-hessian report $(RESULTS) --figures $(FIGURES)/$(NAME)

sweeps: $(VENV)/.sweep ## all sweeps that are not slow, one after another: measure, draw, print
	$(TELL_SLOW)
	$(foreach s,$(ORDINARY),$(MAKE) --no-print-directory sweep NAME=$s &&) true

sweep-figures: $(FIGURES_$(NAME)) ## draw figures/NAME from results/NAME, also of a run with --set

figures: $(foreach s,$(ORDINARY),$(FIGURES_$s)) ## draw all figures, running the sweeps they need that are not slow
	$(TELL_SLOW)

# figures/SWEEP/NAME.png from the table of its sweep
define figures_of
$(FIGURES_$1): $(FIGURES)/$1/%.png: paper_figs/fig_%.py $(STYLE) $(ALL_RESULTS)/$1/table.parquet | $(VENV)/.sweep
	$(BIN)/python -m paper_figs.fig_$$* $(ALL_RESULTS)/$1 $(FIGURES)/$1
endef
$(foreach s,$(SWEEPS),$(eval $(call figures_of,$s)))

$(ALL_RESULTS)/%/table.parquet: sweeps/%.toml | $(VENV)/.sweep
	$(RUN) sweeps/$*.toml --out $(ALL_RESULTS)/$*

paper: $(VENV)/.paper $(PAPER_EXTRAS) ## every claim with its verdict: sweeps, figures, report.html (QUICK=1: small sizes)
	@$(MAKE) --no-print-directory $(if $(QUICK),-j2) paper-tables
	@$(MAKE) --no-print-directory -j2 paper-figures
	$(BIN)/rmt-hessian page paper_claims --results $(ALL_RESULTS) --figures $(FIGURES) \
	  $(if $(QUICK),--quick --out report-quick.html,--out report.html --table docs/claims.md)

paper-tables: $(PAPER:%=measure-%)

$(CLAIMED:%=measure-%): measure-%: | $(VENV)/.paper
	$(RUN) sweeps/$*.toml --out $(ALL_RESULTS)/$*

paper-figures: $(foreach s,$(PAPER),$(FIGURES_$s))

check-report: $(VENV)/.browser ## open report.html, and report-quick.html, in a real browser: figures, controls, errors
	$(BIN)/python -m tests.report_in_browser $(wildcard report.html report-quick.html)

test: $(VENV)/.test ## run all tests
	$(BIN)/pytest -n auto

test-kernels: $(VENV)/.test ## all tests as on other processors: every BLAS kernel, plain NumPy and numba (an hour)
	$(BIN)/python -m tests.kernels -n auto

test-kernel: $(VENV)/.test ## the tests that last bits could change, under one other BLAS kernel
	$(BIN)/python -m tests.kernels --one -n auto $(SENSITIVE)

test-models: .venv-models/.installed ## tests of networks that come with packages, tests/foreign/, in an environment of their own
	.venv-models/bin/pytest tests/foreign

kills: $(VENV)/.test ## kill a sweep at 50 random moments and resume it (slow)
	KILLS=50 $(BIN)/pytest tests/sweep/test_kill.py

stress: $(VENV)/.test ## the laws on ten times as many random cases as `make test` has (minutes)
	STRESS=1 $(BIN)/pytest -n auto $(wildcard tests/theory/test_*_stress.py tests/theory/*/test_*_stress.py)

claims: $(VENV)/.test ## only the tests of the theorems, tests/claims/
	$(BIN)/pytest -n auto tests/claims

lint: $(VENV)/.lint ## check style, format and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(VENV)/.bench $(PEERS:%=.venv-bench-%/.installed) ## laws and Hessians against other packages, what sweeps cost
	$(BIN)/python -m benchmarks.laws
	$(BIN)/python -m benchmarks.hessians
	$(BIN)/python -m benchmarks.sweeps

clean: ## remove results, figures and the virtual environments
	rm -rf results $(FIGURES) $(VENV) .venv-bench-* .venv-models build *.egg-info

# One stamp an extra: `$(VENV)/.test` is made by installing the extra `test`.
$(VENV)/.%: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --config-settings editable_mode=compat --editable '.[$*]'
	@touch $@

# The packages of a benchmark, each in an environment of its own; one that cannot be installed is
# left out, and its rows say so.
.venv-bench-%/.installed: benchmarks/requirements-%.txt
	$(PYTHON) -m venv $(@D)
	-$(@D)/bin/pip install --quiet --requirement $< && touch $@

.venv-models/.installed: tests/foreign/requirements.txt setup.cfg pyproject.toml
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --config-settings editable_mode=compat --requirement $< --editable '.[heads,test]'
	touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; name one by PYTHON=..." \
	  if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
