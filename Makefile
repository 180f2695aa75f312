# Each target sets up whatever it needs from Python 3.11 or newer; all paths are relative, so the checkout may lie anywhere.

PYTHON ?= python3
STAMP := .venv/.installed
VENV := .venv/bin/python
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))

.PHONY: help run test check bench
.DEFAULT_GOAL := help

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile

run: $(STAMP) ## Start everything with demonstration data (PORT=8000 DATA=.local DEMO=1 DEMO_CALLS=20000)
	@exec $(VENV) -m infra.local

test: $(STAMP) ## Run every test
	@exec $(VENV) -m pytest -n 2

check: $(STAMP) ## Format, lint, types, import rules, tests: what CI runs
	@$(VENV) -m ruff format --check .
	@$(VENV) -m ruff check .
	@$(VENV) -m mypy
	@.venv/bin/lint-imports
	@$(VENV) -m pytest -n 2

bench: $(STAMP) ## Measure, as ratios to a floor or a peer of the same run
	@exec $(VENV) -m infra.bench

$(STAMP): requirements.txt requirements-dev.txt
	@if ! $(VENV) -c '$(NEW_ENOUGH)' 2>/dev/null; then \
		found=; for candidate in "$(PYTHON)" python3.14 python3.13 python3.12 python3.11; do \
			"$$candidate" -c '$(NEW_ENOUGH)' 2>/dev/null && found="$$candidate" && break; \
		done; \
		if [ -z "$$found" ]; then \
			echo "Python 3.11 or newer is needed; say where it is: make PYTHON=/path/to/python3" >&2; exit 1; \
		fi; \
		if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
			echo "$$found cannot make environments; install its venv module (Debian: apt install python3-venv)" >&2; exit 1; \
		fi; \
		echo "Setting up .venv (first run only, about a minute)"; \
		"$$found" -m venv --clear .venv || exit 1; \
	else \
		echo "Bringing .venv up to date"; \
	fi; \
	$(VENV) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt && touch $(STAMP)
