# make run: the dashboard. make test: all checks. make bench: all benchmarks, about 20 minutes.
# make exhaustive: tests that repeat in more variants, and with more drawn cases, what make test checks.
# make tenants: 1,000 tenants in one process, then 900 open sessions of them on three processes.
# make chaos: 1,000 creations, and 30 days of sync history, while responses are lost and processes
# are killed.
# make outage: a five-minute outage of Fivetran under open pages and a load on the routes.
# make abuse: 100,000 requests of every kind of abuse, and the resources that they cost; callers that
# do not read, send slowly or stay idle.
# make cluster: several processes on PostgreSQL and Redis behind nginx, of which parts fail.
# make soak: a day of the sandbox's time with kills, outages and upgrades, in about 20 minutes.
# make wheel: dist/*.whl, which install the programs pbf and fivetran-sandbox.
# make sbom: dist/sbom.cdx.json, the list of the packages that the product needs (CycloneDX).
# Each target installs what it needs.
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
RUN := $(VENV)/.run-installed
DEV := $(VENV)/.dev-installed
NODE_MODULES := node_modules/.installed
CHROMIUM := $(if $(shell command -v chromium || command -v chromium-browser),,chromium)
REDIS := $(if $(shell command -v redis-server),,redis-server)
WRK := $(if $(shell command -v wrk),,wrk)
NGINX := $(if $(wildcard /usr/sbin/nginx)$(shell command -v nginx),,nginx)
# Without the package apache2, which would start a server of its own.
APACHE := $(if $(wildcard /usr/lib/apache2/modules/mod_auth_openidc.so),,apache2-bin libapache2-mod-auth-openidc)
FAKETIME := $(if $(shell command -v faketime),,faketime)
POSTGRES := $(if $(wildcard /usr/lib/postgresql/*/bin/initdb)$(shell command -v initdb),,postgresql)

# Tests mostly wait for servers and browsers, so two cores can work on more than two at once.
WORKERS ?= 4
PARALLEL := --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

# Many containers set it. Then every server that the tests start would compile all modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run wheel sbom test exhaustive javascript bench tenants chaos outage abuse cluster soak system clean

run: $(RUN)
	$(VENV)/bin/streamlit run app.py --server.port $(PORT)

wheel: $(DEV)
	$(VENV)/bin/hatchling build -t wheel
	cd packages/fivetran-sandbox && ../../$(VENV)/bin/hatchling build -t wheel -d ../../dist

# In an environment of its own, since the list is of what is installed.
SBOM := dist/sbom-environment
sbom: $(DEV)
	$(PYTHON) -m venv --clear $(SBOM)
	$(SBOM)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(VENV)/bin/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml \
	  --output-file dist/sbom.cdx.json $(SBOM)/bin/python
	rm -r $(SBOM)

test: $(DEV) system javascript
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo --no-cache
	$(VENV)/bin/pytest -m "not exhaustive" $(PARALLEL)

# Sign-in behind nginx and Apache, crafted sockets, every page of two tenants, every dialog of Show API,
# more variants of slow tests, all cases of property tests, all benchmarks once.
exhaustive: $(DEV) system javascript
	$(VENV)/bin/pytest -m "exhaustive or drawn" --all-cases $(PARALLEL)

bench: $(DEV) system
	$(VENV)/bin/python -m bench

tenants: $(DEV) system
	$(VENV)/bin/python -m bench.tenants
	$(VENV)/bin/python -m bench.many_sessions

chaos: $(RUN)
	$(VENV)/bin/python -m chaos
	$(VENV)/bin/python -m chaos.timeline

outage: $(DEV) system
	$(VENV)/bin/python -m chaos.outage

abuse: $(DEV) system
	$(VENV)/bin/python -m chaos.abuse
	$(VENV)/bin/python -m chaos.slow_callers

soak: $(DEV) system
	$(VENV)/bin/python -m chaos.soak

cluster: $(DEV) system
	$(VENV)/bin/python -m chaos.cluster

# Tests that need Chromium, Redis, PostgreSQL, nginx or Apache are skipped without them; a line at the
# end says which. Without wrk, our own callers replace it and measure themselves as well.
SYSTEM := $(strip $(CHROMIUM) $(REDIS) $(POSTGRES) $(NGINX) $(APACHE) $(WRK) $(FAKETIME))
system:
ifneq ($(SYSTEM),)
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(SYSTEM); \
	else \
	  echo "Some tests will be skipped. To run them, install your system's packages:" $(SYSTEM) >&2; \
	fi
endif

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name it with PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUN): requirements.txt constraints.txt | $(VENV)/bin/python
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

# The validator of SBOMs brings rfc3987-syntax. jsonschema would load it in every process that draws a
# chart, and its grammar takes seconds to parse.
$(DEV): requirements-dev.txt requirements-tracing.txt requirements.txt constraints.txt | $(VENV)/bin/python
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(VENV)/bin/python -m pip uninstall --quiet --yes rfc3987-syntax  # see above
	@touch $(RUN) $@

# ESLint and the unit tests of the browser code. Without Node.js, one line says that they did not run.
javascript:
	@if ! command -v npm >/dev/null && command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm; \
	fi
	@if command -v npm >/dev/null; then \
	  $(MAKE) --silent --no-print-directory $(NODE_MODULES) && npm run --silent lint && npm test --silent; \
	else \
	  echo "ESLint and the tests of the browser code did not run: install Node.js 18.18 or newer with npm." >&2; \
	fi

$(NODE_MODULES): package.json package-lock.json
	npm ci --silent
	@touch $@

clean:
	rm -rf node_modules $(VENV) .pytest_cache .mypy_cache .ruff_cache
