"""moto, which plays AWS: more of it than radosgw, but it checks no signature and no expiry."""

from __future__ import annotations

import contextlib
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.services.processes import free_ports, running, wait_until_it_answers
from tests.services.s3_server import S3Server


@dataclass(frozen=True)
class MotoServer(S3Server):
    """Every service of AWS that moto knows, at one endpoint."""

    def reset(self) -> None:
        """Forget everything that was made."""
        request = urllib.request.Request(f"{self.endpoint}/moto-api/reset", method="POST")
        with urllib.request.urlopen(request, timeout=30):
            pass


@contextlib.contextmanager
def run_moto(folder: Path) -> Iterator[MotoServer]:
    """A moto server; what it prints goes to `folder`."""
    (port,) = free_ports(1)
    log = folder / "moto.log"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, log=log) as process:
        endpoint = f"http://127.0.0.1:{port}"
        wait_until_it_answers(f"{endpoint}/moto-api/data.json", process, log)
        yield MotoServer(endpoint, "test", "testtest", "us-east-1", (process.pid,))
