# `make` lists what there is. Nothing here needs more than Rust and make, except `test`, `bench-sync`, `format` and
# `format-check`, which need Node.js and install the rest themselves.

PORT ?= 8000
ROOM ?= jam1
FILES ?= testdata/tracks
LIBRARY ?=
STATE ?= jam-state
FILE ?= testdata/tracks/prelude60.opus
CONNECT ?= localhost:9003
OUTPUT ?= fetched

# For seed and fetch a room is an address: ROOM=192.168.1.20:8000/jam1.
IN_ROOM = $(if $(findstring /,$(ROOM)),--room $(ROOM))

JAM := $(or $(CARGO_TARGET_DIR),target)/release/jam

.DEFAULT_GOAL := help
.PHONY: help run-server seed fetch build test test-setup test-rust test-page test-docs test-bench test-size soak bench-rooms \
	bench-swarm bench-sync fuzz conformance miri screenshots format format-check clean

help: ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  Variables of run-server: PORT=$(PORT) ROOM=$(ROOM) FILES=$(FILES) LIBRARY=$(LIBRARY)"
	@echo "    STATE=$(STATE), where the rooms are kept over restarts; STATE= keeps nothing"
	@echo "  of seed and fetch: FILE=$(FILE) CONNECT=$(CONNECT) OUTPUT=$(OUTPUT), and ROOM=HOST:8000/jam1"

build: ## Build target/release/jam
	cargo build --release --locked

run-server: build ## Start a server with some music in room jam1, ready to hear
	@exec $(JAM) server --port $(PORT) --room $(ROOM) --share $(FILES) \
	  $(if $(LIBRARY),--library $(LIBRARY)) $(if $(STATE),--state-dir $(STATE))

seed: build ## Serve FILE to other machines, in chunks; with ROOM=HOST:8000/jam1 to that room
	@exec $(JAM) seed $(FILE) $(IN_ROOM)

fetch: build ## Fetch what `make seed` serves into OUTPUT, from CONNECT or ROOM, and compare
	@$(JAM) fetch $(or $(IN_ROOM),--connect $(CONNECT)) --output $(OUTPUT)
	@if [ -f $(FILE) ] && [ -f $(OUTPUT)/$(notdir $(FILE)) ]; then \
	  cmp $(FILE) $(OUTPUT)/$(notdir $(FILE)) && echo "$(OUTPUT)/$(notdir $(FILE)) has the same bytes as $(FILE)"; fi

test: test-setup format-check ## Check everything: format, lints, Rust tests, the page in a browser, documentation
	cargo clippy --locked --all-targets --features tls -- -D warnings
	cargo clippy --locked -- -D warnings
	$(MAKE) test-rust test-page test-docs test-bench test-size

test-setup: ## Install what the tests need: npm packages, Chromium, nft, websocat
	@sh tests/setup.sh

# With TLS, which the tests try too: one build of everything. What is released is built without.
# Most tests wait for something most of the time, so more of them than there are cores run at once.
TEST_THREADS ?= 5

test-rust:
	PATH="$(CURDIR)/target/tools/bin:$$PATH" cargo test --locked --features tls -- --test-threads=$(TEST_THREADS)

# Alone on the machine, one after the other: the long forms of tests/server_soak.rs.
soak: ## A crowd of 3,000 that comes and goes, and a day of a party; takes minutes, and wants the machine for itself
	cargo test --locked --test all -- --ignored --nocapture --test-threads=1 server_soak::

# Node's --test-timeout (in package.json) is for a whole file, which takes minutes where a machine is slow; what a hang is,
# the watchdog of each wait says.
test-page:
	cargo build --locked --features tls
	npm run --silent test:unit
	npm run --silent test:browser

test-docs:
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --features tls --no-deps --document-private-items

# The benchmarks are programs of their own, and must not rot.
BENCH_CARGO = --locked --manifest-path benches/rooms/Cargo.toml --target-dir target/bench/cargo

test-bench:
	cargo clippy $(BENCH_CARGO) --all-targets -- -D warnings
	cargo test $(BENCH_CARGO)
	python3 -B -m unittest discover --start-directory benches/swarm
	node --test benches/sync/heard/heard.test.js
	node benches/sync/main.js --quick > /dev/null

# The stripped binary has to fit on anything.
test-size: build
	@bytes=$$(wc -c < $(JAM)); echo "$(JAM) has $$bytes bytes"; test $$bytes -lt 3145728

bench-rooms: build ## Measure rooms beside the same room on other stacks; OPTIONS=--quick or --help
	@sh benches/rooms/setup.sh target/bench
	cargo build --release $(BENCH_CARGO)
	target/bench/cargo/release/bench-rooms --jam $(JAM) --tools target/bench \
	  --rivals benches/rooms/rivals $(OPTIONS)

bench-swarm: build ## Measure the swarm beside other ways to give a file to many, as root; OPTIONS=--quick or --help
	@sh benches/swarm/setup.sh target/bench
	@exec python3 -B benches/swarm --jam $(JAM) --tools target/bench $(OPTIONS)

bench-sync: build node_modules ## Measure room time, and record how far apart listeners sound; OPTIONS=--quick or --help
	@sh benches/sync/setup.sh
	@exec node benches/sync/main.js --jam $(JAM) $(OPTIONS)

fuzz: ## Hunt for bytes that break a decoder (docs/TESTING.md); OPTIONS="--seconds 600 swarm_frame"
	@sh fuzz/run.sh target/fuzz $(OPTIONS)

conformance: ## Try jam's WebSocket with the cases of the Autobahn test suite; OPTIONS="--include '5.*'"
	@sh tests/conformance/run.sh target/conformance $(OPTIONS)

miri: ## Interpret the tests of what is pure with Miri, which takes minutes
	@sh tests/miri.sh

screenshots: test-page ## Take the README's picture again, from the page's tests
	cp target/screenshots/party-laptop.png docs/party.png

format: node_modules ## Format the code: rustfmt and Prettier
	cargo fmt
	cargo fmt --manifest-path benches/rooms/Cargo.toml
	cargo fmt --manifest-path fuzz/Cargo.toml
	npm run --silent format

format-check: node_modules ## Fail when something is not formatted
	cargo fmt --check
	cargo fmt --check --manifest-path benches/rooms/Cargo.toml
	cargo fmt --check --manifest-path fuzz/Cargo.toml
	npm run --silent format:check

node_modules: package-lock.json
	npm ci
	@touch node_modules

clean: ## Remove everything that was built or installed here
	cargo clean
	rm -rf node_modules
