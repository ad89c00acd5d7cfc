# Two commands do everything on a fresh machine with Python >= 3.11 and a Rust toolchain:
#   make demo    builds, then runs a seeded session: journaled durably, replayed, proved, compared
#   make test    builds, then runs every check
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(shell find rust python -name '*.rs' -o -name '*.toml' -o -name '*.pyi') Cargo.toml Cargo.lock pyproject.toml

.PHONY: help build demo test test-rust test-python lint bench bench-kernel bench-book bench-journal bench-tools bench-why bench-policies clean

help:
	@sed -n 's/^#   //p' Makefile
	@echo "make bench   measures the kernel, the book and the journal"
	@echo "make clean   removes what was built"

build: $(VENV)/tools

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "crossbook needs Python >= 3.11, not " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	@touch $@

$(VENV)/installed: $(VENV)/made pyproject.toml
	$(BIN)/python -m pip install --quiet "maturin>=1.16,<2"
	@touch $@

$(VENV)/built: $(VENV)/installed $(SOURCES)
	PIP_QUIET=1 VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/maturin develop --quiet --release --extras cli,dev,oracle,arrow,risk,plot
	@touch $@

$(VENV)/tools: $(VENV)/built journal_tools/pyproject.toml
	$(BIN)/python -m pip install --quiet --editable "./journal_tools[arrow,proofs]"
	@touch $@

demo: build
	$(BIN)/crossbook demo

test: lint test-rust test-python

lint: build
	cargo fmt --check
	cargo clippy --quiet --workspace --all-targets --locked -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest crossbook._kernel

test-rust:
	cargo test --quiet --locked --package crossbook-kernel

test-python: build
	$(BIN)/python -m pytest -q -n auto

bench: bench-kernel bench-book bench-journal

bench-kernel:
	cargo bench --quiet --locked --bench kernel

bench-book:
	cargo bench --quiet --locked --bench book

bench-journal: build
	$(BIN)/python benches/journal.py

bench-tools: build
	$(BIN)/python -m benches.long_journal

bench-why: build
	$(BIN)/python -m benches.why

bench-policies: build
	$(BIN)/python benches/policies.py

clean:
	rm -rf $(VENV) target benches/peers/target demo-session demo-session-market
