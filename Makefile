# `make` alone says what there is. GNU make; everything it builds lies in target/.

# The server's data folder, what else is given to it, and how both programs are built:
#     make run DATA=/srv/homeroom ARGS="--listen 127.0.0.1:7667" FEATURES=--no-default-features
DATA ?= .
ARGS ?=
FEATURES ?=
# Where `make install` puts the programs: PREFIX/bin.
PREFIX ?= $(HOME)/.local

CARGO ?= cargo
BIN = $(or $(CARGO_TARGET_DIR),target)/release
export FEATURES

.DEFAULT_GOAL := help
.PHONY: help run build install demo test ci fmt fmt-check lint doc sounds dependencies clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo 'make run takes DATA=folder (where the accounts live; the current folder unless given),'
	@echo 'ARGS="options of the server", and FEATURES=--no-default-features for a client without sound.'

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

test: dependencies fmt-check lint doc ## formatting, lints, documentation, all tests
	$(CARGO) test --locked --no-fail-fast $(FEATURES)

ci: test demo ## what .ci/run runs

fmt: ## format the code
	$(CARGO) fmt

fmt-check:
	$(CARGO) fmt --check

lint: ## clippy with and without sound; a warning is an error
	$(CARGO) clippy --locked --all-targets --no-deps $(FEATURES) -- -D warnings
	$(CARGO) clippy --locked --all-targets --no-deps --no-default-features -- -D warnings

# For the people who work on it: private items too, and links to them.
doc: ## check the documents, build the crate's into target/doc; a warning is an error
	scripts/check-docs.sh
	RUSTDOCFLAGS='-D warnings -A rustdoc::private_intra_doc_links' $(CARGO) doc --locked --no-deps --document-private-items $(FEATURES)

sounds: ## make the sounds again (Python 3)
	python3 sounds/make.py

# Installs only what is missing; see the script.
dependencies:
	@scripts/dependencies.sh

clean: ## remove what was built; accounts and certificate stay
	$(CARGO) clean
