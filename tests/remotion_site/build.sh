#!/usr/bin/env bash
# Bundles the site into build/remotion_site, unless neither sources nor packages changed since.
set -euo pipefail
cd "$(dirname "$0")"

root=$(cd ../.. && pwd)
out=$root/build/remotion_site
stamp=$out/.sources.sha256
python=$root/.venv/bin/python

sources() {
    find src package.json package-lock.json make_media.py build.sh -type f -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum
}

wanted=$(sources | sha256sum)
if [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    exit
fi

"$python" make_media.py
rm -rf "$out"
mkdir -p "$(dirname "$out")"
npm run --silent bundle -- --log=error
echo "$wanted" >"$stamp"
