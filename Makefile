# Needs only make, git and a Python 3.11 or later; everything else is installed into .venv on first use.
#
#   make check                                 the checks against the reference server of this checkout
#   make check SERVER=http://localhost:50000   the checks against a server that is already running
#   make check ARGS='-k status_line -x'        anything more that pytest should be told
#   make test                                  style, types, our own tests, coverage, every mutant
#
# A recipe that fails makes `make` itself exit with 2, whatever pytest's own exit code was (make prints it as
# "Error N").  A script that needs the number runs `.venv/bin/python -m pytest conformance/checks` itself.

PYTHON ?= python3
SERVER ?=
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LOCK := requirements.lock
BENCH := .venv-bench
KNOWN := .venv-servers
GUIDED := .venv-guided

.DEFAULT_GOAL := help
.PHONY: help check test quick lint matrix known-servers guided bench lock clean

help:
	@echo 'make check [SERVER=http://host:port] [ARGS=...]   run the checks (default: against the reference server)'
	@echo 'make test                                         lint, types, all tests with coverage'
	@echo 'make quick                                        the same without the mutants, which take minutes'
	@echo 'make lint                                         ruff and mypy only'
	@echo 'make matrix [ARGS=NAME...]                        every rule on every mutant, which takes half an hour'
	@echo 'make known-servers [ARGS=NAME...]                 judge the servers of others and write docs/known-servers.md'
	@echo 'make guided [ARGS="--seconds N"]                  fuzz the reference server'"'"'s parser, guided by what it reaches'
	@echo 'make bench [ARGS=--quick]                         the reference server against nginx and others, in speed'
	@echo 'make lock                                         rewrite $(LOCK) from what $(VENV) holds'
	@echo 'make clean                                        remove the environments and everything generated'

check: $(STAMP)
	$(BIN)/python -m pytest conformance/checks $(if $(SERVER),--server-url '$(SERVER)') $(ARGS)

# The mutants come last and without coverage, which would trace a thousand short runs and take three times as long.
test: quick
	$(BIN)/python -m pytest -m matrix $(ARGS)

quick: lint
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -m 'not matrix' $(ARGS)
	@echo 'The modules with the lowest coverage:'
	@$(BIN)/python -m coverage report --sort=cover --skip-covered > $(VENV)/coverage.txt
	@head -n 14 $(VENV)/coverage.txt && tail -n 3 $(VENV)/coverage.txt

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# `make test` judges each mutant by the rules that its fault may touch; this one leaves nothing out.
matrix: $(STAMP)
	$(BIN)/python -m fixtures.mutants.matrix --full $(ARGS)

# Those from PyPI and npm are installed here, those from Debian by whoever wants them (`… list` names the packages).
known-servers: $(KNOWN)/.installed $(STAMP)
	$(BIN)/python -m fixtures.known_servers $(ARGS)

$(KNOWN)/.installed: fixtures/known_servers/requirements.txt fixtures/known_servers/package.json
	test -x $(KNOWN)/bin/python || $(PYTHON) -m venv $(KNOWN)
	$(KNOWN)/bin/python -m pip install --quiet --disable-pip-version-check -r fixtures/known_servers/requirements.txt
	cp fixtures/known_servers/package.json $(KNOWN)/package.json
	! command -v npm >/dev/null || npm install --prefix $(KNOWN) --no-audit --no-fund --silent
	@touch $@

guided: $(GUIDED)/.installed $(STAMP)
	$(BIN)/python -m fixtures.guided $(ARGS)

$(GUIDED)/.installed: fixtures/guided/requirements.txt
	test -x $(GUIDED)/bin/python || $(PYTHON) -m venv $(GUIDED)
	$(GUIDED)/bin/python -m pip install --quiet --disable-pip-version-check -r fixtures/guided/requirements.txt
	@touch $@

# Takes some twelve minutes; needs wrk, nginx and two idle cores, and says so where one is missing.
bench: $(BENCH)/.installed $(STAMP)
	$(BIN)/python -m benchmarks.compare $(ARGS)

$(BENCH)/.installed: benchmarks/requirements.txt
	test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	@touch $@

lock: $(STAMP)
	{ echo '# Every package that `make` installs, pinned. Written by `make lock`; the ranges are in pyproject.toml.'; \
	  $(BIN)/python -m pip freeze --exclude pip --exclude setuptools --exclude-editable; } > $(LOCK).new
	mv $(LOCK).new $(LOCK)

clean:
	rm -rf $(VENV) $(BENCH) $(KNOWN) $(GUIDED) build dist htmlcov .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment is made once and again only when a pin or the project's own metadata changes.
$(STAMP): $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'Python 3.11 or later is needed; "$(PYTHON)" is not. Name another one: make PYTHON=python3.12 ...' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo '"$(PYTHON)" cannot make virtual environments. On Debian or Ubuntu: sudo apt-get install python3-venv' >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
