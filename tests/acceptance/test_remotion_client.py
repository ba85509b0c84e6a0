"""The official JavaScript client of Remotion Lambda, as it is, uses what we leave in a bucket.

It is tests/remotion_client's 4.0.527, which cannot download sequences: that came with 4.0.535.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import framefleet
from framefleet.sites.deploying import deploy
from framefleet.sites.listing import list_sites
from framefleet.storages.s3.client import open_client
from framefleet.storages.s3.options import S3Options
from framefleet.storages.s3.storage import S3Storage
from tests.services.s3_server import S3Server

pytestmark = pytest.mark.anyio

PROGRAM = Path(__file__).parents[1] / "remotion_client/client.mjs"
REGION = "us-east-1"
BUCKET, OTHER = "remotionlambda-useast1-a1b2c3d4e5", "other-bucket"
# A file of the site longer than the 40 MiB that the official client uploads in one piece.
LONG_BYTES = (40 << 20) + 1000


class OfficialError(Exception):
    """The client threw."""


@dataclass(frozen=True)
class Answer:
    """What a function of the client gave, and what it called the functions with that it got."""

    result: Any
    calls: dict[str, list[Any]]


@pytest.fixture
def environment(radosgw, moto, monkeypatch):
    """Both clients, ours and theirs, find the servers by these variables."""
    for name in os.environ:
        if name.startswith(("AWS_", "REMOTION_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", radosgw.endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", radosgw.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", radosgw.secret_key)


@pytest.fixture
def official(environment) -> Callable[..., Answer]:
    """Calls a function of the official client by its name."""

    def call(function: str, *callbacks: str, **arguments: Any) -> Answer:
        request = {
            "function": function,
            "arguments": {"region": REGION, **arguments},
            "callbacks": callbacks,
        }
        done = subprocess.run(
            ["node", PROGRAM], input=json.dumps(request), capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        if error := answer.get("error"):
            raise OfficialError(f"{error['name']}: {error['message']}")
        return Answer(**answer)

    return call


@pytest.fixture
def buckets(environment, radosgw) -> S3Server:
    """The server, with the render bucket and another."""
    for name in (BUCKET, OTHER):
        radosgw.client.create_bucket(Bucket=name)
    server: S3Server = radosgw
    return server


@pytest.fixture
def storage(buckets):
    client = open_client(S3Options())
    yield S3Storage(client, BUCKET)
    client.close()


@pytest.fixture
def film(buckets, pages) -> str:
    """The id of a private film that the bucket keeps."""
    result = framefleet.render_media(
        pages / "beep_flash.html", out_name="film.mp4", force_bucket_name=BUCKET,
        privacy="private", frame_range=(0, 4), duration_in_frames=5, x264_preset="ultrafast",
        scale=0.25,
    )  # fmt: skip
    assert result.render_id is not None
    return result.render_id


@pytest.fixture
def site(remotion_site, tmp_path) -> Path:
    """A bundle with a file so long that it goes up in parts."""
    folder: Path = tmp_path / "site"
    shutil.copytree(remotion_site, folder, ignore=shutil.ignore_patterns(".*"))
    (folder / "public/long.bin").write_bytes(os.urandom(1000) * (LONG_BYTES // 1000 + 1))
    return folder


def sizes(server: S3Server, bucket: str) -> dict[str, int]:
    """How long each object is."""
    pages = server.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {found["Key"]: found["Size"] for page in pages for found in page.get("Contents", [])}


def content(server: S3Server, key: str) -> bytes:
    return server.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def test_download_media_gives_the_film_byte_for_byte(official, buckets, film, tmp_path):
    target = tmp_path / "new" / "film.mp4"
    got = official(
        "downloadMedia", "onProgress", bucketName=BUCKET, renderId=film, outPath=str(target)
    )
    stored = content(buckets, f"renders/{film}/film.mp4")
    assert b"ftyp" in stored[:16]
    assert target.read_bytes() == stored
    assert got.result == {"outputPath": str(target), "sizeInBytes": len(stored)}
    assert got.calls["onProgress"][-1] == {
        "downloaded": len(stored),
        "totalSize": len(stored),
        "percent": 1,
    }


def test_delete_render_leaves_nothing_of_it(official, buckets, film):
    held = sizes(buckets, BUCKET)
    assert set(held) == {f"renders/{film}/film.mp4", f"renders/{film}/progress.json"}
    buckets.client.put_object(Bucket=BUCKET, Key="renders/another/film.mp4", Body=b"kept")
    got = official("deleteRender", bucketName=BUCKET, renderId=film)
    # It deletes the output first and counts what is there after that.
    assert got.result == {"freedBytes": held[f"renders/{film}/progress.json"]}
    assert sizes(buckets, BUCKET) == {"renders/another/film.mp4": 4}


def test_delete_render_finds_an_output_in_another_bucket(official, buckets, pages):
    result = framefleet.render_still(
        pages / "beep_flash.html", force_bucket_name=BUCKET,
        out_name={"bucketName": OTHER, "key": "stills/one.png"},
    )  # fmt: skip
    assert set(sizes(buckets, OTHER)) == {"stills/one.png"}
    held = sizes(buckets, BUCKET)
    assert set(held) == {f"renders/{result.render_id}/progress.json"}
    got = official("deleteRender", bucketName=BUCKET, renderId=result.render_id)
    assert got.result == {"freedBytes": sum(held.values())}
    assert sizes(buckets, BUCKET) == sizes(buckets, OTHER) == {}


def test_presign_url_opens_a_private_film(official, buckets, film):
    key = f"renders/{film}/film.mp4"
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        urllib.request.urlopen(f"{buckets.endpoint}/{BUCKET}/{key}", timeout=10)
    refused.value.close()
    got = official(
        "presignUrl", bucketName=BUCKET, objectKey=key, expiresInSeconds=60,
        checkIfObjectExists=True,
    )  # fmt: skip
    with urllib.request.urlopen(got.result, timeout=10) as answer:
        assert answer.headers["Content-Type"] == "video/mp4"
        assert answer.read() == content(buckets, key)


def test_presign_url_gives_null_for_a_key_that_is_not_there(official, buckets):
    got = official(
        "presignUrl", bucketName=BUCKET, objectKey="renders/none/film.mp4", expiresInSeconds=60,
        checkIfObjectExists=True,
    )  # fmt: skip
    assert got.result is None


async def test_get_sites_and_delete_site_find_a_site_of_ours(
    official, buckets, storage, remotion_site
):
    await deploy(storage, remotion_site, "film")
    (ours,) = await list_sites(storage)
    got = official("getSites")
    (theirs,) = got.result["sites"]
    assert theirs == {
        **ours.to_dict(),
        "serveUrl": f"https://{BUCKET}.s3.{REGION}.amazonaws.com/sites/film/index.html",
    }
    held = sizes(buckets, BUCKET)
    assert (theirs["id"], theirs["version"]) == ("film", "4.0.529")
    assert theirs["sizeInBytes"] == sum(held.values())
    assert [bucket["name"] for bucket in got.result["buckets"]] == [BUCKET]
    gone = official("deleteSite", "onAfterItemDeleted", bucketName=BUCKET, siteName="film")
    assert gone.result == {"totalSizeInBytes": sum(held.values())}
    assert sorted(call["itemName"] for call in gone.calls["onAfterItemDeleted"]) == sorted(held)
    assert sizes(buckets, BUCKET) == {}


async def test_the_official_client_has_nothing_to_add_to_a_site_of_ours(official, storage, site):
    deployed = await deploy(storage, site, "film")
    got = official("deploySiteFromBundle", bucketName=BUCKET, bundleDir=str(site), siteName="film")
    assert got.result["stats"] == {
        "uploadedFiles": 0, "deletedFiles": 0, "untouchedFiles": deployed.uploaded_files,
    }  # fmt: skip


async def test_a_site_of_the_official_client_is_ours_too(official, buckets, storage, site):
    got = official("deploySiteFromBundle", bucketName=BUCKET, bundleDir=str(site), siteName="film")
    held = sizes(buckets, BUCKET)
    assert got.result["stats"] == {
        "uploadedFiles": len(held), "deletedFiles": 0, "untouchedFiles": 0,
    }  # fmt: skip
    (found,) = await list_sites(storage)
    assert (found.id, found.version) == ("film", "4.0.529")
    assert found.size_bytes == sum(held.values())
    stats = await deploy(storage, site, "film")
    assert stats.to_dict() == {
        "uploadedFiles": 0, "deletedFiles": 0, "untouchedFiles": len(held),
    }  # fmt: skip
