# `make help` lists the targets. Every target builds the virtual environment it needs.
PYTHON ?= python3
NAME ?= block_structure

VENV := .venv
BIN := $(VENV)/bin
RESULTS := results/$(NAME)
MAIN := results/block_structure
FIGURES := figures
PEERS := $(patsubst benchmarks/requirements-%.txt,%,$(wildcard benchmarks/requirements-*.txt))
FIGURE_FILES := $(patsubst paper_figs/fig_%.py,$(FIGURES)/%.png,$(wildcard paper_figs/fig_*.py))

.PHONY: help sweep figures test claims lint bench clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  \1\t/' | expand -t 12

sweep: $(VENV)/.sweep ## the main job: measure, predict, draw, print (NAME=another for another sweep)
	$(BIN)/rmt-hessian run sweeps/$(NAME).toml --out $(RESULTS)
ifeq ($(NAME),block_structure)
	@$(MAKE) --no-print-directory -j2 figures
	$(BIN)/rmt-hessian report $(RESULTS) --figures $(FIGURES)
else
	$(BIN)/rmt-hessian report $(RESULTS)
endif

figures: $(FIGURE_FILES) ## draw the figures from the results of the main job

$(FIGURES)/%.png: paper_figs/fig_%.py paper_figs/style.py rmt_hessian/plotting.py $(MAIN)/table.parquet | $(VENV)/.sweep
	$(BIN)/python -m paper_figs.fig_$* $(MAIN) $(FIGURES)

$(MAIN)/table.parquet: | $(VENV)/.sweep
	$(BIN)/rmt-hessian run sweeps/block_structure.toml --out $(MAIN)

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
