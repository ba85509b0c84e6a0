"""An emulator of Google Cloud Storage. It keeps nobody out and ignores generations.

It serves one connection at a time: one that is open and silent keeps all others waiting.
"""

from __future__ import annotations

import contextlib
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tests.services.processes import free_ports, running, wait_until_it_answers

if TYPE_CHECKING:
    from google.cloud import storage  # type: ignore[import-untyped]  # it has no types


@dataclass(frozen=True)
class GcsServer:
    """Where it listens; it asks for no credentials."""

    endpoint: str
    pids: tuple[int, ...]

    @cached_property
    def client(self) -> storage.Client:
        """A client until `close`; `replace(server, endpoint=...)` has one of its own."""
        # Here, because pytest loads this module even for tests that store nothing.
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import storage

        client = storage.Client(
            project="test",
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": self.endpoint},
        )
        # It asks for buckets in threads of its own, which outlive a test and the proxy before us.
        client._bucket_metadata_cache = None
        return client

    def close(self) -> None:
        """End the client's connections, where there is a client."""
        if "client" in vars(self):
            self.client.close()

    def wipe(self) -> None:
        """Forget all buckets and objects."""
        with urllib.request.urlopen(f"{self.endpoint}/wipe", timeout=30):
            pass


@contextlib.contextmanager
def run_gcs_emulator(folder: Path) -> Iterator[GcsServer]:
    """An emulator that keeps objects in memory; what it prints goes to `folder`."""
    (port,) = free_ports(1)
    log = folder / "gcs.log"
    options = ["start", "--host=127.0.0.1", f"--port={port}", "--in-memory", "--quiet"]
    with running([sys.executable, "-m", "gcp_storage_emulator", *options], log=log) as process:
        endpoint = f"http://127.0.0.1:{port}"
        wait_until_it_answers(endpoint, process, log)
        yield GcsServer(endpoint, (process.pid,))
