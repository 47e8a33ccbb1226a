# Five verbs, the same locally and in CI. Everything happens in .venv, made on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ROUNDS ?= 20
SEEDS ?= 1000
MINUTES ?= 60
SIZES ?=

# Without bytecode kept, each of the hundreds of processes that the tests start compiles all anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run demo chat test check bench cluster cluster-chaos crash simulate mutants load soak fuzz console dist release pictures docs site clean

run: $(STAMP)  ## set up everything and start the server
	$(BIN)/flo server start

demo: $(STAMP)  ## a guided tour: starts a server of its own, shows what happens, ends it
	$(BIN)/python -m examples.demo

chat: $(STAMP)  ## a web page that chats through the server on localhost:9000 (needs Node.js)
	$(BIN)/python -m examples.chat

test: $(STAMP)  ## all tests
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(STAMP)  ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) $(VENV)/.bench-installed  ## figures beside Redis, task queues and workflow engines, in the same run
	$(BIN)/python -m bench

cluster: $(STAMP)  ## three nodes over three servers of NATS on loopback: a guided tour
	$(BIN)/python -m tests.crash.cluster.tour

cluster-chaos: $(STAMP)  ## kill parts of a real cluster ROUNDS times and look at what is left
	$(BIN)/python -m tests.crash.cluster $(ROUNDS)

crash: $(STAMP)  ## kill a real server ROUNDS times and look at what is left
	$(BIN)/python -m tests.crash $(ROUNDS)
	$(BIN)/python -m tests.crash $(ROUNDS) --durability async

simulate: $(STAMP)  ## SEEDS worlds in one process each: clients, network, server, disk and time by one seed
	$(BIN)/python -m tests.simulation --seeds $(SEEDS)
	$(BIN)/python -m tests.simulation --leads --seeds $(SEEDS)
	$(BIN)/python -m tests.simulation --nodes --seeds $(SEEDS)

mutants: $(STAMP)  ## break a copy in each of many ways, and see that a test notices
	$(BIN)/python -m tests.mutants

load: $(STAMP)  ## many connections, keys, messages, records, timers and runs, with figures (SIZES="--keys 1000000")
	$(BIN)/python -m tests.crash.heavy.load $(SIZES)

soak: $(STAMP)  ## mixed work for MINUTES, workers and server killed: memory, descriptors, disk
	$(BIN)/python -m tests.crash.heavy.soak $(MINUTES)

fuzz: $(STAMP)  ## feed the decoder hostile bytes for a while
	$(BIN)/python -m tests.fuzz

console:  ## build the console into the package (needs Node.js 20 and npm)
	npm ci --silent --no-audit --no-fund --prefix js
	npm run --silent build:console --prefix js

dist: $(STAMP)  ## what is published, in dist/: sdist, wheel, four packages of npm (needs Node.js 20 and npm)
	$(BIN)/python -m scripts.dist

release: $(STAMP)  ## begin VERSION: everywhere, and in the changelog; prints the release notes of the one before
	$(BIN)/python -m scripts.release $(VERSION)

pictures: $(STAMP)  ## take the pictures of the console anew, by a test (needs Chromium)
	npm run --silent build --prefix js
	PICTURES=$(CURDIR)/docs/pictures FLO_PYTHON=$(CURDIR)/$(BIN)/python \
	  node --test js/browser/build/console-pictures.test.js

docs: $(STAMP)  ## regenerate what is generated in docs/
	$(BIN)/python scripts/generate_cli_docs.py
	$(BIN)/python -m scripts.generate_protocol_docs
	$(BIN)/python -m scripts.generate_keyspace_docs
	$(BIN)/python -m scripts.generate_limits_docs
	$(BIN)/python -m scripts.generate_metrics_docs
	$(BIN)/python -m scripts.generate_js_messages
	$(BIN)/python -m scripts.generate_js_vectors
	$(BIN)/python -m scripts.generate_workflow_docs
	$(BIN)/python -m scripts.generate_drawings
	$(BIN)/python -m scripts.generate_sync

site: $(STAMP)  ## build the site of the documents, in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(STAMP)

$(VENV)/.bench-installed: $(STAMP)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps 'arq>=0.28'
	npm install --silent --no-audit --no-fund --ignore-scripts --prefix $(VENV)/restate @restatedev/restate-server
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
