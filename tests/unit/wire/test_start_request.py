"""Every form in which a render may be asked for, and what is refused at once."""

from __future__ import annotations

import json
import re

import pytest

from framefleet.domain.arguments import complete
from framefleet.domain.destination import S3Provider, fresh_render_id
from framefleet.domain.options import ChromiumArguments, MediaArguments, SequenceArguments
from framefleet.domain.rules import resolve_media, resolve_sequence
from framefleet.domain.rules.destinations import read_delete_after
from framefleet.errors import OptionError, OptionTypeError
from framefleet.wire.payload_options import MEDIA_OPTIONS, SEQUENCE_OPTIONS
from framefleet.wire.payload_values import OutName
from framefleet.wire.start_request import SequenceOutput, read_launch, read_start
from framefleet.wire.webhooks import Webhook

LEAST = {"type": "start", "serveUrl": "my-site", "composition": "film", "codec": "h264"}
SEQUENCE = {
    "type": "start",
    "serveUrl": "my-site",
    "composition": "film",
    "imageFormat": "png",
    "output": {"type": "sequence"},
}
BUCKET = "remotionlambda-useast1-abcdefghij"


def start(**changes):
    return read_start({**LEAST, **changes})


def option(name, **changes):
    return start(**changes).options.get(name)


def test_a_render_may_be_asked_for_in_a_few_words():
    found = start()
    assert found.options == {
        "codec": "h264",
    }
    assert found.sequence is None
    assert found.separate_audio_to is None
    assert found.webhook is None
    assert (found.enable_cancellation, found.is_production) == (False, True)
    assert found.functions.max_retries == 1
    assert found.functions.concurrency_per_lambda == 1
    assert found.output.privacy == "public"
    assert not found.output.overwrite


def test_null_is_not_given():
    keys = [
        *("imageFormat", "sampleRate", "isProduction", "enableCancellation", "output", "webhook"),
        *("inputProps", "outName", "maxRetries", "privacy", "chromiumOptions", "downloadBehavior"),
        *("concurrencyPerLambda", "jpegQuality", "overwrite", "separateAudioTo", "frameRange"),
        *("envVariables", "metadata", "logLevel", "scale", "muted", "forcePathStyle", "bucketName"),
    ]
    found = start(**dict.fromkeys(keys))
    assert found.input_props == start().input_props
    assert found.options == start().options
    assert found.output == start().output
    assert found.functions == start().functions
    assert found.is_production
    assert not found.enable_cancellation


# Key, what was sent, our option, what it becomes.
@pytest.mark.parametrize(
    ("key", "value", "name", "expected"),
    [
        ("frameRange", "0-59", "frame_range", (0, 59)),
        ("frameRange", "10", "frame_range", 10),
        ("frameRange", "100-", "frame_range", (100, None)),
        ("frameRange", [0, None], "frame_range", [0, None]),
        ("frameRange", 7, "frame_range", 7),
        ("frameRange", 0, "frame_range", 0),
        ("frameRange", "", "frame_range", None),
        ("frameRange", [9, 3], "frame_range", [9, 3]),
        ("frameRange", "to the end", "frame_range", "to the end"),
        ("envVariables", [], "env_variables", None),
        ("envVariables", {}, "env_variables", None),
        ("envVariables", {"A": "1"}, "env_variables", {"A": "1"}),
        ("metadata", [], "metadata", None),
        ("metadata", {"title": "Film"}, "metadata", {"title": "Film"}),
        ("colorSpace", "", "color_space", None),
        ("colorSpace", None, "color_space", None),
        ("colorSpace", "bt601", "color_space", "bt601"),
        ("audioCodec", "", "audio_codec", None),
        ("pixelFormat", "", "pixel_format", None),
        ("audioBitrate", 128_000, "audio_bitrate", "128K"),
        ("videoBitrate", 1_234_567, "video_bitrate", "1234.567K"),
        ("videoBitrate", "5M", "video_bitrate", "5M"),
        ("quality", 70, "jpeg_quality", 70),
        ("bufferSize", "3M", "encoding_buffer_size", "3M"),
        ("maxRate", "5M", "encoding_max_rate", "5M"),
        ("numberOfGifLoops", 0, "number_of_gif_loops", None),
        ("numberOfGifLoops", 3, "number_of_gif_loops", 3),
        ("crf", 0, "crf", 0),
        ("forceWidth", 640, "width", 640),
        ("forceHeight", 480, "height", 480),
        ("forceFps", 29.97, "fps", 29.97),
        ("forceDurationInFrames", 90, "duration_in_frames", 90),
        ("proResProfile", "hq", "prores_profile", "hq"),
        ("x264Preset", "fast", "x264_preset", "fast"),
        ("gopSize", 30, "gop_size", 30),
        ("encodingMaxRate", "5M", "encoding_max_rate", "5M"),
        ("encodingBufferSize", "9M", "encoding_buffer_size", "9M"),
        (
            "offthreadVideoCacheSizeInBytes",
            500_000_000,
            "offthread_video_cache_size_in_bytes",
            500_000_000,
        ),
        ("dumpBrowserLogs", True, "log_level", "verbose"),
        ("dumpBrowserLogs", False, "log_level", None),
        ("gl", "angle", "chromium_options", {"gl": "angle"}),
        ("gl", "", "chromium_options", None),
        ("chromiumOptions", [], "chromium_options", None),
    ],
)
def test_an_option_is_read_in_all_its_forms(key, value, name, expected):
    assert option(name, **{key: value}) == expected


def test_the_newer_name_of_the_quality_goes_first():
    assert option("jpeg_quality", quality=70, jpegQuality=90) == 90


@pytest.mark.parametrize("loops", [0, 3])
def test_a_gif_keeps_its_loops(loops):
    assert option("number_of_gif_loops", codec="gif", numberOfGifLoops=loops) == loops


@pytest.mark.parametrize("codec", ["mp3", "aac", "wav"])
@pytest.mark.parametrize("image_format", [None, "jpeg", "none"])
def test_sound_alone_has_no_image_format(codec, image_format):
    assert "image_format" not in start(codec=codec, imageFormat=image_format).options


@pytest.mark.parametrize(
    "sent",
    [
        {"ignoreCertificateErrors": True, "disableWebSecurity": False, "userAgent": "x"},
        {"ignore_certificate_errors": True, "disable_web_security": False, "user_agent": "x"},
    ],
)
def test_chromium_options_are_read_in_both_spellings(sent):
    dropped = {
        *("headless", "enableMultiProcessOnLinux", "enable_multi_process_on_linux", "unheard_of"),
    }
    options = {**sent, **dict.fromkeys(dropped, True), "gl": None, "darkMode": True}
    assert option("chromium_options", chromiumOptions=options) == {
        "ignore_certificate_errors": True,
        "disable_web_security": False,
        "user_agent": "x",
        "dark_mode": True,
    }


def test_chromiums_own_gl_goes_before_the_one_beside():
    found = option("chromium_options", chromiumOptions={"gl": "egl"}, gl="angle")
    assert found == {"gl": "egl"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("20", 20),
        (20, 20),
        ("", None),
        (None, None),
        ("many", "many"),
        (4.5, 4.5),
    ],
)
def test_frames_per_lambda_may_be_digits(value, expected):
    assert start(framesPerLambda=value).functions.frames_per_lambda == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(None, 1), (0, 0), (3, 3), ("2", 2), (-1, 0), ("often", 0)]
)
def test_retries_are_counted(value, expected):
    assert start(maxRetries=value).functions.max_retries == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("video.mp4", "video.mp4"),
        # Not a name, but nothing is validated yet.
        (7, 7),
        (
            {"bucketName": "bucket", "key": "a.mp4"},
            OutName(bucket_name="bucket", key="a.mp4"),
        ),
        (
            {"bucketName": "bucket", "key": "a.mp4", "s3OutputProvider": None},
            OutName(bucket_name="bucket", key="a.mp4"),
        ),
    ],
)
@pytest.mark.parametrize("key", ["outName", "separateAudioTo"])
def test_an_output_is_named_or_placed(key, value, expected):
    found = start(**{key: value})
    assert (found.output.out_name if key == "outName" else found.separate_audio_to) == expected


@pytest.mark.parametrize(
    "provider",
    [
        {
            "s3OutputProvider": {
                "endpoint": "https://fra1.example.com",
                "accessKeyId": "id",
                "secretAccessKey": "secret",
                "region": "fra1",
                "forcePathStyle": True,
                "unheardOf": 1,
            }
        },
        {
            "s3_output_provider": {
                "endpoint": "https://fra1.example.com",
                "access_key_id": "id",
                "secret_access_key": "secret",
                "region": "fra1",
                "force_path_style": True,
            }
        },
    ],
)
def test_another_store_is_read_in_both_spellings(provider):
    expected = S3Provider(
        endpoint="https://fra1.example.com",
        access_key_id="id",
        secret_access_key="secret",
        region="fra1",
        force_path_style=True,
    )
    found = start(outName={"bucketName": "bucket", "key": "a.mp4", **provider}).output.out_name
    assert found == OutName(bucket_name="bucket", key="a.mp4", provider=expected)
    assert found.to_dict() == {
        "bucketName": "bucket",
        "key": "a.mp4",
        "s3OutputProvider": {"endpoint": "https://fra1.example.com"},
    }
    assert "secret" not in repr(found)


def test_another_store_without_an_address_is_refused():
    """The output would otherwise go to AWS."""
    place = {"bucketName": "bucket", "key": "a.mp4", "s3OutputProvider": {"accessKeyId": "id"}}
    with pytest.raises(OptionTypeError, match="The endpoint of s3OutputProvider"):
        start(outName=place)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://example.com", Webhook(url="https://example.com")),
        ("", None),
        (None, None),
        ([], None),
        ({"url": None, "secret": None}, None),
        (
            {"url": "https://example.com", "secret": None},
            Webhook(url="https://example.com"),
        ),
        (
            {"url": "https://example.com", "secret": "s", "customData": {"a": 1}},
            Webhook(url="https://example.com", secret="s", custom_data={"a": 1}),
        ),
    ],
)
def test_a_webhook_may_be_an_address(value, expected):
    assert start(webhook=value).webhook == expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"bucketName": BUCKET, "forceBucketName": "other"}, BUCKET),
        ({"bucketName": None, "forceBucketName": BUCKET}, BUCKET),
        ({"forceBucketName": BUCKET}, BUCKET),
        ({"bucketName": ""}, None),
    ],
)
def test_go_names_the_bucket_in_a_key_of_its_own(payload, expected):
    assert start(**payload).output.bucket_name == expected


@pytest.mark.parametrize(
    "ignored",
    [
        *("apiKey", "licenseKey", "disableSharedMemoryCapture", "mediaCacheSizeInBytes"),
        *("offthreadVideoThreads", "somethingNew"),
        # Ours, but not for callers from outside.
        *("browserExecutable", "executor", "region", "chunkFrames", "hardwareAcceleration"),
    ],
)
def test_other_keys_are_ignored(ignored):
    assert start(**{ignored: "x"}).options == start().options


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ({}, SequenceOutput(prefix=None, pattern=None)),
        (
            {"outputPrefix": "a/b", "imageSequencePattern": "[frame].[ext]"},
            SequenceOutput(prefix="a/b", pattern="[frame].[ext]"),
        ),
        (
            {"outputPrefix": {"bucketName": "bucket", "keyPrefix": "a/"}},
            SequenceOutput(prefix=OutName(bucket_name="bucket", key="a/"), pattern=None),
        ),
    ],
)
def test_a_sequence_has_a_prefix_and_a_pattern(output, expected):
    payload = {**SEQUENCE, "codec": None, "muted": True, "output": {"type": "sequence", **output}}
    found = read_start(payload)
    assert found.sequence == expected
    assert found.options == {"image_format": "png"}


@pytest.mark.parametrize("output", [None, {}, [], {"type": "media"}])
def test_without_a_sequence_the_output_is_media(output):
    assert start(output=output).sequence is None


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        (
            {"serveUrl": None},
            OptionTypeError,
            '"serveURL" parameter must be a string, but is null',
        ),
        ({"serveUrl": ""}, OptionTypeError, '"serveURL" parameter must be a string, but is ""'),
        ({"serveUrl": 7}, OptionTypeError, '"serveURL" parameter must be a string, but is 7'),
        (
            {"composition": None},
            OptionTypeError,
            '"composition" parameter must be a string, but is null',
        ),
        ({"codec": None}, OptionError, "Media renders require a codec"),
        ({"codec": 7}, OptionTypeError, '"codec" must be a string '),
        *(
            (
                {"codec": codec},
                OptionError,
                f"'{codec}' is not a valid codec for Lambda. The following values are supported: "
                "h264, h265, vp8, vp9, mp3, aac, wav, gif, prores",
            )
            for codec in ("h264-mkv", "av2", "H264")
        ),
        (
            {"imageFormat": "webp"},
            OptionTypeError,
            "Value webp is not valid as an image format.",
        ),
    ],
)
def test_what_no_render_can_do_without_is_refused(changes, kind, message):
    with pytest.raises(OptionError) as caught:
        start(**changes)
    assert type(caught.value) is kind
    assert caught.value.message == message


@pytest.mark.parametrize("key", ["serveUrl", "composition"])
def test_a_missing_key_is_undefined(key):
    payload = {name: value for name, value in LEAST.items() if name != key}
    with pytest.raises(OptionTypeError, match="must be a string, but is undefined"):
        read_start(payload)


@pytest.mark.parametrize("image_format", [None, "none", "webp"])
def test_a_sequence_needs_pictures(image_format):
    with pytest.raises(OptionError) as caught:
        read_start({**SEQUENCE, "imageFormat": image_format})
    assert caught.value.message == 'Image sequences require imageFormat: "png" or "jpeg"'


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crf": 99}, "CRF must be between"),
        ({"frameRange": [9, 3]}, "The second value of frame range"),
        ({"frameRange": "to the end"}, "Frame range must be a number or a tuple"),
        ({"everyNthFrame": 0}, "cannot be below 1"),
        ({"audioCodec": "opus"}, "Audio codec opus is not supported"),
        ({"colorSpace": "bt2020-cl"}, "for colorSpace but got"),
        ({"metadata": ["title"]}, '"metadata" must be an object'),
        ({"numberOfGifLoops": 3}, '"numberOfGifLoops" can only be set if'),
        ({"videoBitrate": 0}, "must be above 0"),
    ],
)
def test_all_else_is_refused_when_it_is_used(changes, message):
    options = complete(MediaArguments, start(**changes).options)
    with pytest.raises(OptionError, match=re.escape(message)):
        resolve_media(options, None)


def test_what_is_read_is_what_our_table_takes():
    assert set(MEDIA_OPTIONS) < set(complete(MediaArguments, None))
    assert set(SEQUENCE_OPTIONS) < set(complete(SequenceArguments, None))
    chromium = {"userAgent": "x", "darkMode": True, "headless": True}
    found = start(audioBitrate=96_000, frameRange="0-9", chromiumOptions=chromium).options
    resolved = resolve_media(complete(MediaArguments, found), None)
    assert resolved.audio.bitrate == 96_000
    assert resolved.ranges is not None
    assert resolved.ranges.ranges == ((0, 9),)
    assert complete(ChromiumArguments, found["chromium_options"])["user_agent"] == "x"
    sequence = read_start(SEQUENCE).options
    assert resolve_sequence(complete(SequenceArguments, sequence)).capture.image_format == "png"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (7, "Expected life cycle value to be a string, got 7"),
        (
            "2-days",
            "Expected deleteAfter value to be one of 1-day, 3-days, 7-days, 30-days, got 2-days",
        ),
    ],
)
def test_an_unknown_expiry_is_left_to_the_rules(value, message):
    with pytest.raises(OptionError) as caught:
        read_delete_after(start(deleteAfter=value).output.delete_after)
    assert caught.value.message == message


@pytest.mark.parametrize("value", [None, "1-day", "3-days", "7-days", "30-days"])
def test_the_id_of_a_render_says_when_it_expires(value):
    expiry = read_delete_after(start(deleteAfter=value).output.delete_after)
    found = fresh_render_id(expiry)
    assert re.fullmatch("((1-day|3-days|7-days|30-days)-)?[a-z0-9]{10}", found)
    assert found[:-10] == (f"{value}-" if value else "")


def test_a_launch_is_what_was_sent_with_id_and_bucket():
    payload = {**LEAST, "version": "4.0.527", "frameRange": "0-59", "bucketName": None, "new": [1]}
    sent = read_start(payload).to_launch("7-days-a1b2c3d4e5", BUCKET)
    assert sent == {
        **payload,
        "type": "launch",
        "renderId": "7-days-a1b2c3d4e5",
        "bucketName": BUCKET,
    }
    found = read_launch(json.loads(json.dumps(sent)))
    assert (found.render_id, found.bucket_name) == ("7-days-a1b2c3d4e5", BUCKET)
    assert found.start.options == read_start(payload).options
    assert found.start.output.bucket_name == BUCKET


@pytest.mark.parametrize("missing", ["renderId", "bucketName"])
def test_a_launch_without_id_or_bucket_is_refused(missing):
    sent = start().to_launch("a1b2c3d4e5", BUCKET)
    del sent[missing]
    with pytest.raises(OptionTypeError, match=missing):
        read_launch(sent)


def test_secrets_are_not_shown():
    found = start(
        webhook={"url": "https://example.com", "secret": "hush"},
        envVariables={"KEY": "hush"},
        inputProps={"type": "payload", "payload": '{"key":"hush"}'},
    )
    assert "hush" not in repr(found)
