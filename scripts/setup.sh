#!/usr/bin/env bash
# Makes ready what a render needs: .venv, a headless Chromium and fonts.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/system.sh

fonts=(fonts-liberation fonts-noto-color-emoji)
npx_command='npx @puppeteer/browsers install chrome-headless-shell@stable --path ~/.cache/puppeteer'

# What framefleet itself would start, and whether it is the headless shell.
find_browser() {
    .venv/bin/python - <<'PYTHON'
from framefleet.browser.executable import find_browser
from framefleet.errors import BrowserNotFoundError

try:
    browser = find_browser()
except BrowserNotFoundError:
    raise SystemExit(1) from None
print("shell" if browser.is_headless_shell else "full", browser.path)
PYTHON
}

# Ubuntu has no such package; Chrome's own build then comes through npm's download tool.
download_browser() {
    if ! command -v npx >/dev/null; then
        apt_install nodejs npm || return 1
    fi
    say 'downloading chrome-headless-shell'
    local options=(--path "$HOME/.cache/puppeteer")
    if ((EUID == 0)) && command -v apt-get >/dev/null; then
        options+=(--install-deps)
    fi
    npx --yes @puppeteer/browsers install chrome-headless-shell@stable "${options[@]}" >/dev/null
}

install_browser() {
    if can_apt_install && apt_offers chromium-headless-shell; then
        apt_install chromium-headless-shell
    else
        download_browser
    fi
}

scripts/venv.sh

browser=$(find_browser 2>/dev/null || true)
if [[ $browser != shell* ]]; then
    install_browser || say 'the headless Chromium could not be installed'
    browser=$(find_browser || true)
fi
[[ $browser ]] || fail 'framefleet needs a Chromium. Install one of these and run this again:' \
    '  Debian:        apt-get install chromium-headless-shell' \
    "  Mac, Ubuntu:   $npx_command" \
    '                 (npx is part of Node; on a Mac: brew install node)'
if [[ $browser != shell* ]]; then
    say "using ${browser#* }; a headless shell is faster: $npx_command"
fi

if command -v dpkg-query >/dev/null && ! apt_install "${fonts[@]}"; then
    say "text may look different without these: apt-get install ${fonts[*]}"
fi
