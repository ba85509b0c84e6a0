"""`framefleet.aws`: signed addresses, and kept renders, wherever their outputs lie."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

import framefleet
from framefleet import CancelSignal, aws
from framefleet.delivery.renders import DownloadProgress
from framefleet.errors import (
    AccessDeniedError,
    CredentialsError,
    ObjectNotFoundError,
    OptionError,
    OptionRangeError,
    OptionTypeError,
    RenderCancelledError,
    StorageError,
)
from tests.services.faults import Answer

HELLO = Path(__file__).parents[3] / "examples/hello"


def keys(s3, bucket):
    return [found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


@pytest.fixture
def kept(bucket):
    """A private still that the region's own bucket keeps."""
    return framefleet.render_still(HELLO, out_name="a.png", privacy="private")


@pytest.fixture
def theirs(moto):
    """Another store with one bucket, and how it is given."""
    moto.client.create_bucket(Bucket="their-bucket")
    return {
        "endpoint": moto.endpoint,
        "access_key_id": moto.access_key,
        "secret_access_key": moto.secret_key,
    }


class TestSignedAddresses:
    def test_whoever_has_one_may_read_what_is_private(self, s3, bucket, fetch):
        s3.put_object(Bucket=bucket, Key="a b.txt", Body=b"secret")
        url = aws.presign_url(
            region="us-east-1", bucket_name=bucket, object_key="a b.txt", expires_in_seconds=60
        )
        assert url is not None
        assert "X-Amz-Expires=60" in url
        assert fetch(url) == (200, b"secret")
        assert fetch(url.partition("?")[0])[0] == 403

    def test_an_object_that_is_not_there_has_none_if_that_is_checked(self, bucket, fetch):
        def signed(**options):
            return aws.presign_url(
                bucket_name=bucket, object_key="no.txt", expires_in_seconds=60, **options
            )

        assert signed(check_if_object_exists=True) is None
        url = signed()
        assert url is not None
        assert fetch(url)[0] == 404

    def test_who_may_not_check_is_told_what_that_takes(self, bucket, radosgw_proxy, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", radosgw_proxy.endpoint)
        radosgw_proxy.inject(Answer.s3_error(403, "AccessDenied"), method="HEAD")
        with pytest.raises(AccessDeniedError) as caught:
            aws.presign_url(
                bucket_name=bucket, object_key="no.txt", expires_in_seconds=60,
                check_if_object_exists=True,
            )  # fmt: skip
        assert caught.value.message == (
            f'Unable to access item "no.txt" from bucket "{bucket}". You must have permission for '
            'both "s3:GetObject" and "s3:ListBucket" actions.'
        )

    @pytest.mark.parametrize(
        ("seconds", "kind", "message"),
        [
            ("60", OptionTypeError, "'expiresIn' should be a number, but is \"60\""),
            (None, OptionTypeError, "'expiresIn' should be a number, but is null"),
            (math.nan, OptionError, "'expiresIn' should not be NaN, but is NaN"),
            (math.inf, OptionRangeError, "'expiresIn' should be finite but is Infinity"),
            (1.5, OptionError, "'expiresIn' should be an integer but is 1.5"),
            (
                604801,
                OptionRangeError,
                "The 'expiresIn' parameter must be less or equal than 604800 (7 days) as enforced "
                "by AWS",
            ),
            (0, OptionRangeError, "The 'expiresIn' parameter must be greater or equal than 1"),
        ],
    )
    def test_the_time_is_checked_in_the_words_of_the_reference(self, seconds, kind, message):
        with pytest.raises(kind) as caught:
            aws.presign_url(bucket_name="abc", object_key="a", expires_in_seconds=seconds)
        assert (type(caught.value), caught.value.message) == (kind, message)


class TestRenders:
    def test_one_is_downloaded_and_deleted(self, s3, bucket, kept, tmp_path):
        told: list[DownloadProgress] = []
        got = aws.download_media(
            region="us-east-1", bucket_name=bucket, render_id=kept.render_id,
            out_path=tmp_path / "new/a.png", on_progress=told.append,
        )  # fmt: skip
        assert got.to_dict() == {
            "outputPath": str(tmp_path / "new/a.png"),
            "sizeInBytes": kept.size_bytes,
        }
        assert got.output_path.read_bytes()[1:4] == b"PNG"
        assert told[-1].to_dict() == {
            "percent": 1, "downloaded": kept.size_bytes, "totalSize": kept.size_bytes,
        }  # fmt: skip
        held = sum(item["Size"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", []))
        deleted = aws.delete_render(bucket_name=bucket, render_id=kept.render_id)
        assert deleted.to_dict() == {"freedBytes": held}
        assert keys(s3, bucket) == []

    def test_paths_are_those_of_the_working_folder(self, bucket, kept, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        got = aws.download_media(bucket_name=bucket, render_id=kept.render_id, out_path="a.png")
        assert got.output_path == tmp_path / "a.png"

    def test_one_that_is_not_there_or_not_done_is_told(self, s3, bucket, tmp_path):
        with pytest.raises(ObjectNotFoundError, match='No render with ID "abc" found in'):
            aws.download_media(bucket_name=bucket, render_id="abc", out_path=tmp_path / "a.mp4")
        record = {"renderMetadata": None}
        s3.put_object(
            Bucket=bucket, Key="renders/abc/progress.json", Body=json.dumps(record).encode()
        )
        with pytest.raises(StorageError, match="Render did not finish yet"):
            aws.download_media(bucket_name=bucket, render_id="abc", out_path=tmp_path / "a.mp4")
        assert aws.delete_render(bucket_name=bucket, render_id="abc").freed_bytes == 0
        assert keys(s3, bucket) == ["renders/abc/progress.json"]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"output": "sound"}, '`output` must be "main" or "separate-audio".'),
            ({"output": "separate-audio"}, "This render does not have a separate audio output."),
            ({"render_id": ""}, "'renderId' must be the id of a render, but is \"\""),
            ({"render_id": "../sites"}, "'renderId' must be the id of a render"),
            ({"out_path": None}, '"outPath" must be a path, but got null'),
            ({"bucket_name": "NO"}, "The bucket NO cannot exist"),
            ({"s3_output_provider": {}}, "The endpoint of s3OutputProvider must be an address"),
            (
                {"s3_output_provider": {}, "custom_credentials": {}},
                "custom_credentials is an older name of s3_output_provider: give one.",
            ),
        ],
    )
    def test_what_cannot_be_downloaded_is_told(self, bucket, kept, tmp_path, options, message):
        given = {"bucket_name": bucket, "render_id": kept.render_id, "out_path": tmp_path / "a"}
        with pytest.raises(OptionError) as caught:
            aws.download_media(**{**given, **options})
        assert caught.value.message.startswith(message)
        assert list(tmp_path.iterdir()) == []

    def test_a_download_can_be_cancelled_and_leaves_nothing(self, s3, bucket, kept, tmp_path):
        s3.put_object(Bucket=bucket, Key=f"renders/{kept.render_id}/a.png", Body=bytes(60_000_000))
        signal = CancelSignal()
        with pytest.raises(RenderCancelledError, match="The download was cancelled"):
            aws.download_media(
                bucket_name=bucket, render_id=kept.render_id, out_path=tmp_path / "a.png",
                cancel_signal=signal, on_progress=lambda _: signal.cancel(),
            )  # fmt: skip
        assert list(tmp_path.iterdir()) == []


class TestOutputsElsewhere:
    @pytest.fixture
    def away(self, bucket, theirs):
        """Renders a still whose output another store has."""

        def rendered(privacy):
            place = {
                "bucket_name": "their-bucket", "key": "a.png", "s3_output_provider": theirs,
            }  # fmt: skip
            return framefleet.render_still(
                HELLO, out_name=place, force_bucket_name=bucket, privacy=privacy
            ).render_id

        return rendered

    def test_a_private_one_needs_the_credentials_of_its_store(
        self, s3, moto, bucket, away, theirs, tmp_path, monkeypatch
    ):
        render_id = away("private")
        given = {"bucket_name": bucket, "render_id": render_id}
        with pytest.raises(CredentialsError) as caught:
            aws.download_media(out_path=tmp_path / "a.png", **given)
        assert caught.value.message == (
            "The file was rendered with a custom S3 implementation and is not public, but no "
            "custom credentials were passed to downloadMedia()."
        )
        with pytest.raises(CredentialsError, match="were passed to deleteRender"):
            aws.delete_render(**given)
        assert keys(moto.client, "their-bucket") == ["a.png"]
        assert len(keys(s3, bucket)) == 1

        got = aws.download_media(out_path=tmp_path / "a.png", s3_output_provider=theirs, **given)
        older = aws.download_media(out_path=tmp_path / "b.png", custom_credentials=theirs, **given)
        monkeypatch.setenv("REMOTION_S3_OUTPUT_PROVIDER_ACCESS_KEY_ID", moto.access_key)
        monkeypatch.setenv("REMOTION_S3_OUTPUT_PROVIDER_SECRET_ACCESS_KEY", moto.secret_key)
        usual = aws.download_media(out_path=tmp_path / "c.png", **given)
        assert got.size_in_bytes == older.size_in_bytes == usual.size_in_bytes > 500
        monkeypatch.delenv("REMOTION_S3_OUTPUT_PROVIDER_ACCESS_KEY_ID")
        monkeypatch.delenv("REMOTION_S3_OUTPUT_PROVIDER_SECRET_ACCESS_KEY")

        aws.delete_render(s3_output_provider=theirs, **given)
        assert keys(moto.client, "their-bucket") == keys(s3, bucket) == []

    def test_a_public_one_needs_none_and_is_sent_none(
        self, bucket, away, moto_proxy, theirs, tmp_path
    ):
        theirs["endpoint"] = moto_proxy.endpoint
        render_id = away("public")
        moto_proxy.clear()
        got = aws.download_media(
            bucket_name=bucket, render_id=render_id, out_path=tmp_path / "a.png"
        )
        assert got.output_path.read_bytes()[1:4] == b"PNG"
        assert moto_proxy.seen()
        assert not any("authorization" in seen.headers for seen in moto_proxy.seen())

    def test_public_pictures_need_no_permission_to_list_them(
        self, bucket, moto_proxy, theirs, tmp_path
    ):
        theirs["endpoint"] = moto_proxy.endpoint
        place = {"bucket_name": "their-bucket", "key": "a", "s3_output_provider": theirs}
        render_id = framefleet.render_frames(
            HELLO, out_name=place, force_bucket_name=bucket, privacy="public", frame_range=(0, 2),
            scale=0.25,
        ).render_id  # fmt: skip
        denied = Answer.s3_error(403, "AccessDenied")
        moto_proxy.inject(denied, method="GET", target="list-type", times=None)
        got = aws.download_media(
            bucket_name=bucket, render_id=str(render_id), out_path=tmp_path / "a"
        )
        assert len(list(got.output_path.iterdir())) == 4

    def test_a_store_that_only_looks_the_same_is_left_alone(
        self, s3, moto, bucket, away, theirs, radosgw
    ):
        render_id = away("private")
        s3.create_bucket(Bucket="their-bucket")
        s3.put_object(Bucket="their-bucket", Key="other.png", Body=b"")
        ours = {
            "endpoint": radosgw.endpoint,
            "access_key_id": radosgw.access_key,
            "secret_access_key": radosgw.secret_key,
        }
        with pytest.raises(StorageError, match="does not have it: nothing was deleted"):
            aws.delete_render(bucket_name=bucket, render_id=render_id, s3_output_provider=ours)
        assert keys(moto.client, "their-bucket") == ["a.png"]
        assert len(keys(s3, bucket)) == 1

    def test_one_in_another_cloud_is_found_there(self, s3, bucket, gcs_bucket, google, tmp_path):
        render_id = framefleet.render_still(
            HELLO, out_name={"bucket_name": f"gs://{gcs_bucket}", "key": "a.png"},
            force_bucket_name=bucket,
        ).render_id  # fmt: skip
        given = {"bucket_name": bucket, "render_id": render_id}
        got = aws.download_media(out_path=tmp_path / "a.png", **given)
        assert got.output_path.read_bytes()[1:4] == b"PNG"
        aws.delete_render(**given)
        assert keys(s3, bucket) == []
        assert list(google.list_blobs(gcs_bucket)) == []
