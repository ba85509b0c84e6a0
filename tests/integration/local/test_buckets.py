"""Renders of this machine whose outputs go to buckets of real stores."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest

import framefleet
from framefleet.domain.destination import RemoteFile
from framefleet.errors import (
    BucketNotFoundError,
    CredentialsError,
    OptionError,
    OutputExistsError,
    StorageError,
)

FILM: dict[str, Any] = {"frame_range": (0, 4), "x264_preset": "ultrafast", "scale": 0.25}


@pytest.fixture
def page() -> Path:
    return Path(__file__).parents[3] / "examples/hello"


@pytest.fixture
def s3(radosgw, bucket_name, monkeypatch):
    """A client of a store with one bucket, which the environment names for framefleet too."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", radosgw.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", radosgw.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", radosgw.secret_key)
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket=bucket_name)
    yield client
    client.close()


def keys(s3, bucket: str) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_an_address_is_where_the_output_goes(s3, bucket_name, page):
    told: list[framefleet.RenderProgress] = []
    result = framefleet.render_media(
        page, output=f"s3://{bucket_name}/films/a.mp4", privacy="public",
        download_behavior={"type": "download", "fileName": "a b.mp4"},
        storage_class="STANDARD_IA", on_progress=told.append, **FILM,
    )  # fmt: skip
    assert isinstance(result.output, RemoteFile)
    assert str(result.output) == f"s3://{bucket_name}/films/a.mp4"
    assert keys(s3, bucket_name) == ["films/a.mp4"]
    head = s3.head_object(Bucket=bucket_name, Key="films/a.mp4")
    assert head["ContentType"] == "video/mp4"
    assert head["ContentDisposition"] == 'attachment; filename="a%20b.mp4"'
    assert head["StorageClass"] == "STANDARD_IA"
    assert head["ContentLength"] == result.output.size_bytes
    assert status(result.output.url) == 200
    stages = [progress.stage.value for progress in told]
    assert stages[-1] == "done"
    assert "uploading" in stages
    assert [p.progress for p in told] == sorted(p.progress for p in told)
    assert told[-1].uploaded_bytes == told[-1].upload_bytes == result.output.size_bytes


def test_an_object_that_is_there_stays_unless_it_may_be_replaced(s3, bucket_name, page):
    s3.put_object(Bucket=bucket_name, Key="a.png", Body=b"mine")
    address = f"s3://{bucket_name}/a.png"
    with pytest.raises(OutputExistsError, match=r'Output file "a\.png" .* already exists'):
        framefleet.render_still(page, output=address)
    assert s3.get_object(Bucket=bucket_name, Key="a.png")["Body"].read() == b"mine"
    result = framefleet.render_still(page, output=address, overwrite=True)
    assert status(result.to_dict()["outputFile"]) == 403
    body = s3.get_object(Bucket=bucket_name, Key="a.png")["Body"].read()
    assert body.startswith(b"\x89PNG")


def test_a_sequence_is_a_folder_of_objects(s3, bucket_name, page):
    result = framefleet.render_frames(
        page, output=f"s3://{bucket_name}/pictures", image_format="png",
        frame_range=(8, 10), scale=0.25,
    )  # fmt: skip
    assert keys(s3, bucket_name) == [
        f"pictures/element-{number}.png" for number in ("08", "09", "10")
    ]
    assert str(result.output) == f"s3://{bucket_name}/pictures/"


def test_a_render_is_kept_under_an_id_with_its_record(s3, bucket_name, page):
    result = framefleet.render_media(
        page, out_name="film.mp4", force_bucket_name=bucket_name, delete_after="3-days", **FILM
    )
    prefix = f"renders/{result.render_id}/"
    assert result.render_id is not None
    assert result.render_id.startswith("3-days-")
    assert result.bucket_name == bucket_name
    assert keys(s3, bucket_name) == [prefix + "film.mp4", prefix + "progress.json"]
    record = json.loads(
        s3.get_object(Bucket=bucket_name, Key=prefix + "progress.json")["Body"].read()
    )
    assert record["renderMetadata"]["outName"] == "film.mp4"
    assert record["postRenderData"]["outputFile"] == result.to_dict()["outputFile"]
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket_name)["Rules"]
    assert {rule["Filter"]["Prefix"]: rule["Expiration"]["Days"] for rule in rules} == {
        "renders/1-day": 1, "renders/3-days": 3, "renders/7-days": 7, "renders/30-days": 30,
    }  # fmt: skip
    assert status(result.to_dict()["outputFile"]) == 200
    assert status(result.to_dict()["outputFile"].replace("film.mp4", "progress.json")) == 403


def test_without_a_bucket_the_regions_own_is_made_once(s3, page):
    first = framefleet.render_still(page, out_name="a.png")
    second = framefleet.render_still(page, out_name="b.png")
    assert first.bucket_name == second.bucket_name
    assert str(first.bucket_name).startswith("remotionlambda-useast1-")


def test_an_exact_place_at_another_provider(s3, moto, bucket_name, page):
    other = boto3.client(
        "s3", endpoint_url=moto.endpoint, region_name="us-east-1",
        aws_access_key_id="theirs", aws_secret_access_key="hidden-secret",
    )  # fmt: skip
    other.create_bucket(Bucket="other-bucket")
    provider = {
        "endpoint": moto.endpoint,
        "accessKeyId": "theirs",
        "secretAccessKey": "hidden-secret",
    }
    result = framefleet.render_media(
        page, codec="h264", privacy="no-acl", force_bucket_name=bucket_name,
        out_name={"bucketName": "other-bucket", "key": "my-output", "s3OutputProvider": provider},
        **FILM,
    )  # fmt: skip
    assert keys(other, "other-bucket") == ["my-output"]
    head = other.head_object(Bucket="other-bucket", Key="my-output")
    assert head["ContentType"] == "video/mp4"
    other.close()
    (record_key,) = keys(s3, bucket_name)
    record = s3.get_object(Bucket=bucket_name, Key=record_key)["Body"].read().decode()
    assert json.loads(record)["renderMetadata"]["outName"] == {
        "bucketName": "other-bucket", "key": "my-output",
        "s3OutputProvider": {"endpoint": moto.endpoint},
    }  # fmt: skip
    for text in (record, repr(result), json.dumps(result.to_dict())):
        assert "hidden-secret" not in text
        assert "theirs" not in text


def test_google_cloud_storage_takes_outputs_too(gcs, bucket_name, page, monkeypatch):
    from google.cloud import storage  # type: ignore[import-untyped]  # it ships no types

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs.endpoint)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "test")
    client = storage.Client(project="test")
    client.create_bucket(bucket_name)
    result = framefleet.render_still(page, output=f"gs://{bucket_name}/a.png", privacy="public")
    assert str(result.output) == f"gs://{bucket_name}/a.png"
    blob = client.bucket(bucket_name).get_blob("a.png")
    client.close()
    assert blob is not None
    assert blob.content_type == "image/png"
    assert blob.size == result.size_bytes


def test_google_keeps_renders_in_the_regions_own_bucket(gcs, page, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs.endpoint)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "test")
    result = framefleet.render_still(
        page, out_name="a.png", force_bucket_name="gs://", delete_after="1-day"
    )
    assert str(result.bucket_name).startswith("remotioncloudrun-")
    bucket = gcs.client.get_bucket(result.bucket_name)
    names = sorted(blob.name for blob in bucket.list_blobs())
    assert names == [f"renders/{result.render_id}/{name}" for name in ("a.png", "progress.json")]
    assert len(list(bucket.lifecycle_rules)) == 4


def test_a_missing_bucket_and_wrong_keys_are_found_before_the_render(
    s3, bucket_name, page, monkeypatch
):
    told: list[framefleet.RenderProgress] = []
    with pytest.raises(BucketNotFoundError, match="no-such-bucket"):
        framefleet.render_media(
            page, output="s3://no-such-bucket/a.mp4", on_progress=told.append, **FILM
        )
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-and-secret")
    with pytest.raises(CredentialsError) as caught:
        framefleet.render_media(
            page, output=f"s3://{bucket_name}/a.mp4", on_progress=told.append, **FILM
        )
    assert "wrong-and-secret" not in str(caught.value)
    assert told == []


def test_a_failed_upload_leaves_nothing_of_it(s3, bucket_name, page):
    with pytest.raises(StorageError):
        framefleet.render_media(
            page, output=f"s3://{bucket_name}/a.mp4", storage_class="NO_SUCH_CLASS", **FILM
        )
    assert keys(s3, bucket_name) == []


def test_a_film_on_the_disk_goes_with_the_sound_that_could_not_be_uploaded(
    s3, bucket_name, pages, tmp_path
):
    def render(**options: Any) -> framefleet.RenderResult:
        return framefleet.render_media(
            pages / "beep_flash.html", output=tmp_path / "a.mp4", duration_in_frames=5,
            separate_audio_to=f"s3://{bucket_name}/a.mp3", **FILM, **options,
        )  # fmt: skip

    with pytest.raises(StorageError):
        render(storage_class="NO_SUCH_CLASS")
    assert list(tmp_path.iterdir()) == []
    assert keys(s3, bucket_name) == []
    render()
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert keys(s3, bucket_name) == ["a.mp3"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output": "ftp://x/a.mp4"}, "is in no store that we know"),
        ({"output": "s3://NO/a.mp4"}, "The bucket NO cannot exist"),
        ({"output": "a.mp4", "privacy": "public"}, "privacy .* is of outputs in a bucket"),
        ({"output": "a.mp4", "out_name": "b.mp4"}, "two places"),
        ({"out_name": {"bucketName": "abc", "key": ""}}, "The S3 Key must match the RegExp"),
        ({"out_name": {"bucketName": "abc", "key": 7}}, "The S3 key must be a string"),
        ({"out_name": "a.mp4", "privacy": "mine"}, "Privacy must be either"),
        ({"out_name": "a.mp4", "delete_after": "2-days"}, "Expected deleteAfter value to be one"),
        ({"output": "s3://abc/a.mp4", "delete_after": "1-day"}, "deleteAfter works by the key"),
        ({"out_name": "a.mp4", "download_behavior": "x"}, "must be null or an object"),
        ({"out_name": "a.mp4", "download_behavior": {"type": "x"}}, "Download behavior must be"),
        ({"output": "s3://abc/a", "s3_output_provider": {"endpoint": "x"}}, "The endpoint of s3O"),
        ({"out_name": "a.webm", "codec": "h264"}, "the output filename must end in one of"),
        ({"out_name": "a.mp4", "region": "mars"}, '"region" parameter must be one of'),
    ],
)
def test_what_cannot_be_a_destination_is_refused_at_once(page, options, message):
    with pytest.raises(OptionError, match=message):
        framefleet.render_media(page, **options)
