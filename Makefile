# `make help` lists the targets. Every target builds the virtual environment it needs.
PYTHON ?= python3
NAME ?= block_structure

VENV := .venv
BIN := $(VENV)/bin
RESULTS := results/$(NAME)
FIGURES := figures
# the figures of each sweep; those not named here are drawn from the main job
FIGURES_output_rank := rank_rates rank_scree
FIGURES_kronecker := kronecker_error kronecker_spectra network_kronecker
FIGURES_eigenspaces := overlaps reshaped alignment
SWEEPS_WITH_FIGURES := output_rank kronecker eigenspaces
PEERS := $(patsubst benchmarks/requirements-%.txt,%,$(wildcard benchmarks/requirements-*.txt))
ALL_FIGURES := $(patsubst paper_figs/fig_%.py,%,$(wildcard paper_figs/fig_*.py))
FIGURES_block_structure := $(filter-out $(foreach s,$(SWEEPS_WITH_FIGURES),$(FIGURES_$s)),$(ALL_FIGURES))
STYLE := paper_figs/style.py rmt_hessian/plotting.py

.PHONY: help sweep figures sweep-figures test claims lint bench clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  \1\t/' | expand -t 12

sweep: $(VENV)/.sweep ## the main job: measure, predict, draw, print (NAME=another for another sweep)
	$(BIN)/rmt-hessian run sweeps/$(NAME).toml --out $(RESULTS)
	@$(MAKE) --no-print-directory -j2 sweep-figures
	$(BIN)/rmt-hessian report $(RESULTS) --figures $(FIGURES)

sweep-figures: $(FIGURES_$(NAME):%=$(FIGURES)/%.png)

figures: $(ALL_FIGURES:%=$(FIGURES)/%.png) ## draw all figures, running the sweeps they need

# figures/NAME.png from the table of its sweep
define figures_of
$(FIGURES_$1:%=$(FIGURES)/%.png): $(FIGURES)/%.png: paper_figs/fig_%.py $(STYLE) results/$1/table.parquet | $(VENV)/.sweep
	$(BIN)/python -m paper_figs.fig_$$* results/$1 $(FIGURES)
endef
$(foreach s,block_structure $(SWEEPS_WITH_FIGURES),$(eval $(call figures_of,$s)))

results/%/table.parquet: sweeps/%.toml | $(VENV)/.sweep
	$(BIN)/rmt-hessian run sweeps/$*.toml --out results/$*

test: $(VENV)/.test ## run all tests
	$(BIN)/pytest

claims: $(VENV)/.test ## only the tests of the theorems, tests/claims/
	$(BIN)/pytest tests/claims

lint: $(VENV)/.lint ## check style and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

bench: $(VENV)/.bench $(PEERS:%=.venv-bench-%/.installed) ## laws and Hessians against other packages
	$(BIN)/python -m benchmarks.laws
	$(BIN)/python -m benchmarks.hessians

clean: ## remove results, figures and the virtual environments
	rm -rf results $(FIGURES) $(VENV) .venv-bench-* build *.egg-info

# One stamp an extra: `$(VENV)/.test` is made by installing the extra `test`.
$(VENV)/.%: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --config-settings editable_mode=compat --editable '.[$*]'
	@touch $@

# The packages of a benchmark, each in an environment of its own; one that cannot be installed is
# left out, and its rows say so.
.venv-bench-%/.installed: benchmarks/requirements-%.txt
	$(PYTHON) -m venv $(@D)
	-$(@D)/bin/pip install --quiet --requirement $< && touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
