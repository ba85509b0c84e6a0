"""Renders that a bucket keeps: downloaded and deleted by what their records say."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from framefleet import aio
from framefleet.delivery.renders import DownloadProgress, delete_render, download_render
from framefleet.errors import (
    AccessDeniedError,
    ObjectNotFoundError,
    OptionError,
    StorageError,
)
from framefleet.storages.s3.client import open_client
from framefleet.storages.s3.options import S3Options
from framefleet.storages.s3.storage import S3Storage
from framefleet.wire.render_record import RecordedOutput, recorded_audio, recorded_output
from tests.services.faults import Answer

pytestmark = pytest.mark.anyio

FILM: dict[str, Any] = {"frame_range": (0, 4), "x264_preset": "ultrafast", "scale": 0.25}
ROOT = Path(__file__).parents[3]


@pytest.fixture
def page(pages) -> Path:
    """One with sound."""
    return Path(pages / "beep_flash.html")


@pytest.fixture
def client(radosgw, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", radosgw.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", radosgw.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", radosgw.secret_key)
    client = open_client(S3Options())
    for name in ("render-bucket", "other-bucket"):
        client.create_bucket(Bucket=name)
    yield client
    client.close()


@pytest.fixture
def home(client) -> S3Storage:
    return S3Storage(client, "render-bucket")


@pytest.fixture
def open_other(client):
    async def opened(output: RecordedOutput) -> S3Storage:
        assert output.bucket is not None
        return S3Storage(client, output.bucket)

    return opened


async def keys(storage: S3Storage) -> list[str]:
    return [found.key async for found in storage.objects()]


async def test_a_film_and_its_sound_come_and_go(home, client, open_other, page, tmp_path):
    other = S3Storage(client, "other-bucket")
    result = await aio.render_media(
        page, out_name="a.mp4", force_bucket_name="render-bucket",
        separate_audio_to={"bucket_name": "other-bucket", "key": "sounds/a.mp3"},
        duration_in_frames=5, **FILM,
    )  # fmt: skip
    assert result.render_id is not None
    assert str(result.separate_audio) == "s3://other-bucket/sounds/a.mp3"
    assert await keys(other) == ["sounds/a.mp3"]
    told: list[DownloadProgress] = []
    main = await download_render(
        home, result.render_id, tmp_path / "new" / "film.mp4", open_other=open_other,
        on_progress=told.append,
    )  # fmt: skip
    assert main.size_in_bytes == main.output_path.stat().st_size
    assert b"ftyp" in main.output_path.read_bytes()[:16]
    assert told[-1].percent == 1
    sound = await download_render(
        home, result.render_id, tmp_path / "sound.mp3", which="separate-audio",
        open_other=open_other,
    )  # fmt: skip
    assert sound.size_in_bytes > 1000
    held = sum([found.size_bytes async for found in home.objects()])
    assert await delete_render(home, result.render_id, open_other=open_other) == held
    assert await keys(home) == []
    assert await keys(other) == []


async def test_a_sequence_comes_as_a_folder(home, open_other, page, tmp_path):
    result = await aio.render_frames(
        page, force_bucket_name="render-bucket", image_format="png", scale=0.25, frame_range=(2, 4)
    )
    assert result.render_id is not None
    got = await download_render(home, result.render_id, tmp_path / "frames", open_other=open_other)
    names = sorted(path.name for path in got.output_path.iterdir())
    assert [name for name in names if name.endswith(".png")] == [
        path.rpartition("/")[2] for path in await keys(home) if path.endswith(".png")
    ]
    manifest = json.loads((got.output_path / "manifest.json").read_text())
    assert [frame["frame"] for frame in manifest["frames"]] == [2, 3, 4]
    await delete_render(home, result.render_id, open_other=open_other)
    assert await keys(home) == []


async def test_a_manifest_names_pictures_that_are_there(client, page, monkeypatch, radosgw_proxy):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", radosgw_proxy.endpoint)
    refused = Answer.s3_error(403, "AccessDenied")
    radosgw_proxy.inject(refused, method="PUT", target=".png", times=None)
    with pytest.raises(AccessDeniedError):
        await aio.render_frames(
            page, force_bucket_name="render-bucket", image_format="png", scale=0.25,
            frame_range=(2, 4),
        )  # fmt: skip
    puts = [request.path for request in radosgw_proxy.requests if request.method == "PUT"]
    assert puts
    assert not [path for path in puts if path.endswith("manifest.json")]


async def test_an_exact_place_elsewhere_is_deleted_too(home, client, open_other, remotion_site):
    other = S3Storage(client, "other-bucket")
    result = await aio.render_still(
        remotion_site, "Artifacts", frame=1,
        out_name={"bucketName": "other-bucket", "key": "still"},
        force_bucket_name="render-bucket",
    )  # fmt: skip
    assert result.render_id is not None
    assert await keys(other) == [f"renders/{result.render_id}/artifacts/captions.srt", "still"]
    await delete_render(home, result.render_id, open_other=open_other)
    assert await keys(other) == await keys(home) == []


async def test_what_a_composition_emits_is_kept_with_its_render(home, remotion_site):
    result = await aio.render_still(
        remotion_site, "Artifacts", frame=1, out_name="a.png", force_bucket_name="render-bucket"
    )
    prefix = f"renders/{result.render_id}/"
    assert await keys(home) == [
        f"{prefix}{name}" for name in ("a.png", "artifacts/captions.srt", "progress.json")
    ]
    text = (await home.read(prefix + "artifacts/captions.srt")).decode()
    assert text == "Grüße aus Bild eins 👋"
    record = json.loads(await home.read(prefix + "progress.json"))
    assert record["receivedArtifact"][0]["s3Key"] == prefix + "artifacts/captions.srt"


async def test_a_render_that_is_not_there_is_named(home, open_other, tmp_path):
    with pytest.raises(ObjectNotFoundError, match='No render with ID "0000000000" found'):
        await download_render(home, "0000000000", tmp_path / "a", open_other=open_other)
    with pytest.raises(ObjectNotFoundError, match="0000000000"):
        await delete_render(home, "0000000000", open_other=open_other)


async def test_sound_that_was_not_apart_cannot_be_had(home, open_other, page, tmp_path):
    result = await aio.render_still(page, out_name="a.png", force_bucket_name="render-bucket")
    assert result.render_id is not None
    with pytest.raises(OptionError, match="does not have a separate audio output"):
        await download_render(
            home, result.render_id, tmp_path / "a", which="separate-audio", open_other=open_other
        )


@pytest.mark.parametrize(
    ("metadata", "key"),
    [
        ({"type": "video", "codec": "h264", "audioCodec": "aac"}, "out.mp4"),
        ({"type": "video", "codec": "h264", "audioCodec": "pcm-16"}, "out.mkv"),
        ({"type": "video", "codec": "h264", "audioCodec": None}, "out.mp4"),
        ({"type": "video", "codec": "gif", "audioCodec": None}, "out.gif"),
        ({"type": "still", "codec": None, "imageFormat": "jpeg"}, "out.jpeg"),
        ({"type": "video", "codec": "vp8", "outName": "film.webm"}, "film.webm"),
    ],
)
def test_records_of_the_reference_name_their_output(metadata, key):
    found = recorded_output({"renderMetadata": {"outName": None, **metadata}}, "abc")
    assert found is not None
    assert (found.bucket, found.key) == (None, f"renders/abc/{key}")


@pytest.mark.parametrize(
    "key",
    ["sites/x/index.html", "renders/abc/frames//etc/evil", "renders/abc/frames/../../x", "PREFIX"],
)
async def test_a_manifest_names_nothing_outside_of_its_folder(home, open_other, tmp_path, key):
    prefix = "renders/abc/frames/"
    sequence = {"bucketName": "render-bucket", "keyPrefix": prefix, "manifestKey": f"{prefix}m"}
    record = {"renderMetadata": {"type": "sequence", "outputSequence": sequence}}
    frames = {"frames": [{"frame": 0, "key": prefix if key == "PREFIX" else key}]}
    await home.put("renders/abc/progress.json", json.dumps(record).encode())
    await home.put(f"{prefix}m", json.dumps(frames).encode())
    await home.put("sites/x/index.html", b"a page")
    before = await keys(home)
    with pytest.raises(StorageError, match="names a picture outside of its folder"):
        await download_render(home, "abc", tmp_path / "frames", open_other=open_other)
    with pytest.raises(StorageError, match="names a picture outside of its folder"):
        await delete_render(home, "abc", open_other=open_other)
    assert await keys(home) == before
    assert list(tmp_path.iterdir()) == []


async def test_a_cancelled_download_of_pictures_leaves_none(home, open_other, page, tmp_path):
    result = await aio.render_frames(
        page, force_bucket_name="render-bucket", image_format="png", scale=0.25, frame_range=(0, 9)
    )
    assert result.render_id is not None
    (tmp_path / "mine.txt").write_text("mine")
    with anyio.CancelScope() as scope:

        def cancel(progress: DownloadProgress) -> None:
            if progress.percent > 0.4:
                loop.call_soon_threadsafe(scope.cancel)

        loop = asyncio.get_running_loop()
        target = tmp_path / "new/frames"
        await download_render(
            home, result.render_id, target, open_other=open_other, on_progress=cancel
        )
    assert scope.cancelled_caught
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_record_of_sound_that_makes_no_sense_is_told():
    with pytest.raises(StorageError, match="The record of the render abc cannot be read"):
        recorded_audio({"separateAudio": {"key": "a"}}, "abc")
