# `make` alone says what there is. GNU make; everything it builds lies in target/.

# The server's data folder, what else is given to it, and how both programs are built:
#     make run DATA=/srv/homeroom ARGS="--listen 127.0.0.1:7667" FEATURES=--no-default-features
DATA ?= .
ARGS ?=
FEATURES ?=
# How long `make soak`, `make siege` and `make chaos` run, and `make fuzz` for each target.
MINUTES ?= 10
# How many people `make crowd` has come.
PEOPLE ?= 19000
# What `make chaos` repeats; by chance unless given.
SEED ?=
# Where `make install` puts the programs: PREFIX/bin.
PREFIX ?= $(HOME)/.local

CARGO ?= cargo
BIN = $(or $(CARGO_TARGET_DIR),target)/release
export FEATURES

.DEFAULT_GOAL := help
.PHONY: get web-test man completions deb deb-test
.PHONY: bench bench-quick bench-hot bench-client pictures plot
.PHONY: pi pi32 pi-test pi32-test windows windows-test check-elsewhere pi-figures
.PHONY: help run build install demo demo-lesson test ci soak crowd siege chaos fuzz fmt fmt-check lint audit doc sounds dependencies test-dependencies clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo 'make run takes DATA=folder (where the accounts live; the current folder unless given),'
	@echo 'ARGS="options of the server", and FEATURES=--no-default-features for a client without sound.'
	@echo 'make bench takes ARGS="options of the load" (--help lists them).'

run: build ## install what the build needs, build, start the server
	@echo 'The client is $(BIN)/homeroom-client: put $(BIN)/ before the join line,'
	@echo 'or run "make install" once.'
	@exec $(BIN)/homeroom-server --data-dir '$(DATA)' $(ARGS)

build: dependencies ## build both programs, optimised
	$(CARGO) build --release --locked $(FEATURES)

install: build ## build and copy both programs to PREFIX/bin (~/.local/bin unless given)
	mkdir -p '$(DESTDIR)$(PREFIX)/bin'
	install -m 755 $(BIN)/homeroom-server $(BIN)/homeroom-client '$(DESTDIR)$(PREFIX)/bin'

demo: build ## two people chat through a server of their own; prints it, cleans up
	@BIN='$(BIN)' scripts/demo.sh

demo-lesson: build ## a lesson, a teacher and eight students in terminals and browsers; prints it, cleans up
	@scripts/dependencies.sh web-test
	@BIN='$(BIN)' WEB_TEST_WHOLE=1 scripts/web-test.sh lesson-demo

# With the requests that can panic: nothing else differs from a release, and one build is enough.
# Most tests wait, for a clock or for a network: twice as many at once as there are cores take half as long.
test: test-dependencies fmt-check lint doc ## formatting, lints, documentation, all tests
	RUST_TEST_THREADS=$$(( 2 * $$(getconf _NPROCESSORS_ONLN) )) $(CARGO) test --locked --no-fail-fast $(FEATURES) --features fault-injection

# The demo and the browser take the programs that the tests have built, and the server for a Pi is built in short: half of
# the time would go into building.
ci: export BIN = $(or $(CARGO_TARGET_DIR),target)/debug
ci: test ## what .ci/run runs
	scripts/demo.sh
	scripts/web-test.sh
	$(MAKE) --no-print-directory pi-test PROFILE=cross-check PROGRAMS=server

# `make test` has a short form of each of the five.
soak: dependencies ## everything at once on a real server for MINUTES=10; fails if anything of it is left
	SOAK_SECONDS=$$(( $(MINUTES) * 60 )) $(CARGO) test --release --locked $(FEATURES) --test soak -- --nocapture
	HOMEROOM_LONG=1 $(CARGO) test --release --locked $(FEATURES) --test e2e -- --nocapture \
		an_endless_line fifty_of_two_hundred however_much_comes

crowd: dependencies ## more people than the machine has room for come (PEOPLE=19000; root, or `ulimit -n 65536`); fails if anybody who is in is dropped
	CROWD=$(PEOPLE) $(CARGO) test --release --locked $(FEATURES) --test crowd -- --nocapture

siege: dependencies ## pupils and strangers attack for MINUTES=10 while a class chats; fails if it is kept waiting, or anything is left
	SIEGE_SECONDS=$$(( $(MINUTES) * 60 )) $(CARGO) test --release --locked $(FEATURES) --test siege -- --nocapture

chaos: dependencies ## everything breaks for MINUTES=10, by SEED=N; fails if anything that was said is lost or doubled
	CHAOS_SECONDS=$$(( $(MINUTES) * 60 )) $(if $(SEED),CHAOS_SEED=$(SEED)) \
		$(CARGO) test --release --locked $(FEATURES) --test chaos -- --nocapture

fuzz: ## feed each parser with invented input for MINUTES=10 (nightly Rust and cargo-fuzz)
	MINUTES='$(MINUTES)' scripts/fuzz.sh

fmt: ## format the code
	$(CARGO) fmt
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml

fmt-check:
	$(CARGO) fmt --check
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check

lint: audit ## clippy with and without sound, the order of the wings, systemd on the unit, the shell on its scripts; a warning is an error
	scripts/check-unit.sh
	scripts/wings.py
	scripts/wings-test.py
	for script in scripts/*.sh packaging/deb/*.post*; do bash -n "$$script" || exit 1; done
	$(CARGO) clippy --locked --all-targets --no-deps $(FEATURES) -- -D warnings
	$(CARGO) clippy --locked --all-targets --no-deps --no-default-features -- -D warnings
	$(CARGO) clippy --locked --all-targets --no-deps --no-default-features --features fault-injection -- -D warnings

# With cargo-deny, by deny.toml; what can't be had is left out, and that is said. AUDIT_WHOLE=1 makes it a failure.
audit: ## the dependencies: advisories, licences, sources
	scripts/audit.sh

# For the people who work on it: private items too, and links to them.
doc: ## check the documents, build the crate's into target/doc; a warning is an error
	scripts/check-docs.sh --self-test
	scripts/check-docs.sh
	RUSTDOCFLAGS='-D warnings -A rustdoc::private_intra_doc_links' $(CARGO) doc --locked --no-deps --document-private-items $(FEATURES)

sounds: ## make the sounds again (Python 3)
	python3 sounds/make.py

# Into MAN and COMPLETIONS, from the definitions of the command lines.
MAN ?= $(or $(CARGO_TARGET_DIR),target)/man
COMPLETIONS ?= $(or $(CARGO_TARGET_DIR),target)/completions
man: dependencies ## write the manual pages of both programs into target/man (MAN=FOLDER)
	$(CARGO) run --quiet --locked $(FEATURES) --example manual -- man '$(MAN)'

completions: dependencies ## write completions for bash, zsh, fish, PowerShell into target/completions
	$(CARGO) run --quiet --locked $(FEATURES) --example manual -- completions '$(COMPLETIONS)'

# Debian, Ubuntu, Raspberry Pi OS. VERSION=0.1.0-2 makes another version; SUITE=trixie tests on Debian 13.
deb: dependencies ## make Debian packages of both programs, target/debian/*.deb (ARCH=arm64: for a Pi)
	@scripts/dependencies.sh deb
	scripts/deb.sh $(ARCH)

deb-test: ARCH =
deb-test: deb ## install, upgrade, remove and purge them in a Debian of their own (root)
	@scripts/dependencies.sh deb-test
	scripts/deb-test.sh

# docs/cross-building.md says more: RUST=debian, PROFILE, PROGRAMS.
pi: ## build both programs for 64-bit Raspberry Pi OS (on Debian, Ubuntu)
	scripts/cross.sh aarch64-unknown-linux-gnu

pi32: ## build both programs for 32-bit Raspberry Pi OS, likewise
	scripts/cross.sh armv7-unknown-linux-gnueabihf

windows: ## build both programs for Windows, likewise
	scripts/cross.sh x86_64-pc-windows-gnu

pi-test: ## build for 64-bit Raspberry Pi OS, try both programs in QEMU
	scripts/cross-test.sh aarch64-unknown-linux-gnu

pi32-test: ## the same for 32-bit Raspberry Pi OS
	scripts/cross-test.sh armv7-unknown-linux-gnueabihf

# GET is the folder that a server gives programs out from; what isn't built yet is left out, and that is said.
GET ?= $(DATA)/get
get: ## copy the client programs that are built into DATA/get, from where the page gives them out
	@BIN='$(BIN)' scripts/get.sh '$(GET)'

# SHOTS=docs takes the pictures of the page anew.
SHOTS ?=
web-test: build ## try the page in headless Chromium (node, npm, chromium)
	@scripts/dependencies.sh web-test
	BIN='$(BIN)' SHOTS='$(SHOTS)' scripts/web-test.sh

windows-test: ## build for Windows, try the client in Wine
	scripts/cross-test.sh x86_64-pc-windows-gnu

pi-figures: ## sizes, memory, hash instructions of the programs for a Pi, as QEMU sees them
	scripts/pi-figures.sh

check-elsewhere: ## compile all sources for macOS and Windows, without linking
	scripts/check-elsewhere.sh

# docs/performance.md says what the figures mean. Options: make bench ARGS="--stages rooms --restart".
bench: build ## load the server and print what it costs; also as target/bench.json
	$(CARGO) build --release --locked $(FEATURES) --example load
	$(BIN)/examples/load --json $(or $(CARGO_TARGET_DIR),target)/bench.json $(ARGS)

bench-quick: ## the same in short, with 100 clients
	$(MAKE) --no-print-directory bench ARGS='--quick $(ARGS)'

bench-hot: dependencies ## the pieces that every message passes through, one by one
	$(CARGO) bench --locked $(FEATURES) --bench hot

bench-client: build ## how soon the client is there, its memory, the lines that it shows
	$(CARGO) build --release --locked $(FEATURES) --example client
	$(BIN)/examples/client measure

# docs/terminal-before.svg is of the client before it had a terminal mode (commit 9357b84):
#     target/release/examples/client pictures docs --client OLD/homeroom-client --as terminal-before
pictures: build ## take pictures of the client's terminal: docs/terminal*.svg
	$(CARGO) build --release --locked $(FEATURES) --example client
	$(BIN)/examples/client pictures docs

# BENCH is the folder of a load generator that speaks our protocol and IRC's; see scripts/scaling.sh.
BENCH ?= ../shared/bench
plot: build ## measure against the number of clients, beside ngIRCd and InspIRCd; draw docs/performance.svg
	BENCH='$(BENCH)' SERVER='$(BIN)/homeroom-server' scripts/scaling.sh >docs/scaling.json.new
	mv docs/scaling.json.new docs/scaling.json
	scripts/plot.py docs/scaling.json >docs/performance.svg

# Installs only what is missing; see the script.
dependencies:
	@scripts/dependencies.sh

test-dependencies:
	@scripts/dependencies.sh test

clean: ## remove what was built; accounts and certificate stay
	$(CARGO) clean
