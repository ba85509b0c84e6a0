.DEFAULT_GOAL := help
.PHONY: help setup setup-tests setup-bench venv demo test lint types imports fmt bench

bin := .venv/bin

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make ready what a render needs: .venv, Chromium, fonts
	@scripts/setup.sh

demo: setup ## render the bundled example to out/hello.mp4
	@mkdir -p out
	$(bin)/framefleet render examples/hello --overwrite -o out/hello.mp4

setup-tests: ## make ready what the tests need: Node, ffmpeg, the Remotion site
	@scripts/setup-tests.sh

test: setup-tests ## run all tests: two files at a time, then those that must be alone
	@failed=0; \
	$(bin)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m 'not alone' || failed=1; \
	$(bin)/pytest -m alone || failed=1; \
	exit $$failed

lint: venv ## check style
	$(bin)/ruff check
	$(bin)/ruff format --check
	@for script in scripts/*.sh tests/remotion_site/*.sh .ci/run; do bash -n $$script || exit 1; done

types: venv ## check types
	$(bin)/mypy

imports: venv ## check which room imports which
	$(bin)/lint-imports

fmt: venv ## format the code and apply safe fixes
	$(bin)/ruff format
	$(bin)/ruff check --fix

setup-bench: ## make ready what the benchmark needs: HyperFrames besides
	@scripts/setup-bench.sh

bench: setup-bench ## compare with Remotion and HyperFrames: docs/benchmarks.md (ARGS=--quick)
	$(bin)/python -m bench $(ARGS)

venv:
	@scripts/venv.sh
