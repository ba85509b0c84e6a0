"""The servers, each started once when a test first asks for it, and empty for every test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from tests.services import radosgw as rgw
from tests.services.faulty_proxy import FaultyProxy, faulty_proxy
from tests.services.gcs_emulator import GcsServer, run_gcs_emulator
from tests.services.generation_guard import GenerationGuard
from tests.services.lambda_server import LambdaServer, local_lambda
from tests.services.moto_server import MotoServer, run_moto
from tests.services.processes import lasting
from tests.services.s3_server import S3Server


@pytest.fixture(scope="session")
def radosgw_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A radosgw with whatever other tests have left in it. Days of lifecycle rules take 5 s."""
    if not rgw.is_set_up():
        pytest.skip("no radosgw is unpacked: run `make setup-tests`")
    with (
        rgw.run_radosgw(tmp_path_factory.mktemp("radosgw")) as server,
        lasting(server.pids),
    ):
        yield server


@pytest.fixture
def radosgw(radosgw_server: S3Server) -> S3Server:
    """A real S3 server without buckets."""
    radosgw_server.remove_buckets()
    return radosgw_server


@pytest.fixture
def radosgw_proxy(radosgw: S3Server) -> Iterator[FaultyProxy]:
    """A proxy before `radosgw`."""
    with faulty_proxy(radosgw.endpoint) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def moto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    """A moto with whatever other tests have left in it."""
    with run_moto(tmp_path_factory.mktemp("moto")) as server, lasting(server.pids):
        yield server


@pytest.fixture
def moto(moto_server: MotoServer) -> MotoServer:
    """An AWS in which nothing was made yet."""
    moto_server.reset()
    return moto_server


@pytest.fixture
def moto_proxy(moto: MotoServer) -> Iterator[FaultyProxy]:
    """A proxy before `moto`."""
    with faulty_proxy(moto.endpoint) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def gcs_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcsServer]:
    """The emulator itself, with whatever other tests have left in it."""
    with run_gcs_emulator(tmp_path_factory.mktemp("gcs")) as server, lasting(server.pids):
        yield server


@pytest.fixture
def gcs_proxy(gcs_server: GcsServer) -> Iterator[FaultyProxy]:
    """A proxy before an emulator without buckets; it sees to the conditions of uploads."""
    gcs_server.wipe()
    guard = GenerationGuard(gcs_server.endpoint)
    with faulty_proxy(gcs_server.endpoint, guard=guard) as proxy:
        yield proxy


@pytest.fixture
def gcs(gcs_server: GcsServer, gcs_proxy: FaultyProxy) -> Iterator[GcsServer]:
    """Cloud Storage without buckets; what passes to and from it is in `gcs_proxy`."""
    with closing(replace(gcs_server, endpoint=gcs_proxy.endpoint)) as server:
        yield server


@pytest.fixture
def lambda_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LambdaServer]:
    """A Lambda without functions, which clients here and in commands that tests start find."""
    for name in ("AWS_PROFILE", "REMOTION_AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testtest")
    with local_lambda() as server:
        for name, url in server.environment.items():
            monkeypatch.setenv(name, url)
        yield server


@pytest.fixture
def bucket_name() -> str:
    """A name that no bucket has had before."""
    return f"framefleet-{uuid.uuid4().hex[:20]}"
