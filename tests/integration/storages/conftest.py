"""Clients of the emulator of Google Cloud Storage, through a proxy that can fail."""

from __future__ import annotations

import pytest

from framefleet.storages.gcs.buckets import GcsBuckets
from framefleet.storages.gcs.client import open_client
from framefleet.storages.gcs.options import GcsOptions
from framefleet.storages.gcs.storage import GcsStorage
from tests.integration.storages.gcs_bucket import BUCKET, Emulator


@pytest.fixture
def emulator(gcs_server, gcs_proxy):
    with open_client(GcsOptions(project="p", endpoint=gcs_server.endpoint)) as client:
        yield Emulator(gcs_proxy, client)


@pytest.fixture
def client(emulator):
    with open_client(GcsOptions(project="p", endpoint=emulator.url)) as client:
        yield client


@pytest.fixture
def storage(client):
    return GcsStorage(client, BUCKET, give_up_s=20)


@pytest.fixture
def hasty(client):
    """One that soon gives up."""
    return GcsStorage(client, BUCKET, give_up_s=0.4)


@pytest.fixture
def buckets(client):
    return GcsBuckets(client, give_up_s=5)


@pytest.fixture
def write(tmp_path):
    def write_file(content: bytes, name: str = "source"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write_file
