"""A fleet on this machine: a Lambda whose functions are ours, and a real S3 server."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from framefleet import aws
from framefleet.testing.local_lambda import Fault, Invocation, LocalLambdaOptions
from tests.services.lambda_server import LambdaServer, local_lambda
from tests.services.processes import keep
from tests.services.s3_server import S3Server

VERSION = "4-0-539"
MAIN = f"remotion-render-{VERSION}-mem2048mb-disk2048mb-120sec"
SITES = {"stamped": "stamped.html", "beep": "beep_flash.html"}

_CLEARING_S = 5.0

Choose = Callable[[Invocation], Fault | None]


@dataclass
class Fleet:
    """What a test needs of the fleet. `faults` are asked about each call."""

    server: LambdaServer
    store: S3Server
    bucket: str
    faults: list[Choose] = field(default_factory=list)
    calls: list[Invocation] = field(default_factory=list)

    def choose(self, call: Invocation) -> Fault | None:
        self.calls.append(call)
        return next((fault for ask in self.faults if (fault := ask(call))), None)

    def objects(self, prefix: str = "renders/") -> dict[str, int]:
        """Sizes by key."""
        pages = self.store.client.get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self.bucket, Prefix=prefix)
        return {o["Key"]: o["Size"] for page in found for o in page.get("Contents", [])}

    def names_of(self, render_id: str) -> set[str]:
        """The names of what a render has in the bucket."""
        prefix = f"renders/{render_id}/"
        return {key.removeprefix(prefix) for key in self.objects(prefix)}

    def left_of(self, render_id: str) -> set[str]:
        """The same once the render is over, which clears up after it has told so."""
        end = time.monotonic() + _CLEARING_S
        while True:
            names = self.names_of(render_id)
            is_clear = not any(name.startswith("transport/") for name in names)
            if is_clear or time.monotonic() > end:
                return names
            time.sleep(0.05)

    def record(self, render_id: str) -> dict[str, Any]:
        """What a render's progress.json says."""
        key = f"renders/{render_id}/progress.json"
        body = self.store.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return dict(json.loads(body))

    def render(self, site: str, composition: str, **options: Any) -> aws.LambdaProgress:
        """Render to the end, on the usual function unless `options` name another."""
        return aws.render_media_on_lambda_and_stream(
            **{"function_name": MAIN, "codec": "h264", "x264_preset": "ultrafast", **options},
            serve_url=site, composition=composition,
        )  # fmt: skip


@pytest.fixture(scope="session")
def fleet_server(radosgw_server: S3Server) -> Iterator[Fleet]:
    """The servers, with the sites deployed; each test gets it through `fleet`."""
    environment = {
        "AWS_ENDPOINT_URL_S3": radosgw_server.endpoint,
        "AWS_ACCESS_KEY_ID": radosgw_server.access_key,
        "AWS_SECRET_ACCESS_KEY": radosgw_server.secret_key,
        "AWS_REGION": "us-east-1",
    }
    found: list[Fleet] = []
    options = LocalLambdaOptions(
        environment=environment,
        auto_create=True,
        event_retry_pause_s=18.0,
        max_idle=12,
        on_invoke=lambda call: found[0].choose(call) if found else None,
    )
    with local_lambda(options) as server:
        found.append(Fleet(server, radosgw_server, ""))
        yield found[0]


@pytest.fixture
def fleet(
    fleet_server: Fleet, radosgw: S3Server, pages: Path, monkeypatch, tmp_path: Path
) -> Iterator[Fleet]:
    """The fleet, its sites in an own bucket that has nothing else."""
    for name in os.environ:
        if name.startswith(("AWS_", "REMOTION_")):
            monkeypatch.delenv(name)
    for name, value in {
        **fleet_server.server.environment,
        "AWS_ENDPOINT_URL_S3": radosgw.endpoint,
        "AWS_ACCESS_KEY_ID": radosgw.access_key,
        "AWS_SECRET_ACCESS_KEY": radosgw.secret_key,
    }.items():
        monkeypatch.setenv(name, value)
    fleet_server.faults.clear()
    fleet_server.calls.clear()
    fleet_server.bucket = aws.get_or_create_bucket().bucket_name
    for name, page in SITES.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "index.html").write_text((pages / page).read_text())
        aws.deploy_site(entry_point=folder, bucket_name=fleet_server.bucket, site_name=name)
    yield fleet_server
    fleet_server.faults.clear()
    # Sandboxes and their browsers stay warm for the next test.
    keep(child.pid for child in psutil.Process().children(recursive=True))
