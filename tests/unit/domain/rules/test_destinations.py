"""Where outputs go: what is understood, and what is refused in which words."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from framefleet.domain.arguments import complete
from framefleet.domain.destination import (
    BucketAddress,
    Cloud,
    Destination,
    DownloadBehavior,
    KeptRender,
    S3Provider,
)
from framefleet.domain.destination_options import DestinationArguments
from framefleet.domain.rules import media_name, read_place, read_separate_place, sound_name
from framefleet.domain.stored import Privacy
from framefleet.errors import OptionError

REGIONS = {Cloud.S3: "eu-west-1", Cloud.GCS: None}
PROVIDER: dict[str, Any] = {
    "endpoint": "https://s3.example",
    "access_key_id": "id",
    "secret_access_key": "key",
}


def place(output=None, **options):
    return read_place(output, complete(DestinationArguments, options), regions=REGIONS)


def separate(value, **options):
    return read_separate_place(value, complete(DestinationArguments, options), regions=REGIONS)


def test_paths_and_nothing_are_what_they_were():
    assert place() is None
    assert place("out/a.mp4") == Path("out/a.mp4")
    assert place(Path("a.mp4")) == Path("a.mp4")


def test_an_address_is_a_bucket_and_a_key():
    found = place("s3://bucket/films/a b.mp4")
    assert isinstance(found, Destination)
    assert (str(found), found.key) == ("s3://bucket/films/a b.mp4", "films/a b.mp4")
    assert found.bucket == BucketAddress(cloud=Cloud.S3, name="bucket", region="eu-west-1")
    assert found.delivery.privacy is Privacy.NO_ACL
    assert str(place("gs://a_bucket/x")) == "gs://a_bucket/x"
    assert str(place("s3://bucket")) == "s3://bucket/"


def test_a_name_keeps_the_render_in_a_bucket():
    found = place(out_name="a.mp4", delete_after="7-days")
    assert isinstance(found, KeptRender)
    assert found.home == BucketAddress(cloud=Cloud.S3, name="", region="eu-west-1")
    assert (found.name, found.elsewhere, found.delete_after) == ("a.mp4", None, "7-days")
    assert found.delivery.privacy is Privacy.PUBLIC
    google = place(out_name="a", force_bucket_name="gs://bucket")
    assert str(google.home) == "gs://bucket"
    google = place(force_bucket_name="gs://", region="us-east4")
    assert google.home == BucketAddress(cloud=Cloud.GCS, name="", region="us-east4")
    assert place(force_bucket_name="s3://", out_name="a").home.name == ""
    assert place(force_bucket_name="bucket").name is None


@pytest.mark.parametrize("bucket", ["bucketName", "bucket_name"])
@pytest.mark.parametrize("provider", ["s3OutputProvider", "s3_output_provider"])
def test_an_exact_place_may_be_spelt_as_in_javascript(bucket, provider):
    found = place(
        out_name={bucket: "bucket", "key": "my-output", provider: PROVIDER},
        force_bucket_name="renders",
    )
    assert (found.home.name, found.name) == ("renders", None)
    assert str(found.elsewhere) == "s3://bucket/my-output"
    assert found.elsewhere.bucket.provider == S3Provider(**PROVIDER)


def test_the_reference_command_line_means_the_bucket_at_the_provider():
    found = place(out_name="a.mp4", force_bucket_name="bucket", s3_output_provider=PROVIDER)
    assert str(found.elsewhere) == "s3://bucket/a.mp4"
    assert (found.home.name, found.name) == ("", None)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"output": "s3://abc/a.webm"}, "a.webm"),
        ({"output": "s3://abc/my-output"}, None),
        ({"output": "s3://abc/v1.2"}, None),
        ({"output": "s3://abc/folder.mp4/"}, None),
        ({"output": "s3://abc"}, None),
        ({"out_name": "strange.name"}, "strange.name"),
        ({"out_name": {"bucketName": "abc", "key": "x/a.gif"}}, "a.gif"),
        ({"output": "x/a.gif"}, "x/a.gif"),
    ],
)
def test_names_say_what_they_can_of_the_format(given, name):
    assert media_name(place(**given)) == (Path(name) if name else None)


def test_sound_has_a_place_of_its_own():
    assert separate(None) is None
    assert separate("a.mp3") == Path("a.mp3")
    found = separate("s3://bucket/x/a.strange")
    assert str(found) == "s3://bucket/x/a.strange"
    assert sound_name(found) == Path("a.strange")
    assert str(separate({"bucketName": "abc", "key": "a.wav"})) == "s3://abc/a.wav"
    for nameless in ("s3://bucket", "s3://bucket/", "s3://bucket/folder/"):
        with pytest.raises(OptionError, match="separateAudioTo names no file"):
            separate(nameless)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"out_name": "a", "s3_output_provider": PROVIDER}, "^Pass --force-bucket-name when"),
        (
            {"force_bucket_name": "abc", "s3_output_provider": PROVIDER},
            "^Pass --out-name when using S3 output provider flags",
        ),
        (
            {"out_name": "a", "force_bucket_name": "gs://abc", "s3_output_provider": PROVIDER},
            "of no use to a bucket of Google",
        ),
        ({"output": "gs://abc/a", "s3_output_provider": PROVIDER}, "of no use to a bucket of Goo"),
        ({"output": "gs://abc/a", "region": "us-east4"}, r"^region \(--region\) is of no use"),
        ({"force_bucket_name": "gs://abc", "region": "us-east4"}, r"^region \(--region\) is of"),
        ({"output": "gs://abc/a", "force_path_style": True}, "^forcePathStyle"),
        (
            {"out_name": "a", "force_bucket_name": "ftp://abc"},
            "ftp://abc is in no store that we know",
        ),
        ({"out_name": {"bucketName": "abc", "key": "a", "x": 1}}, "^outName has no x"),
        ({"out_name": "\t"}, "^The S3 Key must match the RegExp"),
        ({"out_name": "a" * 1025}, "^The S3 Key may have 1024 bytes"),
        ({"out_name": "a", "force_bucket_name": "1.2.3.4"}, "^The bucket 1.2.3.4 cannot exist"),
        ({"out_name": "a", "force_bucket_name": 7}, "^'bucketName' must be a string, but is 7"),
        ({"out_name": "a", "storage_class": "standard"}, "storageClass"),
        ({"out_name": "a", "delete_after": 7}, "^Expected life cycle value to be a string, got 7"),
        (
            {"out_name": {"bucketName": "abc", "key": "a"}, "delete_after": "1-day"},
            "^deleteAfter works by the key of a render",
        ),
        (
            {"out_name": "a", "download_behavior": {"type": "download", "fileName": 7}},
            'then fileName must be "null" or a string',
        ),
        (
            {"output": "s3://abc/a", "s3_output_provider": {**PROVIDER, "secret_access_key": None}},
            "needs both or none",
        ),
        ({"output": "s3://abc/a", "s3_output_provider": {"url": "x"}}, "has no url"),
    ],
)
def test_what_cannot_be_is_refused_in_the_references_words(options, message):
    with pytest.raises(OptionError, match=message):
        place(**options)


STRANGE = [
    True, 0, -1, 1.5, float("nan"), "", "x", "\ud800", "\0", b"x", [], [None], {}, {"a": {}}, {1},
    {"type": 1}, {"key": None}, {"endpoint": 1}, {1: 2}, object(), Fraction(1, 3), "s3://", "://",
]  # fmt: skip


@pytest.mark.parametrize("value", STRANGE, ids=[str(index) for index in range(len(STRANGE))])
def test_no_value_of_any_option_is_a_traceback(value):
    names = [*DestinationArguments.__annotations__]
    for name in names:
        for more in ({}, {"output": "s3://abc/a"}, {"out_name": "a", "force_bucket_name": "abc"}):
            with suppress(OptionError):
                place(**{**more, name: value})
    with suppress(OptionError):
        place(value)
    with suppress(OptionError):
        separate(value)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        (None, "attachment"),
        ("a b.mp4", 'attachment; filename="a%20b.mp4"'),
        ("ü(1).mp4", 'attachment; filename="%C3%BC(1).mp4"'),
        ("a%2Fb.mp4", 'attachment; filename="a%2Fb.mp4"'),
    ],
)
def test_browsers_are_told_what_to_do(name, header):
    behavior = DownloadBehavior(is_download=True, file_name=name)
    assert behavior.content_disposition == header
    assert DownloadBehavior().content_disposition is None


def test_credentials_of_a_provider_are_never_shown():
    found = place("s3://abc/a", s3_output_provider={**PROVIDER, "secret_access_key": "hidden"})
    assert "hidden" not in repr(found)
    assert found.bucket.provider.to_dict() == {"endpoint": "https://s3.example"}
