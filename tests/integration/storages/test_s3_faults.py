"""S3 that fails: a typed error or a completed retry, never half an object under the final name."""

from __future__ import annotations

import os
import sys
import textwrap
from dataclasses import replace

import anyio
import pytest

from framefleet.domain.stored import ObjectAttributes, Privacy
from framefleet.errors import (
    AccessDeniedError,
    ObjectConflictError,
    StorageError,
    StorageUnavailableError,
)
from framefleet.storages.s3.client import open_client
from framefleet.storages.s3.options import S3Options
from framefleet.storages.s3.storage import S3Storage
from framefleet.storages.s3.upload import PART_BYTES
from tests.services.faults import Answer, CutAnswer, DamageRequest, LoseAnswer, ResetRequest

pytestmark = pytest.mark.anyio

KEY = "out.mp4"
MIB = 1 << 20


@pytest.fixture
def storage(radosgw, radosgw_proxy, bucket_name):
    radosgw.client.create_bucket(Bucket=bucket_name)
    client = open_client(
        S3Options(
            endpoint=replace(radosgw, endpoint=radosgw_proxy.endpoint).endpoint,
            access_key_id=radosgw.access_key,
            secret_access_key=radosgw.secret_key,
        )
    )
    yield S3Storage(client, bucket_name)
    client.close()


async def test_a_burst_of_503_is_waited_out(storage, radosgw_proxy):
    radosgw_proxy.inject(Answer.s3_error(503, "SlowDown"), method="PUT", times=2)
    await storage.put(KEY, b"content")
    assert await storage.read(KEY) == b"content"
    assert len(radosgw_proxy.seen("PUT")) == 3


async def test_a_store_that_stays_busy_is_an_error_that_may_pass(storage, radosgw_proxy):
    radosgw_proxy.inject(Answer.s3_error(503, "SlowDown"), method="HEAD", times=20)
    with pytest.raises(StorageUnavailableError, match="look for s3://"):
        await storage.stat(KEY)


async def test_a_connection_that_is_reset_is_tried_again(storage, radosgw_proxy, tmp_path):
    path = tmp_path / "film"
    path.write_bytes(os.urandom(50 * MIB))
    radosgw_proxy.inject(ResetRequest(after_bytes=3 * MIB), method="PUT", times=2)
    told: list[int] = []
    put = await storage.put(KEY, path, on_bytes=told.append)
    assert told == sorted(told)
    assert await storage.is_same(path, put)
    assert (await storage.stat(KEY)).size_bytes == 50 * MIB


async def test_an_answer_that_is_lost_does_not_make_a_conflict(storage, radosgw_proxy):
    radosgw_proxy.inject(LoseAnswer(), method="PUT", times=1)
    await storage.put(KEY, b"content", create_only=True)
    assert await storage.read(KEY) == b"content"
    with pytest.raises(ObjectConflictError):
        await storage.put(KEY, b"other", create_only=True)


async def test_parts_that_fail_leave_no_object_and_no_part(
    storage, radosgw, radosgw_proxy, bucket_name, tmp_path
):
    path = tmp_path / "film"
    path.write_bytes(bytes(90 * MIB))
    radosgw_proxy.inject(
        Answer.s3_error(403, "AccessDenied"), method="PUT", target="partNumber=2", times=1
    )
    with pytest.raises(AccessDeniedError, match=f"put s3://{bucket_name}/{KEY}"):
        await storage.put(KEY, path)
    assert await storage.stat(KEY) is None
    uploads = radosgw.client.list_multipart_uploads(Bucket=bucket_name)
    assert uploads.get("Uploads", []) == []


async def test_a_bucket_without_acls_says_what_to_do(storage, radosgw_proxy):
    radosgw_proxy.inject(
        Answer.s3_error(400, "AccessControlListNotSupported"), method="PUT", times=1
    )
    with pytest.raises(AccessDeniedError, match=r"does not allow ACLs.*no-acl"):
        await storage.put(KEY, b"x", attributes=ObjectAttributes(privacy=Privacy.PUBLIC))
    assert await storage.stat(KEY) is None


async def test_a_download_that_breaks_goes_on_where_it_was(storage, radosgw_proxy, tmp_path):
    content = os.urandom(20 * MIB)
    await storage.put(KEY, content)
    radosgw_proxy.inject(CutAnswer(after_bytes=2 * MIB), method="GET", times=2)
    told: list[int] = []
    await storage.get(KEY, tmp_path / "here", on_bytes=told.append)
    assert (tmp_path / "here").read_bytes() == content
    assert told[-1] == len(content)


async def test_a_download_that_always_breaks_leaves_nothing(storage, radosgw_proxy, tmp_path):
    await storage.put(KEY, os.urandom(4 * MIB))
    radosgw_proxy.inject(CutAnswer(after_bytes=100), method="GET", times=50)
    with pytest.raises(StorageUnavailableError):
        await storage.get(KEY, tmp_path / "here")
    assert list(tmp_path.iterdir()) == []


async def test_a_full_disk_is_said_to_be_full(storage, radosgw, bucket_name, tmp_path):
    """A disk of one megabyte, mounted where nobody else sees it."""
    await storage.put(KEY, bytes(2 * MIB))
    (tmp_path / "disk").mkdir()
    options = S3Options(
        endpoint=radosgw.endpoint,
        access_key_id=radosgw.access_key,
        secret_access_key=radosgw.secret_key,
    )
    script = f"""
        import anyio, pathlib, subprocess
        from framefleet.errors import DiskFullError
        from framefleet.storages.s3.client import open_client
        from framefleet.storages.s3.options import S3Options
        from framefleet.storages.s3.storage import S3Storage

        disk = pathlib.Path({str(tmp_path / "disk")!r})
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=True)
        client = open_client(S3Options(
            endpoint={options.endpoint!r}, access_key_id={options.access_key_id!r},
            secret_access_key={options.secret_access_key!r},
        ))
        try:
            anyio.run(S3Storage(client, {bucket_name!r}).get, {KEY!r}, disk / "out")
        except DiskFullError as error:
            print(error.code, list(disk.iterdir()))
    """
    alone = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-c"]
    done = await anyio.run_process([*alone, textwrap.dedent(script)], check=False)
    assert (done.stdout, done.stderr) == (b"disk_full []\n", b"")


@pytest.mark.parametrize("size", [100, PART_BYTES + 5 * MIB], ids=["whole", "in-parts"])
async def test_what_is_damaged_on_the_way_is_sent_again(storage, radosgw_proxy, tmp_path, size):
    source = tmp_path / "file.bin"
    source.write_bytes(os.urandom(size))
    radosgw_proxy.inject(DamageRequest(), method="PUT", times=2)
    stored = await storage.put("file.bin", source)
    assert await storage.is_same(source, stored)
    assert await storage.read("file.bin") == source.read_bytes()
    damaged = [seen.server_status for seen in radosgw_proxy.seen("PUT") if seen.fault]
    if size < PART_BYTES:
        assert damaged == [400, 400]
    else:
        # One that is damaged ends the others of the same try: before they are answered, or begin.
        assert 400 in damaged
        assert set(damaged) <= {400, None}


async def test_what_is_damaged_every_time_is_an_error(storage, radosgw_proxy):
    radosgw_proxy.inject(DamageRequest(), method="PUT", times=None)
    with pytest.raises(StorageError, match="SHA256Mismatch"):
        await storage.put("file.bin", b"whole")
    assert await storage.stat("file.bin") is None
    assert len(radosgw_proxy.seen("PUT")) == 4
