# Needs GNU make and Python 3.11 or newer; everything else comes from requirements.lock.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

PORT ?= 8000
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
VENV ?= .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.stamp
# Where Python is told to keep nothing that it compiled, it is kept in var/ all the same: the tests
# alone start a hundred processes, and each would compile Django anew.
ifdef PYTHONDONTWRITEBYTECODE
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/var/pycache
endif
UV := $(shell command -v uv || echo $(VENV)/bin/uv)
LOCK := $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links pyproject.toml --extra worker

.PHONY: help demo run test thorough coverage quick check bench format messages docs-pictures lock sbom advisories clean

help: ## list what can be made
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:[^#]*## /|/' | awk -F'|' '{printf "  make %-14s %s\n", $$1, $$2}'

$(STAMP): requirements.lock tools/bootstrap.py
	@test -n "$(PYTHON)" || { echo "riskreg needs Python 3.11 or newer; name it with PYTHON="; exit 1; }
	@$(PYTHON) tools/bootstrap.py --venv $(VENV)

demo: $(STAMP) ## run everything with the demo register (PORT=8000, FRESH=1 starts over)
	@$(PY) manage.py up --demo --port $(PORT) $(if $(filter-out 0,$(FRESH)),--fresh)

run: $(STAMP) ## run everything for your own register, empty at first (PORT=8000); data in var/own
	@VAR_DIR="$${VAR_DIR:-$(CURDIR)/var/own}" $(PY) manage.py up --migrate --port $(PORT)

test: $(STAMP) ## all tests that this machine allows, on SQLite and PostgreSQL (ARGS= for pytest)
	@$(PY) tools/test.py $(ARGS)

thorough: $(STAMP) ## the tests, where long ones look for all there is and not for their share of it
	@THOROUGH=1 $(PY) tools/test.py $(ARGS)

coverage: $(STAMP) ## the tests on SQLite, measured by line and branch (ARGS= for pytest)
	@COVERAGE=1 ON=sqlite $(PY) tools/test.py $(ARGS)

quick: $(STAMP) ## style, floors and the quick tests of what a change touches, on SQLite (ALL=1: of all)
	@ALL=$(ALL) $(PY) tools/quick.py

check: $(STAMP) ## style, types, floors, templates, migrations, settings, translations, lock
	@$(PY) tools/check.py

# The benchmarks have an environment of their own, with the packages they are measured beside.
BENCH_STAMP := .venv-bench/.stamp
$(BENCH_STAMP): requirements.bench.lock tools/bootstrap.py
	@$(PYTHON) tools/bootstrap.py --venv .venv-bench --lock requirements.bench.lock

bench: $(BENCH_STAMP) ## measure against floors (ONLY=name,… SIZES=1000,…), writes var/bench.json
	@.venv-bench/bin/python -m bench $(if $(ONLY),--only $(ONLY)) $(if $(SIZES),--sizes $(SIZES))

format: $(STAMP) ## format Python and templates
	@$(PY) -m ruff check -q --fix-only . && $(PY) -m ruff format .

messages: $(STAMP) ## extract texts to translate and compile the catalogues
	@$(PY) tools/messages.py

docs-pictures: $(STAMP) ## draw the charts and take the screenshots in docs/pictures
	@$(PY) docs/draw_pictures.py && $(PY) tools/pictures.py

lock: $(STAMP) ## resolve pyproject.toml anew into the lock files
	@$(LOCK) --group dev -o requirements.lock
	@$(LOCK) --group dev --group bench -o requirements.bench.lock
	@$(PY) tools/locks.py

sbom: $(STAMP) ## write the bill of materials (CycloneDX) of the locks, and licences, into var/sbom
	@$(PY) tools/sbom.py var/sbom/riskreg.cdx.json --notices var/sbom/licences.txt
	@$(PY) tools/sbom.py var/sbom/web.cdx.json --lock requirements.web.lock
	@$(PY) tools/sbom.py var/sbom/development.cdx.json --lock requirements.lock

advisories: $(STAMP) ## flaws of what is locked by the OSV files in KNOWN= (BEFORE=lock: of what changed)
	@$(PY) tools/advisories.py $(if $(KNOWN),--known $(KNOWN)) $(if $(BEFORE),--before $(BEFORE))

clean: ## remove the environment, caches and local data
	@rm -rf $(VENV) .venv-bench var .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
