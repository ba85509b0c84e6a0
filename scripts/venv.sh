#!/usr/bin/env bash
# Makes .venv with framefleet and the development tools; does nothing when it is up to date.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/system.sh

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local name
    for name in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11; do
        if is_new_enough "$name"; then
            command -v "$name"
            return
        fi
    done
    fail 'Python 3.11 or newer is needed and was not found.' \
        'Install it, or set PYTHON to its path, and run this again.'
}

# An editable install is compiled by nobody else where Python is told not to write bytecode, and a
# command's start would take half as long again.
compile_sources() { .venv/bin/python -m compileall -q src; }

wanted=$(cat pyproject.toml scripts/venv.sh)
stamp=.venv/.framefleet-setup
if [[ -x .venv/bin/python && -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    compile_sources
    exit
fi

if [[ ! -x .venv/bin/pip ]]; then
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        apt_install "python$version-venv" ||
            fail "$python cannot make virtual environments: apt-get install python$version-venv"
    fi
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
fi

say 'installing Python packages'
pip=(.venv/bin/python -m pip install --quiet --disable-pip-version-check)
"${pip[@]}" --upgrade 'pip>=25.1' # the first that knows --group
"${pip[@]}" --editable '.[aws,gcp,lambda]' --group dev
compile_sources
printf '%s' "$wanted" >"$stamp"
