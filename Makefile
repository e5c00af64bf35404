# make run: the dashboard. make test: all checks. make bench: all benchmarks, about twelve minutes.
# make chaos: 1,000 creations while responses are lost and processes are killed.
# make outage: a five-minute outage of Fivetran under open pages and a load on the routes.
# make abuse: 100,000 requests of every kind of abuse, and the resources that they cost.
# Each target installs what it needs.
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
RUN := $(VENV)/.run-installed
DEV := $(VENV)/.dev-installed
CHROMIUM := $(if $(shell command -v chromium || command -v chromium-browser),,chromium)
REDIS := $(if $(shell command -v redis-server),,redis-server)
WRK := $(if $(shell command -v wrk),,wrk)
POSTGRES := $(if $(wildcard /usr/lib/postgresql/*/bin/initdb)$(shell command -v initdb),,postgresql)

# Many containers set it. Then every server that the tests start would compile all modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test bench chaos outage abuse system clean

run: $(RUN)
	$(VENV)/bin/streamlit run app.py --server.port $(PORT)

test: $(DEV) system
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo --no-cache
	$(VENV)/bin/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

bench: $(DEV) system
	$(VENV)/bin/python -m bench

chaos: $(RUN)
	$(VENV)/bin/python -m chaos

outage: $(DEV) system
	$(VENV)/bin/python -m chaos.outage

abuse: $(DEV) system
	$(VENV)/bin/python -m chaos.abuse

# A few test files need Redis or PostgreSQL and are skipped without them; many need Chromium. Without
# wrk, the benchmarks use slower callers of their own.
system:
ifneq ($(CHROMIUM)$(REDIS)$(POSTGRES)$(WRK),)
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(CHROMIUM) $(REDIS) $(POSTGRES) $(WRK); \
	elif [ -n "$(CHROMIUM)" ]; then \
	  echo "The browser tests need Chromium: install your system's package chromium, then run make test again." >&2; \
	  exit 1; \
	else \
	  echo "Some tests are skipped: to run them install your system's packages $(REDIS) $(POSTGRES) $(WRK)." >&2; \
	fi
endif

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name it with PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUN): requirements.txt constraints.txt | $(VENV)/bin/python
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(DEV): requirements-dev.txt requirements.txt constraints.txt | $(VENV)/bin/python
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(RUN) $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
