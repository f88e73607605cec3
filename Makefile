# `make help` lists the targets. Every target builds the virtual environment it needs.
PYTHON ?= python3
NAME ?= block_structure
SET :=
OUT :=
QUICK :=

# What is imported first is compiled then, and kept, wherever this runs: see $(VENV)/.%
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
# with QUICK=1 the small sizes that sweep files name, in folders of their own, a core a sweep
PREFIX := $(if $(QUICK),quick/)
RUN := $(BIN)/rmt-hessian run$(if $(QUICK), --quick --workers 1)
FIGURES := figures
# other values than the file's, SET="C=2,64 seeds=3", have a folder of their own: OUT, or NAME-set
FOLDER := $(or $(OUT),$(PREFIX)$(NAME)$(if $(strip $(SET)),-set))
RESULTS := results/$(FOLDER)
unreadable := $(firstword $(foreach s,$(SET),$(if $(findstring =,$s),,$s)))
ifneq ($(unreadable),)
$(error SET must be words NAME=VALUE without blanks in them, as in SET="C=2,64 seeds=3", got $(unreadable))
endif
ifneq ($(words $(OUT)),$(if $(OUT),1,0))
$(error OUT must be the name of a folder of results/ and figures/ without blanks, got $(OUT))
endif
OVERRIDES := $(foreach s,$(SET),--set '$(subst ','\'',$s)')
SWEEPS := $(patsubst sweeps/%.toml,%,$(wildcard sweeps/*.toml))
ifneq ($(filter quick $(SWEEPS),$(OUT)),)
$(error OUT must be the name of a folder of its own, $(OUT) is that of other results)
endif
# those with the line `slow = true`, which run only by their name
SLOW := $(patsubst sweeps/%.toml,%,$(shell grep -ls '^slow = true' sweeps/*.toml))
ORDINARY := $(filter-out $(SLOW),$(SWEEPS))
ifneq ($(SLOW),)
TELL_SLOW = @echo 'left out, being slow: $(SLOW) (make sweep NAME=$(firstword $(SLOW)) runs it)'
endif
# the figures, or the extras, that a sweep file names
named_by = $(shell sed -n 's/^$2 = \[\([^]]*\)\].*/\1/p' sweeps/$1.toml 2>&- | tr -d '",')
$(foreach s,$(SWEEPS),$(eval DRAWN_$s := $(call named_by,$s,figures)))
figures_of = $(DRAWN_$1:%=$(FIGURES)/$2/%.png)
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
STYLE := $(wildcard rmt_hessian/plotting/*.*) $(filter-out paper_figs/fig_%.py,$(wildcard paper_figs/*.py))

# from lines of a name, a tab and a text: at most 100 columns, long texts go on below
WRAP = { line = sprintf("  %-20s", $$1); n = split($$2, words, " "); \
  for (i = 1; i <= n; i++) { \
    if (length(line " " words[i]) > 100) { print line; line = sprintf("%22s", "") } \
    line = line " " words[i] } \
  print line }
IN_COLUMNS = awk -F '\t' '$(WRAP)'

.PHONY: docs check-docs paper paper-tables paper-figures check-report $(CLAIMED:%=measure-%) $(CLAIMED:%=draw-%)
.PHONY: coverage help sweep sweeps figures sweep-figures test test-kernels test-kernel test-models kills stress claims lint dist bench clean

help: ## list the targets and the sweeps
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | $(IN_COLUMNS)
	@echo; echo 'sweeps, make sweep NAME=…'
	@for s in $(SWEEPS); do \
	  about=$$(sed -n 's/^description = "\(.*\)"$$/\1/p' sweeps/$$s.toml); \
	  slow=$$(sed -n 's/^slow = true.*/ (slow)/p' sweeps/$$s.toml); \
	  printf '%s\t%s%s\n' "$$s" "$$about" "$$slow"; done | $(IN_COLUMNS)

sweep: $(VENV)/.sweep $(EXTRAS) ## the main job: measure, predict, draw, print (NAME=another, SET="C=2,64 seeds=3", QUICK=1)
	$(RUN) sweeps/$(NAME).toml --out '$(RESULTS)' $(OVERRIDES)
	@$(MAKE) --no-print-directory -j2 sweep-figures
	$(BIN)/rmt-hessian report '$(RESULTS)' --figures '$(FIGURES)/$(FOLDER)'

sweeps: $(VENV)/.sweep ## all sweeps that are not slow, one after another: measure, draw, print
	$(TELL_SLOW)
	$(foreach s,$(ORDINARY),$(MAKE) --no-print-directory sweep NAME=$s OUT= &&) true

sweep-figures: $(call figures_of,$(NAME),$(FOLDER)) ## draw figures/NAME from results/NAME as it is (OUT=another folder of both)

figures: $(foreach s,$(ORDINARY),$(call figures_of,$s,$(PREFIX)$s)) ## draw all figures, running the sweeps they need that are not slow
	$(TELL_SLOW)

# figures/FOLDER/NAME.png from the table of a sweep in results/FOLDER
define figures_from
$(call figures_of,$1,$2): $(FIGURES)/$2/%.png: paper_figs/fig_%.py $(STYLE) results/$2/table.parquet | $(VENV)/.sweep
	$(BIN)/python -m paper_figs.fig_$$* results/$2 $(FIGURES)/$2
endef
$(foreach s,$(SWEEPS),$(eval $(call figures_from,$s,$(PREFIX)$s)))

results/$(PREFIX)%/table.parquet: sweeps/%.toml | $(VENV)/.sweep
	$(RUN) sweeps/$*.toml --out results/$(PREFIX)$*

paper: $(VENV)/.paper $(PAPER_EXTRAS) ## every claim with its verdict: sweeps, figures, report.html (QUICK=1: small sizes)
	@$(MAKE) --no-print-directory $(if $(QUICK),-j2) paper-tables
	@$(MAKE) --no-print-directory -j2 paper-figures
	$(BIN)/rmt-hessian page paper_claims --tests tests/claims --results results/$(PREFIX) --figures $(FIGURES)/$(PREFIX) \
	  $(if $(QUICK),--quick --out report-quick.html,--out report.html --table docs/claims.md)

paper-tables: $(PAPER:%=measure-%)

$(CLAIMED:%=measure-%): measure-%: | $(VENV)/.paper
	$(RUN) sweeps/$*.toml --out results/$(PREFIX)$*

paper-figures: $(PAPER:%=draw-%)

$(CLAIMED:%=draw-%): draw-%: | $(VENV)/.paper
	$(BIN)/python -m paper_figs results/$(PREFIX)$* $(FIGURES)/$(PREFIX)$* $(DRAWN_$*)

check-report: $(VENV)/.browser ## open report.html, and report-quick.html, in a real browser: figures, controls, errors
	$(BIN)/python -m tests.report_in_browser $(wildcard report.html report-quick.html)

docs: $(VENV)/.docs ## the documentation as a site: tutorial, gallery, theory, reference; site/index.html
	@echo "about three minutes: every example of the gallery runs, all pages are read, and nothing is said on the way"
	$(BIN)/sphinx-build -W --keep-going --quiet --jobs 2 --doctree-dir build/doctrees docs site
	@echo "the site: $(CURDIR)/site/index.html"

check-docs: docs $(VENV)/.browser ## open every page of the site in a real browser: mathematics, images, search, errors
	$(BIN)/python -m tests.site_in_browser site

ifneq ($(FOLDER),$(PREFIX)$(NAME))
$(eval $(call figures_from,$(NAME),$(FOLDER)))
results/$(FOLDER)/table.parquet: sweeps/$(NAME).toml | $(VENV)/.sweep
	$(RUN) $< --out results/$(FOLDER) $(OVERRIDES)
endif

test: $(VENV)/.test ## run all tests
	$(BIN)/pytest -n auto

coverage: $(VENV)/.test $(VENV)/.coverage ## all tests, and which lines of the package they do not run
	$(BIN)/pytest -n auto --cov --cov-report=term

test-kernels: $(VENV)/.test ## all tests as on other processors: every BLAS kernel, plain NumPy and numba (an hour)
	$(BIN)/python -m tests.kernels -n auto

test-kernel: $(VENV)/.test ## the tests that last bits could change, under one other BLAS kernel
	$(BIN)/python -m tests.kernels --one -n auto $(SENSITIVE)

test-models: .venv-models/.installed ## tests of networks that come with packages, tests/foreign/, in an environment of their own
	.venv-models/bin/pytest tests/foreign rmt_hessian/autograd rmt_hessian/model

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

dist: $(VENV)/.dist ## wheel and sdist into dist/, and the wheel tried in an environment of its own
	rm -rf dist build .venv-dist
	$(BIN)/python -m build --quiet --outdir dist
	$(PYTHON) -m venv .venv-dist
	.venv-dist/bin/pip install --quiet "$$(ls dist/*.whl)[sweep]"
	cd dist && ../.venv-dist/bin/python ../tests/try_installed.py

bench: $(VENV)/.bench $(PEERS:%=.venv-bench-%/.installed) ## laws and Hessians against other packages, what sweeps cost
	$(BIN)/python -m benchmarks.laws
	$(BIN)/python -m benchmarks.hessians
	$(BIN)/python -m benchmarks.sweeps

clean: ## remove results, figures, the site and the virtual environments
	rm -rf results $(FIGURES) screenshots report*.html $(VENV) .venv-bench-* .venv-models .venv-dist dist build *.egg-info
	rm -rf site docs/api docs/gallery

# One stamp an extra: `$(VENV)/.test` is made by installing the extra `test`. Modules are compiled
# when they are first imported: of what is installed few ever are.
$(VENV)/.%: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --no-compile --config-settings editable_mode=compat --editable '.[$*]'
	@touch $@

# The packages of a benchmark, each in an environment of its own; one that cannot be installed is
# left out, and its rows say so.
.venv-bench-%/.installed: benchmarks/requirements-%.txt
	$(PYTHON) -m venv $(@D)
	-$(@D)/bin/pip install --quiet --requirement $< && touch $@

.venv-models/.installed: tests/foreign/requirements.txt setup.cfg pyproject.toml
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --config-settings editable_mode=compat --requirement $< --editable '.[heads,paper,torch]'
	touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; name one by PYTHON=..." \
	  if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
