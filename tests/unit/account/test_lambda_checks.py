"""Slips in calls of renders on Lambda are refused by name, before any function is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from framefleet import aws
from framefleet.errors import OptionError, OptionTypeError

REQUIRED: dict[str, Any] = {
    "function_name": "fn",
    "serve_url": "https://example.com",
    "composition": "film",
}
CALLS: dict[str, Callable[..., object]] = {
    "media": lambda **options: aws.render_media_on_lambda(
        **{"codec": "h264", **options}, **REQUIRED
    ),
    "sequence": lambda **options: aws.render_frames_on_lambda(
        **{"image_format": "png", **options}, **REQUIRED
    ),
    "still": lambda **options: aws.render_still_on_lambda(**options, **REQUIRED),
}
PLACE = {"bucket_name": "bucket", "key": "a.mp4"}
NO_SECRET = "s3OutputProvider has no secret."
STORE = {"endpoint": "https://example.com", "secret": "x"}


@pytest.fixture(autouse=True)
def _nobody_is_called(monkeypatch):
    """A call would fail in another way."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")


def refusal(kind, **options):
    with pytest.raises(OptionError) as caught:
        CALLS[kind](**options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("media", "enable_cancellation", "enableCancellation"),
        ("media", "disable_shared_memory_capture", "disableSharedMemoryCapture"),
        ("media", "overwrite", "overwrite"),
        ("media", "force_path_style", "forcePathStyle"),
        ("media", "prefer_lossless", "preferLossless"),
        ("sequence", "enable_cancellation", "enableCancellation"),
        ("still", "is_production", "isProduction"),
        ("still", "force_path_style", "forcePathStyle"),
    ],
)
@pytest.mark.parametrize("value", ["false", 0])
def test_a_switch_is_true_or_false(kind, name, said, value):
    assert f'"{said}" must be a boolean' in refusal(kind, **{name: value})


@pytest.mark.parametrize(
    ("kind", "options", "says"),
    [
        ("media", {"out_name": {**PLACE, "bucket": "b"}}, "outName has no bucket."),
        ("still", {"out_name": {**PLACE, "acl": "b"}}, "outName has no acl."),
        ("media", {"separate_audio_to": {**PLACE, "x": 1}}, "separateAudioTo has no x."),
        ("sequence", {"output_prefix": {"key": "a"}}, "outputPrefix has no key."),
        ("media", {"webhook": {"url": "https://a", "customdata": 1}}, "webhook has no customdata."),
        ("media", {"download_behavior": {"type": "download", "name": "a"}}, "has no name."),
        ("media", {"out_name": {**PLACE, "s3_output_provider": STORE}}, NO_SECRET),
        ("still", {"out_name": {**PLACE, "s3OutputProvider": STORE}}, NO_SECRET),
        ("sequence", {"output_prefix": {"s3_output_provider": STORE}}, NO_SECRET),
        ("media", {"out_name": {}}, "'bucketName' must be a string"),
        ("media", {"out_name": {"bucket_name": "bucket"}}, "The S3 key must be a string."),
    ],
)  # fmt: skip
def test_a_mapping_has_no_other_names(kind, options, says):
    assert says in refusal(kind, **options)


@pytest.mark.parametrize(
    ("kind", "name", "says"),
    [
        ("media", "buffer_size", "Did you mean encoding_buffer_size?"),
        ("media", "max_rate", "Did you mean encoding_max_rate?"),
        ("media", "quality", "Did you mean jpeg_quality?"),
        ("media", "dump_browser_logs", 'Did you mean log_level="verbose"?'),
        ("media", "api_key", "reports nothing to Remotion's servers"),
        ("still", "quality", "Did you mean jpeg_quality?"),
        ("still", "overwrite", "a still on Lambda replaces what has its key"),
    ],
)
def test_what_the_reference_has_besides_is_named(kind, name, says):
    assert says in refusal(kind, **{name: 1})


def test_a_deployment_says_why_it_takes_no_log_level():
    deploy: Callable[..., object] = aws.deploy_function
    with pytest.raises(OptionTypeError, match=r'"log_level" is not supported: .* logger'):
        deploy(log_level="info")


def test_the_older_name_is_the_same_function():
    assert aws.render_video_on_lambda is aws.render_media_on_lambda
    assert aws.aio.render_video_on_lambda is aws.aio.render_media_on_lambda
