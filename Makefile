# Each target sets up what it needs from Python 3.11 or newer. All paths are relative, so the checkout can be anywhere.

PYTHON ?= python3
# Running needs a third of what the tests and checks need, so each has its own stamp.
RUN_STAMP := .venv/.runs
STAMP := .venv/.installed
VENV := .venv/bin/python
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
# Packaging compiles for the Lambdas, so it needs their version of Python.
PYTHON313 ?= python3.13
PACKAGE_STAMP := .venv-package/.installed
IS_313 := import sys; sys.exit(sys.version_info[:2] != (3, 13))
STAGE ?= dev

.PHONY: help run test lint types check verify bench bench-large package rehearse smoke console screenshots
.DEFAULT_GOAL := help

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile

run: $(RUN_STAMP) ## Start everything with demonstration data (PORT=8000 DATA=.local DEMO=1 DEMO_CALLS=8000 DEMO_LIVE=1 DEMO_CRM=1)
	@exec $(VENV) -m infra.local

test: $(STAMP) ## Run the tests that need neither a browser nor Perl (about 4 minutes)
	@exec $(VENV) -m pytest -n 2 --dist loadscope -m "not verify"

lint: $(STAMP) ## Check format, lint, import rules, words, names and complexity
	@$(VENV) -m ruff format --check .
	@$(VENV) -m ruff check .
	@.venv/bin/lint-imports
	@$(VENV) -m pytest $(addprefix tests/architecture/test_,words.py names.py complexity.py repetitions.py)

types: $(STAMP) ## Check types
	@$(VENV) -m mypy

check: lint types test ## Check format, lint, types and import rules, and run the tests

verify: lint types ## Run what CI runs: make check and the tests that need a browser, MariaDB and Perl
	@CI=true exec $(VENV) -m pytest -n 2 --dist loadscope

bench: $(STAMP) ## Take measurements, as ratios to a floor or a peer of the same run
	@exec $(VENV) -m infra.bench

bench-large: $(STAMP) ## Measure reports among ten million calls too; takes half an hour and 40 GB
	@exec $(VENV) -m infra.bench --largest day reports ceiling

package: $(PACKAGE_STAMP) ## Build and check template and zip for AWS in out/STAGE (STAGE=dev CA=authorities.pem)
	@exec .venv-package/bin/python -m infra.aws --stage "$(STAGE)" $(if $(CA),--authorities "$(CA)")

rehearse: $(STAMP) ## Play the deployment from zero, without an AWS account (half a minute)
	@exec $(VENV) -W ignore -m infra.rehearsal

smoke: $(RUN_STAMP) ## Check a running stage from outside (URL=… TOKEN=…)
	@exec $(VENV) -m infra.smoke

console: ## Build the page from infra/console (needs Node.js)
	@cd infra/console && npm ci --no-audit --no-fund && node build.mjs

screenshots: $(STAMP) ## Take the pictures of docs/screenshots anew (needs Chromium)
	@SCREENSHOTS=1 exec $(VENV) -m pytest tests/console/test_screenshots.py

$(PACKAGE_STAMP): requirements.txt infra/aws/requirements.txt infra/aws/chalice-requirements.txt
	@found=; for candidate in "$(PYTHON313)" "$$HOME"/.pyenv/versions/3.13.*/bin/python; do \
		"$$candidate" -c '$(IS_313)' 2>/dev/null && found="$$candidate" && break; \
	done; \
	if [ -z "$$found" ]; then \
		echo "The Lambdas run Python 3.13, and packaging needs it too; say where it is: make package PYTHON313=/path/to/python3.13" >&2; \
		exit 1; \
	fi; \
	echo "Setting up .venv-package (first run only, about a minute)"; \
	"$$found" -m venv --clear .venv-package && \
	.venv-package/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		-r infra/aws/chalice-requirements.txt && \
	.venv-package/bin/python -m pip install --quiet --disable-pip-version-check -r infra/aws/requirements.txt && touch $(PACKAGE_STAMP)

$(RUN_STAMP): requirements.txt requirements-run.txt pyproject.toml
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
		echo "Setting up .venv with what running needs: 250 MB, the first time only"; \
		"$$found" -m venv --clear .venv || exit 1; \
	else \
		echo "Bringing .venv up to date"; \
	fi; \
	$(VENV) -m infra.installing requirements-run.txt && touch $(RUN_STAMP)

$(STAMP): $(RUN_STAMP) requirements-dev.txt
	@echo "Adding what the tests and checks need: 350 MB, the first time only"; \
	$(VENV) -m infra.installing requirements-dev.txt && touch $(STAMP)
