"""Conditions of uploads to Cloud Storage hold, whichever way the client uploads."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest
import requests
from google.api_core.exceptions import PreconditionFailed

from tests.services.faults import LoseAnswer
from tests.services.faulty_proxy import faulty_proxy
from tests.services.generation_guard import GenerationGuard

KEY = "renders/a b/ü.mp4"


@pytest.fixture
def bucket(gcs, bucket_name):
    return gcs.client.create_bucket(bucket_name)


def upload_at_once(blob, content: bytes, **condition) -> None:
    blob.upload_from_string(content, **condition)


def upload_in_parts(blob, content: bytes, **condition) -> None:
    # Of an unknown size, so that the client begins an upload of several requests.
    blob.upload_from_file(io.BytesIO(content), **condition)


@pytest.fixture(params=[upload_at_once, upload_in_parts])
def upload(request):
    return request.param


def test_an_object_is_created_once(upload, bucket):
    upload(bucket.blob(KEY), b"first", if_generation_match=0)
    with pytest.raises(PreconditionFailed, match="pre-conditions"):
        upload(bucket.blob(KEY), b"second", if_generation_match=0)
    assert bucket.blob(KEY).download_as_bytes() == b"first"


def test_only_the_expected_generation_is_replaced(upload, bucket):
    upload(bucket.blob(KEY), b"first")
    generation = bucket.get_blob(KEY).generation
    upload(bucket.blob(KEY), b"second", if_generation_match=generation)
    with pytest.raises(PreconditionFailed):
        upload(bucket.blob(KEY), b"third", if_generation_match=generation)
    with pytest.raises(PreconditionFailed):
        upload(bucket.blob("other"), b"first", if_generation_match=generation)
    assert bucket.blob(KEY).download_as_bytes() == b"second"


def test_without_a_condition_the_last_one_stays(upload, bucket):
    for content in (b"first", b"second"):
        upload(bucket.blob(KEY), content)
    assert bucket.blob(KEY).download_as_bytes() == b"second"


def test_one_of_many_wins(upload, bucket):
    contents = [bytes([number]) * 1000 for number in range(8)]

    def create(content) -> bool:
        try:
            upload(bucket.blob(KEY), content, if_generation_match=0)
        except PreconditionFailed:
            return False
        return True

    with ThreadPoolExecutor(len(contents)) as pool:
        won = list(pool.map(create, contents))
    assert won.count(True) == 1
    assert bucket.blob(KEY).download_as_bytes() == contents[won.index(True)]


def test_an_upload_in_parts_is_refused_at_its_end(bucket, gcs_proxy):
    upload_at_once(bucket.blob(KEY), b"first")
    with pytest.raises(PreconditionFailed):
        upload_in_parts(bucket.blob(KEY), b"second", if_generation_match=0)
    assert [seen.status for seen in gcs_proxy.seen(target="uploadType=resumable")] == [200, 412]


def test_or_at_its_start(gcs_server, bucket):
    upload_at_once(bucket.blob(KEY), b"first")
    guard = GenerationGuard(gcs_server.endpoint, checks_start=True)
    with (
        faulty_proxy(gcs_server.endpoint, guard=guard) as proxy,
        closing(replace(gcs_server, endpoint=proxy.endpoint)) as server,
    ):
        with pytest.raises(PreconditionFailed):
            upload_in_parts(
                server.client.bucket(bucket.name).blob(KEY), b"2", if_generation_match=0
            )
        assert [seen.status for seen in proxy.seen("POST")] == [412]


def test_a_whole_upload_does_not_stand_in_its_own_way(bucket, gcs_proxy):
    """The client that lost the last answer asks again, and is told that it has succeeded."""
    address = bucket.blob(KEY).create_resumable_upload_session(if_generation_match=0)
    gcs_proxy.inject(LoseAnswer(), method="PUT")
    with pytest.raises(requests.ConnectionError):
        requests.put(address, data=b"content", timeout=10)
    asked = requests.put(address, headers={"Content-Range": "bytes */7"}, timeout=10)
    assert asked.status_code != 412
    assert bucket.blob(KEY).download_as_bytes() == b"content"
