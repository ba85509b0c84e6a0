#!/usr/bin/env bash
# Makes ready what the benchmark needs besides the tests' things: HyperFrames and a Node it runs on.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/system.sh

scripts/setup-tests.sh
# No package may download anything of its own; the Chromium is ours.
npm_packages bench --ignore-scripts
