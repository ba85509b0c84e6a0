"""A real S3 server: Ceph's radosgw over one monitor and one OSD that keeps objects in memory.

`scripts/radosgw.sh` unpacks it. To have one by hand, until Ctrl-C:

    .venv/bin/python -m tests.services.radosgw
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.services.processes import free_ports, running, wait_until_it_answers
from tests.services.s3_server import S3Server

ROOT = Path(__file__).parents[2] / "build/ceph/root"
ACCESS_KEY, SECRET_KEY, REGION = "test", "testtest", "us-east-1"
STORAGE_CLASSES = ("STANDARD_IA", "GLACIER_IR")
# A step takes less than a second; the monitor's own patience is five minutes.
STEP_TIMEOUT_S = 60

CONFIGURATION = """
[global]
fsid = {fsid}
mon host = v2:127.0.0.1:{monitor_port}
public addr = 127.0.0.1
# Without authentication all but radosgw would start.
keyring = {folder}/keyring
ms bind msgr1 = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
run dir = {folder}
crash dir = {folder}
admin socket =
log file =
log to stderr = true
plugin dir = {libraries}/ceph
erasure code dir = {libraries}/ceph/erasure-code
osd class dir = {libraries}/rados-classes
# Every step of the start waits for the monitor to agree with itself, by default a second.
paxos propose interval = 0.05
paxos min wait = 0.01
[mon.a]
mon data = {folder}/mon
mon data avail warn = 1
mon data avail crit = 1
[osd.0]
osd data = {folder}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:{port} tcp_nodelay=1
rgw dns name = localhost
rgw relaxed region enforcement = true
rgw thread pool size = 32
rgw lc debug interval = {day_s}
rgw lc max objs = 4
# By default what is deleted stays in memory for two hours.
rgw gc obj min wait = 5
rgw gc processor period = 5
rgw gc max objs = 4
"""


ACCOUNTS = {
    "mon.": ["--cap", "mon", "allow *"],
    "client.admin": ["--cap", "mon", "allow *", "--cap", "osd", "allow *"],
    "osd.0": ["--cap", "mon", "allow profile osd", "--cap", "osd", "allow *"],
    "client.rgw.a": ["--cap", "mon", "allow rw", "--cap", "osd", "allow rwx"],
}


def is_set_up() -> bool:
    """Whether scripts/radosgw.sh has unpacked it."""
    return (ROOT / "usr/bin/radosgw").is_file()


@dataclass(frozen=True)
class _Ceph:
    """The programs, with a configuration of their own in `folder`."""

    folder: Path

    @property
    def libraries(self) -> Path:
        return next(ROOT.glob("usr/lib/*-linux-gnu"))

    @property
    def env(self) -> dict[str, str]:
        multiarch = self.libraries.name
        places = [self.libraries, self.libraries / "ceph", ROOT / "lib" / multiarch]
        return {
            "LD_LIBRARY_PATH": ":".join(map(str, places)),
            "CEPH_CONF": str(self.folder / "ceph.conf"),
        }

    def do(self, program: str, *arguments: str | Path, stdin: str = "") -> str:
        done = subprocess.run(
            [ROOT / "usr/bin" / program, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env={**os.environ, **self.env},
            cwd=self.folder,
            timeout=STEP_TIMEOUT_S,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr[-3000:]}")
        return done.stdout

    def daemon(
        self, program: str, *arguments: str
    ) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
        command: list[str | Path] = [ROOT / "usr/bin" / program, *arguments, "-f"]
        return running(command, log=self.folder / f"{program}.log", env=self.env)


@contextlib.contextmanager
def run_radosgw(
    folder: Path,
    *,
    port: int | None = None,
    day_s: int = 5,
    storage_classes: Sequence[str] = STORAGE_CLASSES,
) -> Iterator[S3Server]:
    """A radosgw with nothing in it.

    Args:
        folder: an empty folder for its configuration and logs.
        day_s: how long a day of a lifecycle rule takes, in seconds. A rule is carried out up to
            two of them late.
        storage_classes: those besides STANDARD that objects may name.
    """
    ceph = _Ceph(folder)
    monitor_port, free_port = free_ports(2)
    port = port or free_port
    fsid = str(uuid.uuid4())
    for name in ("mon", "osd"):
        (folder / name).mkdir()
    (folder / "ceph.conf").write_text(
        CONFIGURATION.format(
            fsid=fsid,
            folder=folder,
            libraries=ceph.libraries,
            monitor_port=monitor_port,
            port=port,
            day_s=day_s,
        )
    )
    (folder / "keyring").touch()
    for account, rights in ACCOUNTS.items():
        ceph.do("ceph-authtool", "keyring", "--gen-key", "-n", account, *rights)
    monitor = f"[v2:127.0.0.1:{monitor_port}]"
    ceph.do("monmaptool", "--create", "--fsid", fsid, "--addv", "a", monitor, "monmap")
    # A map that has the OSD already, so that nobody needs to announce it to the monitor.
    ceph.do("osdmaptool", "--createsimple", "1", "osdmap")
    maps = ("--monmap", "monmap", "--osdmap", "osdmap")
    ceph.do("ceph-mon", "-i", "a", "--mkfs", *maps, "--keyring", "keyring")
    with contextlib.ExitStack() as stack:
        mon = stack.enter_context(ceph.daemon("ceph-mon", "-i", "a"))
        ceph.do("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", str(uuid.uuid4()))
        osd = stack.enter_context(ceph.daemon("ceph-osd", "-i", "0"))
        keys = (f"--access-key={ACCESS_KEY}", f"--secret-key={SECRET_KEY}")
        ceph.do("radosgw-admin", "user", "create", "--uid=test", "--display-name=test", *keys)
        _name_the_region(ceph, storage_classes)
        rgw = stack.enter_context(ceph.daemon("radosgw", "-n", "client.rgw.a"))
        endpoint = f"http://127.0.0.1:{port}"
        wait_until_it_answers(endpoint, rgw, folder / "radosgw.log")
        pids = (rgw.pid, osd.pid, mon.pid)
        yield S3Server(endpoint, ACCESS_KEY, SECRET_KEY, REGION, pids)


def _name_the_region(ceph: _Ceph, storage_classes: Sequence[str]) -> None:
    """Give the region its name, and the storage classes a place: that of all other objects."""

    def change_zonegroup(zonegroup: dict[str, Any]) -> None:
        zonegroup["api_name"] = REGION
        for target in zonegroup["placement_targets"]:
            target["storage_classes"] += storage_classes

    def change_zone(zone: dict[str, Any]) -> None:
        for pool in zone["placement_pools"]:
            classes = pool["val"]["storage_classes"]
            classes.update(dict.fromkeys(storage_classes, classes["STANDARD"]))

    changes: dict[str, Callable[[dict[str, Any]], None]] = {
        "zonegroup": change_zonegroup,
        "zone": change_zone,
    }
    for kind, change in changes.items():
        description = json.loads(ceph.do("radosgw-admin", kind, "get"))
        change(description)
        ceph.do("radosgw-admin", kind, "set", stdin=json.dumps(description))


def main() -> None:
    """Run one until Ctrl-C."""
    with (
        tempfile.TemporaryDirectory(prefix="radosgw-") as folder,
        contextlib.suppress(KeyboardInterrupt),
        run_radosgw(Path(folder)) as server,
    ):
        sys.stdout.write(f"{server.endpoint} {server.access_key} {server.secret_key}\n")
        sys.stdout.flush()
        signal.pause()


if __name__ == "__main__":
    main()
