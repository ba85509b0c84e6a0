"""Google Cloud Storage, against an emulator that can also fail in the ways Google does."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from functools import partial
from urllib.parse import parse_qs, urlsplit

import anyio
import anyio.to_thread
import pytest

from framefleet.domain.stored import ObjectAttributes, Privacy
from framefleet.errors import (
    AccessDeniedError,
    BucketNotFoundError,
    CredentialsError,
    ObjectConflictError,
    ObjectNotFoundError,
    StorageError,
    StorageUnavailableError,
)
from framefleet.storages.gcs.client import open_client
from framefleet.storages.gcs.options import GcsOptions
from framefleet.storages.gcs.storage import GcsStorage
from tests.integration.storages.gcs_bucket import BUCKET, KEY, MIB, answer
from tests.services.faults import (
    Answer,
    CutAnswer,
    LoseAnswer,
    ResetRequest,
    StallAnswer,
    StallRequest,
)
from tests.services.processes import free_ports

pytestmark = pytest.mark.anyio

SIZES = [0, 1, 5 * MIB, 8 * MIB, 8 * MIB + 1, 32 * MIB, 40 * MIB + 5]


class TestPut:
    @pytest.mark.parametrize("size", SIZES)
    async def test_a_file_arrives_and_comes_back(self, storage, write, tmp_path, size):
        content = os.urandom(size)
        told: list[int] = []
        info = await storage.put(KEY, write(content), on_bytes=told.append)
        assert (info.key, info.size_bytes) == (KEY, size)
        assert info == await storage.stat(KEY)
        assert told == sorted(told)
        assert told[-1:] == ([size] if size else [])
        fetched: list[int] = []
        assert await storage.get(KEY, tmp_path / "back", on_bytes=fetched.append) == info
        assert (tmp_path / "back").read_bytes() == content
        assert fetched == sorted(fetched)
        assert fetched[-1:] == ([size] if size else [])
        assert await storage.is_same(tmp_path / "source", info)

    async def test_bytes_are_put_and_read(self, storage):
        info = await storage.put("a b/ü?#.json", b"{}\r\n")
        assert await storage.read("a b/ü?#.json") == b"{}\r\n"
        assert info.modified.tzinfo is not None

    async def test_what_is_said_of_an_object_is_stored(self, storage, emulator):
        attributes = ObjectAttributes(
            content_type="video/x-test",
            content_disposition='attachment; filename="a.mp4"',
            cache_control="no-store",
            storage_class="NEARLINE",
        )
        await storage.put(KEY, b"film", attributes=attributes)
        found = emulator.blob()
        assert found.content_type == "video/x-test"
        assert found.content_disposition == 'attachment; filename="a.mp4"'
        assert found.cache_control == "no-store"
        assert found.storage_class == "NEARLINE"
        assert found.metadata is None

    @pytest.mark.parametrize("size", [4, 9 * MIB])
    async def test_the_type_follows_from_the_key(self, storage, emulator, size):
        await storage.put("sites/x/index.mjs", bytes(size))
        assert emulator.blob("sites/x/index.mjs").content_type == (
            "text/javascript; charset=utf-8"
            if size > 8 * MIB
            # The emulator drops what follows the type.
            else "text/javascript"
        )

    @pytest.mark.parametrize(
        ("privacy", "acl"),
        [
            (Privacy.PUBLIC, ["publicRead"]),
            (Privacy.PRIVATE, ["projectPrivate"]),
            (Privacy.NO_ACL, []),
        ],
    )
    @pytest.mark.parametrize("size", [4, 9 * MIB])
    async def test_privacy_is_an_acl(self, storage, emulator, privacy, acl, size):
        await storage.put(KEY, bytes(size), attributes=ObjectAttributes(privacy=privacy))
        sent = [line for line in emulator.requests if line.startswith("POST /upload")]
        assert [parse_qs(urlsplit(line).query).get("predefinedAcl", []) for line in sent] == [acl]

    async def test_a_bucket_without_acls_says_what_to_do(self, storage, emulator):
        said = "Cannot insert legacy ACL for an object when uniform bucket-level access is enabled."
        emulator.fail("POST", "/upload", answer(400, said))
        with pytest.raises(AccessDeniedError, match=r"does not allow ACLs.*no-acl"):
            await storage.put(KEY, b"x", attributes=ObjectAttributes(privacy=Privacy.PUBLIC))

    async def test_a_bucket_that_prevents_public_access_is_no_conflict(self, storage, emulator):
        said = "The member bindings allUsers are not allowed since public access prevention is on."
        emulator.fail("POST", "/upload", answer(412, said))
        with pytest.raises(AccessDeniedError, match=r"public objects.*private"):
            await storage.put(KEY, b"x", attributes=ObjectAttributes(privacy=Privacy.PUBLIC))

    async def test_a_file_that_is_not_there_is_an_error(self, storage, emulator, tmp_path):
        with pytest.raises(StorageError, match="gone cannot be read"):
            await storage.put(KEY, tmp_path / "gone")
        assert emulator.requests == []

    async def test_a_file_that_shrinks_is_an_error(self, storage, emulator, write, monkeypatch):
        path = write(bytes(100))
        monkeypatch.setattr("framefleet.storages.gcs.storage.source_size", lambda _: 200)
        with pytest.raises(StorageError, match="became shorter"):
            await storage.put(KEY, path)
        assert emulator.blob() is None


class TestConditions:
    @pytest.mark.parametrize("size", [4, 9 * MIB])
    async def test_create_only_keeps_what_is_there(self, storage, emulator, size):
        await storage.put(KEY, bytes(size), create_only=True)
        with pytest.raises(ObjectConflictError, match=KEY):
            await storage.put(KEY, b"1" * size, create_only=True)
        assert emulator.content() == bytes(size)

    @pytest.mark.parametrize("size", [4, 9 * MIB])
    async def test_a_version_is_replaced_once(self, storage, emulator, size):
        first = await storage.put(KEY, b"first")
        second = await storage.put(KEY, b"2" * size, if_version=first.version)
        assert second.version != first.version
        for version in (first.version, "an-etag"):
            with pytest.raises(ObjectConflictError):
                await storage.put(KEY, b"third", if_version=version)
        assert emulator.content() == b"2" * size

    @pytest.mark.parametrize(("size", "method"), [(4, "POST"), (9 * MIB, "PUT")])
    async def test_an_answer_that_was_lost_is_no_conflict(self, storage, emulator, size, method):
        emulator.fail(method, "/upload", LoseAnswer())
        if method == "PUT":
            # The session is gone for the emulator then; Google would answer for it again.
            emulator.fail(method, "/upload", answer(412, "conditionNotMet"))
        info = await storage.put(KEY, bytes(size), create_only=True)
        assert info.version == str(emulator.blob().generation)

    async def test_somebody_elses_object_is_a_conflict_after_a_lost_answer_too(
        self, storage, emulator
    ):
        await storage.put(KEY, b"same", create_only=True)
        emulator.fail("POST", "/upload", ResetRequest())
        with pytest.raises(ObjectConflictError):
            await storage.put(KEY, b"same", create_only=True)


class TestFailures:
    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
    @pytest.mark.parametrize("size", [4, 9 * MIB])
    async def test_busy_answers_are_tried_again(self, storage, emulator, status, size):
        emulator.fail("POST", "/upload", *[answer(status)] * 2)
        emulator.fail("PUT", "/upload", *[answer(status)] * 2 if size > 4 else [])
        await storage.put(KEY, b"7" * size)
        assert emulator.content() == b"7" * size
        assert emulator.suffered() == (2 if size == 4 else 4)

    @pytest.mark.parametrize(("size", "method"), [(4 * MIB, "POST"), (40 * MIB, "PUT")])
    async def test_a_connection_that_breaks_midway_is_tried_again(
        self, storage, emulator, size, method
    ):
        content = os.urandom(size)
        told: list[int] = []
        emulator.fail(method, "/upload", ResetRequest(MIB), ResetRequest(0))
        await storage.put(KEY, content, on_bytes=told.append)
        assert emulator.content() == content
        assert told == sorted(told)

    async def test_an_upload_that_google_lost_starts_anew(self, storage, emulator):
        content = os.urandom(40 * MIB)
        told: list[int] = []
        emulator.fail("PUT", "/upload", answer(308, Range=f"bytes=0-{MIB - 1}"), answer(410))
        await storage.put(KEY, content, on_bytes=told.append)
        assert emulator.content() == content
        assert (told, told[-1]) == (sorted(told), len(content))
        assert sum(line.startswith("POST") for line in emulator.requests) == 3

    @pytest.mark.parametrize(("size", "method"), [(4, "POST"), (9 * MIB, "PUT")])
    async def test_a_store_that_stays_away_is_an_error(self, hasty, emulator, size, method):
        emulator.fail(method, "/upload", *[ResetRequest(0)] * 50)
        with pytest.raises(StorageUnavailableError) as caught:
            await hasty.put(KEY, bytes(size))
        assert emulator.blob() is None
        assert f"Cannot put gs://{BUCKET}/{KEY}: the connection failed" in str(caught.value)
        assert "upload_id" not in str(caught.value)
        assert "127.0.0.1" not in str(caught.value)
        assert caught.value.retryable

    async def test_a_port_where_nobody_listens_is_an_error(self, tmp_path):
        endpoint = f"http://127.0.0.1:{free_ports(1)[0]}"
        with open_client(GcsOptions(project="p", endpoint=endpoint)) as client:
            storage = GcsStorage(client, BUCKET, give_up_s=0.4)
            with pytest.raises(StorageUnavailableError, match="Connection refused"):
                await storage.check()
            with pytest.raises(StorageUnavailableError):
                await storage.get(KEY, tmp_path / "out")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("status", "said", "kind"),
        [
            (403, "a@b does not have storage.objects.create access", AccessDeniedError),
            (400, "Invalid storage class", StorageError),
        ],
    )
    async def test_a_refusal_is_told_and_not_tried_again(
        self, storage, emulator, status, said, kind
    ):
        emulator.fail("POST", "/upload", answer(status, said))
        with pytest.raises(kind, match=said) as caught:
            await storage.put(KEY, b"x")
        assert type(caught.value) is kind
        assert len(emulator.requests) == 1

    async def test_a_missing_bucket_is_told_from_a_missing_object(self, client, storage, tmp_path):
        with pytest.raises(ObjectNotFoundError, match=KEY):
            await storage.get(KEY, tmp_path / "out")
        with pytest.raises(ObjectNotFoundError, match=KEY):
            await storage.read(KEY)
        assert await storage.stat(KEY) is None
        await storage.delete([KEY])
        gone = GcsStorage(client, "no-such-bucket", give_up_s=1)
        for action in (
            partial(gone.check),
            partial(gone.put, KEY, b"x"),
            partial(gone.put, KEY, bytes(9 * MIB)),
            partial(gone.get, KEY, tmp_path / "out"),
            partial(gone.read, KEY),
            partial(gone.stat, KEY),
            partial(gone.delete, [KEY]),
        ):
            with pytest.raises(BucketNotFoundError, match="no-such-bucket"):
                await action()
        with pytest.raises(BucketNotFoundError):
            [found async for found in gone.objects()]
        assert list(tmp_path.iterdir()) == []

    async def test_google_says_itself_what_is_missing(self, storage, emulator):
        emulator.fail("POST", "/upload", answer(404, "The specified bucket does not exist."))
        with pytest.raises(BucketNotFoundError):
            await storage.put(KEY, b"x")
        assert len(emulator.requests) == 1
        emulator.clear()
        emulator.fail("GET", "/o/", answer(404, f"No such object: {BUCKET}/{KEY}"))
        assert await storage.stat(KEY) is None
        assert len(emulator.requests) == 1

    async def test_check_lets_those_pass_that_may_only_write(self, storage, emulator):
        await storage.check()
        emulator.fail("GET", "/o", answer(403, "a@b does not have storage.objects.list access"))
        await storage.check()
        emulator.fail("GET", "/o", answer(401, "Invalid Credentials"))
        with pytest.raises(CredentialsError, match=r"no credentials.*REMOTION_GCP"):
            await storage.check()


class TestCancelled:
    async def test_a_cancelled_upload_stops_soon(self, storage, emulator):
        # More than the buffers of the sockets take at once.
        size = 64 * MIB
        emulator.fail("PUT", "/upload", StallRequest(seconds=1, after_bytes=MIB))
        with anyio.move_on_after(0.5) as scope:
            await storage.put(KEY, bytes(size))
        assert scope.cancelled_caught
        assert emulator.sent_bytes() < size
        assert emulator.blob() is None

    @pytest.mark.alone
    async def test_pauses_end_too(self, storage, emulator):
        emulator.fail("POST", "/upload", *[answer(503)] * 50)
        started = time.monotonic()
        with anyio.move_on_after(1) as scope:
            await storage.put(KEY, b"x")
        assert scope.cancelled_caught
        assert time.monotonic() - started < 1.5

    @pytest.mark.alone
    async def test_a_cancelled_download_leaves_nothing(self, storage, emulator, tmp_path):
        await storage.put(KEY, bytes(8 * MIB))

        emulator.fail("GET", "alt=media", StallAnswer(seconds=1, after_bytes=MIB))
        started = time.monotonic()
        with anyio.move_on_after(0.5) as scope:
            await storage.get(KEY, tmp_path / "out")
        assert scope.cancelled_caught
        assert time.monotonic() - started < 2
        assert list(tmp_path.iterdir()) == []


class TestGet:
    async def test_the_target_is_replaced_when_it_is_whole(self, storage, tmp_path):
        target = tmp_path / "folder" / "out"
        target.parent.mkdir()
        await storage.put(KEY, b"one")
        await storage.get(KEY, target)
        await storage.put(KEY, b"two")
        await storage.get(KEY, target)
        assert target.read_bytes() == b"two"
        mask = os.umask(0)
        os.umask(mask)
        assert target.stat().st_mode & 0o777 == 0o666 & ~mask
        assert list(target.parent.iterdir()) == [target]

    async def test_a_download_that_breaks_is_taken_up_where_it_was(
        self, storage, emulator, tmp_path
    ):
        content = os.urandom(8 * MIB)
        told: list[int] = []
        await storage.put(KEY, content)
        emulator.fail("GET", "alt=media", CutAnswer(MIB), CutAnswer(MIB), answer(503))
        await storage.get(KEY, tmp_path / "out", on_bytes=told.append)
        assert (tmp_path / "out").read_bytes() == content
        assert told == sorted(set(told))
        assert sum("alt=media" in line for line in emulator.requests) == 4

    async def test_what_arrives_damaged_is_fetched_again(self, storage, emulator, tmp_path):
        content = os.urandom(2 * MIB)
        await storage.put(KEY, content)
        # The library itself does not look at what it resumed.
        emulator.fail("GET", "alt=media", CutAnswer(MIB), Answer(206, bytes(MIB)))
        await storage.get(KEY, tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == content
        emulator.fail("GET", "alt=media", *[Answer(200, bytes(2 * MIB))] * 3)
        with pytest.raises(StorageUnavailableError, match="damaged"):
            await storage.get(KEY, tmp_path / "more")
        assert not (tmp_path / "more").exists()

    async def test_an_object_that_is_replaced_meanwhile_is_the_new_one(
        self, storage, emulator, tmp_path
    ):
        await storage.put(KEY, b"content")
        emulator.fail("GET", "alt=media", answer(404, f"No such object: {BUCKET}/{KEY}"))
        await storage.get(KEY, tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == b"content"

    async def test_a_full_disk_is_said_to_be_full(self, storage, emulator, tmp_path):
        """A disk of one megabyte, mounted where nobody else sees it."""
        await storage.put(KEY, bytes(2 * MIB))
        (tmp_path / "disk").mkdir()
        script = f"""
            import anyio, pathlib, subprocess
            from framefleet.errors import DiskFullError
            from framefleet.storages.gcs.client import open_client
            from framefleet.storages.gcs.options import GcsOptions
            from framefleet.storages.gcs.storage import GcsStorage

            disk = pathlib.Path({str(tmp_path / "disk")!r})
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=True)
            client = open_client(GcsOptions(project="p", endpoint={emulator.url!r}))
            try:
                anyio.run(GcsStorage(client, {BUCKET!r}).get, {KEY!r}, disk / "out")
            except DiskFullError as error:
                print(error.code, list(disk.iterdir()))
        """
        alone = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-c"]
        done = await anyio.run_process([*alone, textwrap.dedent(script)], check=False)
        assert (done.stdout, done.stderr) == (b"disk_full []\n", b"")

    async def test_read_is_tried_again(self, storage, emulator):
        await storage.put(KEY, b"content")
        emulator.fail("GET", "alt=media", answer(503), CutAnswer(3))
        assert await storage.read(KEY) == b"content"
