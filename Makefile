# `make help` lists what there is; each target installs what it needs.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
PYTHON ?= python3
export PYTHON

venv := $(CURDIR)/.venv/bin
python := $(venv)/python
pytest := $(python) -m pytest
image := $(MAKE) --no-print-directory -C image ZIG="$(python) -m ziglang" PYTHON=$(python) \
	CLANG_FORMAT=$(venv)/clang-format
archive := image/build/agent.tar
# What the wheel and the packed program carry.
carried := kubectl_stress/agent/agent.tar

# COMMAND=PACKAGE: what Debian must give, each where it is needed.
build_packages := gcc=gcc make=make
lint_packages := cppcheck=cppcheck
test_packages := $(build_packages) qemu-aarch64-static=qemu-user-static readelf=binutils \
	qemu-system-x86_64=qemu-system-x86 cpio=cpio tmux=tmux chromium=chromium zsh=zsh fish=fish node=nodejs \
	/usr/share/bash-completion/bash_completion=bash-completion

# Of what is random in the long tests; 0 chooses one and prints it.
SEED ?= 0

# Tests at the same time, those on emulated nodes one after another: two nodes at work starve 2 cores.
JOBS ?= 2
beside := --numprocesses=$(JOBS) --dist=loadscope --no-loadscope-reorder

# A KUBECONFIG of the environment is somebody's real cluster: only one given by hand is meant.
ifneq ($(origin KUBECONFIG),command line)
unexport KUBECONFIG
endif

.PHONY: help setup format lint test unit agent image e2e matrix outcomes demo bench bench-agent \
	bench-client bench-cpu bench-fleet bench-level bench-start bench-start-load find-limit screenshots eviction faults soak swap fuzz \
	sanitize cluster-up cluster-down package check clean

help: ## Show this help
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | \
		awk -F ':.*## ' '{ printf "  %-16s %s\n", $$1, $$2 }'

setup: ## Make the virtual environment in .venv
	@scripts/setup

demo: image ## Bring a real pod to its memory limit (KEEP=1 keeps the cluster; KUBECONFIG=… uses yours)
	@$(python) -m tests.demo

test: image ## Run the tests, on a real cluster too; of the long ones a random sample
	@scripts/debian-packages $(test_packages)
	@$(image) build/faulty/agent
	@$(python) -m tests.cluster build --node v2 --node v1
	KUBECTL_STRESS_REQUIRE_BROWSER=1 $(pytest) $(beside) --durations=25 --durations-min=10

unit: setup ## Run the tests that need no node (a minute or two)
	$(pytest) -q tests/unit tests/cli tests/connection tests/cluster/unit

# Those with a target of their own, since they take their time.
long_machines := tests/agent/test_storm_machine.py tests/agent/test_soak_machine.py
machines := $(filter-out $(long_machines),$(wildcard tests/agent/test_*_machine.py))

e2e: image ## Run the tests on nodes and bare machines, each on cgroup v2 and on v1, and the matrix
	KUBECTL_STRESS_FULL=1 $(pytest) $(beside) tests/cluster/test_cluster_e2e.py tests/e2e \
		tests/e2e/long_matrix.py tests/e2e/long_registry.py tests/e2e/long_stop.py \
		tests/e2e/long_copy.py tests/e2e/long_levels.py tests/e2e/long_many.py \
		tests/e2e/long_stresschaos.py $(machines)

matrix: image ## Test every kind of pod with every join, and write docs/compatibility.md
	KUBECTL_STRESS_FULL=1 KUBECTL_STRESS_COMPATIBILITY=docs/compatibility.md \
		$(pytest) $(beside) tests/e2e/long_matrix.py tests/e2e/long_registry.py

outcomes: image ## Produce every outcome and first victim on the real cluster, and judge each twice
	KUBECTL_STRESS_FULL=1 $(pytest) $(beside) tests/e2e/long_outcomes.py tests/e2e/long_probes.py \
		tests/e2e/long_page_cache.py tests/e2e/long_prediction.py tests/e2e/long_top.py \
		tests/e2e/long_side_by_side.py
	@$(python) -m tests.builders.confusion

find-limit: image ## Search for drawn breaking points on the real cluster (SEED=N repeats a draw)
	KUBECTL_STRESS_FULL=1 KUBECTL_STRESS_SEED=$(SEED) $(pytest) $(beside) -rP tests/e2e/long_find_limit.py

agent: setup ## Build the agent for amd64 and arm64
	@scripts/debian-packages $(build_packages)
	@$(image) all

image: setup ## Build the agent's container image as an archive, without Docker
	@scripts/debian-packages $(build_packages)
	@$(image) image
	@install -m 644 $(archive) $(carried)

bench-start: setup ## Measure how soon the client answers, side by side with kubectl (a quiet machine)
	@$(python) -m tests.bench.start $(or $(RUNS),10) $(PROGRAM)

bench: bench-agent bench-client bench-start bench-start-load ## Measure the agent and the client

bench-agent: agent ## Measure the agent, side by side with its peers (root; a quiet machine)
	@scripts/debian-packages $(build_packages) stress-ng=stress-ng
	@$(image) bench

bench-level: agent ## Measure how a level is held beside an app that grows and shrinks (root)
	@$(image) bench-level
	@$(python) -m tests.bench.level

bench-cpu: agent ## Measure how exactly a CPU load is held, beside stress-ng (root, 12 minutes)
	@scripts/debian-packages $(build_packages) stress-ng=stress-ng
	@$(python) -m tests.bench.cpu

faults: image ## Run all 1,000 kill orders, on cgroup v1 and v2 too (SEED=N repeats a storm)
	@scripts/debian-packages $(test_packages)
	@$(image) build/faulty/agent
	KUBECTL_STRESS_FULL=1 KUBECTL_STRESS_SEED=$(SEED) $(pytest) -rP tests/agent/test_storm.py \
		tests/agent/test_storm_machine.py

soak: image ## Hold a load for SECONDS (900) and keep changing it, on cgroup v1 and v2
	@scripts/debian-packages $(test_packages)
	KUBECTL_STRESS_FULL=1 KUBECTL_STRESS_SEED=$(SEED) KUBECTL_STRESS_SOAK_SECONDS=$(or $(SECONDS),900) \
		$(pytest) -rP tests/agent/test_soak_machine.py

bench-client: image ## Measure the latency and cost of the client
	$(python) -m tests.bench.client $(RUNS)
	$(python) -m tests.bench.cost
	$(python) -m tests.bench.long_run

bench-fleet: image ## Measure 100 targets behind a scripted API server, and PODS (40) real pods of one node
	$(python) -m tests.bench.fleet
	$(python) -m tests.bench.fleet_node $(PODS)

bench-start-load: image ## Measure how long a load takes to start, beside kubectl debug and exec
	$(python) -m tests.bench.start_load $(RUNS)

screenshots: image ## Make the images of the docs, from real runs on the cluster `demo` and here (root)
	@scripts/debian-packages tmux=tmux chromium=chromium /usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf=fonts-dejavu-core
	@$(python) -m scripts.screenshots
	@$(python) -m scripts.level_screenshots

eviction: image ## Run a node short of memory: an eviction, and OOM kills where it comes too late
	KUBECTL_STRESS_FULL=1 $(pytest) -rP tests/e2e/long_node_memory.py

swap: image ## Show that swap is seen and an OOM kill predicted later, on a node with swap
	@scripts/debian-packages $(test_packages)
	$(pytest) -rP tests/e2e/long_swap.py

fuzz: setup ## Fuzz everything the agent reads for FUZZ_SECONDS (600), and the corpus with gcc
	@scripts/debian-packages $(build_packages) clang-14=clang-14 \
		/usr/share/doc/libclang-rt-14-dev=libclang-rt-14-dev
	@$(image) fuzz
	KUBECTL_STRESS_FULL=1 KUBECTL_STRESS_SEED=$(SEED) $(pytest) -rP tests/agent/test_fuzz.py

sanitize: setup ## Run the agent's tests of behaviour under ASan and UBSan
	@scripts/debian-packages $(build_packages)
	@$(image) test-sanitized

lint: setup ## Check format, types, layers and the C code
	@scripts/debian-packages $(lint_packages)
	$(venv)/ruff format --check
	$(venv)/ruff check
	$(venv)/mypy
	$(venv)/lint-imports
	$(python) -m scripts.check_structure
	@$(image) lint

format: setup ## Format the sources
	$(venv)/ruff format
	$(venv)/ruff check --fix
	@$(image) format

check: lint test ## Run lint and test

cluster-up: image ## Start the cluster `demo`, with the agent's image in it (NODES="v2 v1")
	@$(python) -m tests.cluster up $(NODES:%=--node %) --image $(archive)

cluster-down: setup ## Remove the cluster `demo`
	@$(python) -m tests.cluster down

package: image ## Build the wheel and the standalone program into dist/
	@scripts/package

clean: ## Remove what was built here; the cache in ~/.cache/kubectl-stress stays
	rm -rf .venv build dist image/build $(carried)
