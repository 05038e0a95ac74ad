# Gatehouse. `make help` lists everything; the two that matter first are `make demo` and `make test`.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
JOBS ?= $(shell nproc)
export CCACHE_DIR ?= $(HOME)/.cache/ccache
export CCACHE_BASEDIR ?= $(CURDIR)
export CCACHE_NOHASHDIR ?= 1

.PHONY: help deps build images test demo e2e bench bench-peers instructions crowd bench-scale bench-changes bench-large-cluster profile-large-cluster aims attack h2spec mutants weather fuzz asan tsan lint tidy format clean

help: ## lists the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 18

deps: ## installs the Debian packages that everything below needs (root or sudo)
	@.ci/deps

build: deps ## builds both programs for release into build/release
	@.ci/build release gatehouse-operator gatehouse-proxy

images: deps ## builds the two container images (FROM=host takes build/release instead of compiling again)
	@.ci/images $(FROM)

test: deps ## builds and passes all tests: unit, component, integration
	@.ci/build dev
	@GATEHOUSE_PEBBLE_NEW="$$(.ci/go-program pebble)" GATEHOUSE_OAUTH2_PROXY="$$(.ci/go-program oauth2-proxy)" \
		ctest --preset dev -j $(JOBS)

demo: deps ## runs the main job on real parts: Ingress in, HTTPS out (KEEP=1 leaves it running)
	@.ci/build release gatehouse-demo
	@tests/demo/demo

e2e: deps ## the suite on a real cluster made by kind (KEEP=1 leaves it, SCENARIOS="a b" chooses; e2e/README.md)
	@e2e/run

asan: deps ## unit and component tests under AddressSanitizer and UBSan
	@.ci/build asan
	@ctest --preset asan -j $(JOBS) -L 'unit|component'

tsan: deps ## component tests under ThreadSanitizer; unit tests have no threads
	@.ci/build tsan component_tests
	@ctest --preset tsan -j $(JOBS) -L component

fuzz: ## runs every fuzz target: FUZZ_SECONDS (60) in all, shared equally
	@.ci/deps fuzz
	@.ci/build fuzz fuzz_targets
	@.ci/fuzz build/fuzz "$(or $(FUZZ_SECONDS),60)"

format: deps ## rewrites the sources with clang-format
	@git ls-files '*.cpp' '*.h' | xargs clang-format-14 -i

lint: deps ## checks the format of the sources, and the chart; the builds treat warnings as errors
	@git ls-files '*.cpp' '*.h' | xargs clang-format-14 --dry-run --Werror
	@tests/chart/lint

tidy: deps ## clang-tidy over the sources, again only where something has changed (TIDY_SECONDS bounds it)
	@.ci/deps tidy
	@cmake --preset dev >/dev/null
	@TIDY_SECONDS=$(TIDY_SECONDS) .ci/tidy build/dev

clean: ## removes the build folders
	@rm -rf build

bench: deps ## measures the proxy beside nginx and haproxy: CPU per request as ratios (half an hour; BENCH_FLAGS="--only upload --peers nginx,envoy")
	@.ci/deps bench
	@.ci/build release gatehouse-proxy demo-load
	@tests/bench/bench $(BENCH_FLAGS)

bench-peers: ## builds, outside the tree, the peers of make bench that Debian has not: sozu and pingora, where cargo is
	@.ci/deps peers
	@.ci/cargo-program sozu
	@.ci/cargo-program pingora-peer

bench-scale: deps ## what one change costs operator and proxy at 100, 1,000 and 10,000 hosts (SIZES="1000 100000" chooses); draws build/bench-scale.svg
	@.ci/build release bench-scale
	@build/release/tests/bench/bench-scale --json build/bench-scale.json $(SIZES)
	@tests/bench/plot build/bench-scale.svg build/bench-scale.json

bench-changes: deps ## a minute of 100 configurations a second beside 200 WebSockets, 20 streams and a 1 GiB upload: what failed, and memory (CHANGES_FLAGS="--seconds 10")
	@.ci/build release bench-changes
	@build/release/tests/bench/bench-changes $(CHANGES_FLAGS)

bench-large-cluster: deps ## the whole operator at 100, 1,000 and 10,000 certificates: memory, start, burst, joining proxies (SIZES="1000"); an hour with 10,000 issued (LARGE_CLUSTER_FLAGS="--only change")
	@.ci/build release bench-large-cluster
	@build/release/tests/bench/bench-large-cluster --json build/bench-large-cluster.json $(LARGE_CLUSTER_FLAGS) $(SIZES)

AIMED_AT := bench-large-cluster.json bench-scale.json crowd.json bench.json
aims: ## says which aims of a large cluster were reached, by what the benches left in build/ (RUN=1 runs them before, 90 minutes; WRITE=1 writes docs/performance.md; BEFORE=FOLDER)
	@if [ -n "$(RUN)" ]; then \
		$(MAKE) bench-scale SIZES="100 1000 5000 10000 100000"; \
		$(MAKE) crowd; \
		$(MAKE) bench BENCH_FLAGS="--only 'hosts at random'"; \
		$(MAKE) bench-large-cluster SIZES="100 1000 5000 10000" || echo "aims: a count is above its bound, see above"; \
	fi
	@python3 -B tests/bench/aims.py --page docs/performance.md $(if $(WRITE),--write) \
		$(if $(BEFORE),$(patsubst %,--before %,$(wildcard $(AIMED_AT:%=$(BEFORE)/%)))) $(wildcard $(AIMED_AT:%=build/%))

profile-large-cluster: deps ## which functions of the operator hold its memory at 10,000 certificates (PROFILE=processor or instructions: which a change takes; SIZE=1000)
	@.ci/deps profile
	@.ci/build release bench-large-cluster
	@tests/bench/profile_cluster $(or $(PROFILE),memory) --size $(or $(SIZE),10000)

instructions: deps ## counts what a request costs the proxy by protocol and policy, beside the last look (INSTRUCTIONS_FLAGS=--write keeps it)
	@.ci/deps instructions
	@.ci/build release gatehouse-proxy
	@tests/bench/instructions $(INSTRUCTIONS_FLAGS)

crowd: deps ## counts what 10,000 hosts with certificates cost the proxy: memory, cache misses of a request, first handshakes (CROWD_FLAGS="--only memory")
	@.ci/deps instructions
	@.ci/build release gatehouse-proxy
	@tests/bench/crowd --json build/crowd.json $(CROWD_FLAGS)

attack: deps ## attacks the proxy while it serves a calm client, beside nginx and haproxy (ATTACKS="slow,PING" chooses)
	@.ci/deps $(if $(findstring --short,$(ATTACK_FLAGS)),attack,bench)
	@.ci/build release gatehouse-proxy
	@tests/bench/attack $(ATTACK_FLAGS)

h2spec: deps ## compares the proxy with RFC 9113 and RFC 7541 by h2spec, which is built with Go (SECTIONS="http2/6.9 hpack" chooses)
	@.ci/build release gatehouse-proxy
	@.ci/h2spec build/release/proxy/gatehouse-proxy $(SECTIONS)

mutants: deps ## breaks the proxy in small ways and prints what no test notices (FILES="a.cpp b.cpp", MUTANTS=12 of each)
	@.ci/deps mutants
	@MUTANTS=$(or $(MUTANTS),12) .ci/mutants $(FILES)

weather: deps ## every faulty situation of certificates, an hour of each on a simulated clock: what it costs and what is said (WRITE=1 writes docs/weather.md, FIGURES=1 shows many at once)
	@.ci/build dev gatehouse-weather
	@build/dev/tests/weather/gatehouse-weather $(if $(FIGURES),--figures,--page docs/weather.md $(if $(WRITE),--write))
