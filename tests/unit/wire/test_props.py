"""Input props in a payload or in a bucket, and when they are too long for a payload."""

from __future__ import annotations

import pytest

from framefleet.errors import OptionTypeError
from framefleet.wire.props import (
    BucketProps,
    InlineProps,
    must_offload,
    offload_warning,
    read_props,
    text_size,
)

BUCKET = "remotionlambda-useast1-abcdefghij"


@pytest.mark.parametrize(
    "value",
    [
        *(None, {}, [], "", {"type": "payload"}, {"type": "payload", "payload": None}),
        *({"type": "payload", "payload": text} for text in ("{}", "", "null", "[]", " [] ")),
    ],
)
def test_no_props_are_empty_ones(value):
    assert read_props(value) == InlineProps("{}")


@pytest.mark.parametrize(
    "value",
    [
        {"type": "payload", "payload": '{"when":"remotion-date:2024-01-01T00:00:00.000Z"}'},
        {"type": "payload", "payload": "not read here"},
        {"type": "bucket-url", "hash": "a1b2c3d4e5", "bucketName": BUCKET},
        {"type": "bucket-url", "hash": "0" * 64, "bucketName": BUCKET},
    ],
)
def test_both_forms_are_read_and_written_as_they_are(value):
    assert read_props(value).to_dict() == value


def test_props_in_a_bucket_have_a_key_of_their_kind():
    found = BucketProps(hash="a1b2c3d4e5", bucket_name=BUCKET)
    assert found.key("input-props") == "input-props/a1b2c3d4e5.json"
    assert found.key("resolved-props") == "resolved-props/a1b2c3d4e5.json"


@pytest.mark.parametrize(
    "value",
    [
        {"title": "Hello"},
        {"type": "payload", "payload": {"title": "Hello"}},
        {"type": "bucket-url", "hash": "a1b2c3d4e5"},
        {"type": "bucket-url", "hash": "", "bucketName": BUCKET},
        {"type": "bucket-url", "hash": "../progress", "bucketName": BUCKET},
        {"type": "bucket-url", "hash": 7, "bucketName": BUCKET},
        "text",
        7,
    ],
)
def test_other_forms_are_refused(value):
    with pytest.raises(
        OptionTypeError, match=r"^Failed to parse input props that were serialized: "
    ):
        read_props(value)


@pytest.mark.parametrize(
    ("sizes", "kind", "expected"),
    [
        ([193_976], "media", False),
        ([193_977], "media", True),
        ([193_974, 2], "media", False),
        ([193_974, 3], "media", True),
        ([4_993_976], "still", False),
        ([4_993_977], "still", True),
    ],
)
def test_props_are_offloaded_above_the_limit(sizes, kind, expected):
    assert must_offload(sizes, kind) is expected


def test_texts_are_measured_as_javascript_does():
    assert [text_size(text) for text in ("{}", "é", "😉", "\ud83d")] == [2, 1, 2, 1]


# The first is what the genuine client prints for a string of 194000 letters.
@pytest.mark.parametrize(
    ("size", "kind", "numbers"),
    [(194_008, "media", "194KB (190KB)"), (5_000_000, "still", "4994KB (4883KB)")],
)
def test_the_warning_names_limit_and_size(size, kind, numbers):
    assert offload_warning(size, kind) == (
        f"Warning: The props are over {numbers} in size. Uploading them to S3 to circumvent AWS "
        "Lambda payload size, which may lead to slowdown."
    )
