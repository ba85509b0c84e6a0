#!/usr/bin/env bash
# Makes ready what the tests need besides: Node, ffmpeg, npm packages, the Remotion site and radosgw.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/system.sh

scripts/setup.sh

need() {
    local command=$1
    shift
    command -v "$command" >/dev/null || apt_install "$@" ||
        fail "the tests need $command. Install it and run this again:" \
            "  Debian, Ubuntu:   apt-get install $*" \
            "  Mac:              brew install ${1/nodejs/node}"
}

need node nodejs npm
need npm npm
need ffmpeg ffmpeg
npm_packages tests/pages
npm_packages tests/remotion_site
npm_packages tests/remotion_client --ignore-scripts
tests/remotion_site/build.sh
scripts/radosgw.sh
