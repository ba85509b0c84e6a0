#!/usr/bin/env bash
# Unpacks Ceph's radosgw, an S3 server for the tests, into build/ceph/root; nothing is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/system.sh

folder=build/ceph
stamp=$folder/unpacked
wanted=$(cat scripts/radosgw.sh)
if [[ -x $folder/root/usr/bin/radosgw && -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    exit
fi

if ! can_apt_install; then
    say 'no radosgw without apt-get and root: the S3 tests that need it will be skipped'
    exit
fi

say 'unpacking radosgw'
as_root rm -rf "$folder"
mkdir -p "$folder/debs/partial" "$folder/new"
apt_offers radosgw ceph-mon ceph-osd
# What the system has installed already is not downloaded, and used from there.
as_root apt-get install -y -qq --no-install-recommends --download-only \
    -o "Dir::Cache::archives=$PWD/$folder/debs" -o APT::Sandbox::User=root \
    radosgw ceph-mon ceph-osd >/dev/null
for package in "$folder"/debs/*.deb; do
    dpkg -x "$package" "$folder/new"
done
[[ -x $folder/new/usr/bin/radosgw ]] || fail 'apt-get downloaded no radosgw'
as_root rm -rf "$folder/debs"
mv "$folder/new" "$folder/root"
printf '%s' "$wanted" >"$stamp"
