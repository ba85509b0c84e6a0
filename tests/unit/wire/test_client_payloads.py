"""What the official clients send, in every language, is one and the same request.

The payloads of JavaScript are those of the genuine client 4.0.527, sent to a stub. Those of PHP,
Go and Ruby are written from spec/serverless-clients-rest.md 4 to 6. Those of Python are made by
the genuine client as the test runs.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from remotion_lambda import RemotionClient
from remotion_lambda.models import (
    ChromiumOptions,
    CustomCredentials,
    ImageSequenceOutputPrefix,
    OutNameInputObject,
    RenderFramesParams,
    RenderMediaParams,
    RenderStillParams,
    ShouldDownload,
    Webhook,
)

from framefleet.domain.destination import S3Provider
from framefleet.domain.rules.destinations import read_download_behavior
from framefleet.wire.other_requests import StatusRequest, read_status
from framefleet.wire.payload_values import OutName, OutputRequest, read_routine
from framefleet.wire.props import BucketProps, InlineProps
from framefleet.wire.start_request import FunctionOptions, SequenceOutput, StartRequest, read_start
from framefleet.wire.still_request import StillRequest, read_still
from framefleet.wire.webhooks import Webhook as WebhookRequest

PAYLOADS = Path(__file__).with_name("payloads")
SITE = "https://example.com/site"
BUCKET = "remotionlambda-useast1-abcdefghij"
PROVIDER = S3Provider(
    endpoint="https://fra1.example.com", access_key_id="id", secret_access_key="secret"
)
GIVEN = {"timeout_in_milliseconds": 30_000, "log_level": "info", "scale": 1, "jpeg_quality": 80}
MEDIA = {
    **GIVEN,
    "every_nth_frame": 1,
    "codec": "h264",
    "image_format": "jpeg",
    "muted": False,
    "prefer_lossless": False,
    "sample_rate": 48_000,
}
OUTPUT = OutputRequest(
    out_name=None,
    bucket_name=None,
    privacy="public",
    download_behavior={"type": "play-in-browser"},
    storage_class=None,
    delete_after=None,
    overwrite=False,
    force_path_style=False,
)
START = StartRequest(
    version="4.0.527",
    serve_url=SITE,
    composition="film",
    input_props=InlineProps("{}"),
    options=MEDIA,
    output=OUTPUT,
    sequence=None,
    separate_audio_to=None,
    functions=FunctionOptions(
        max_retries=1,
        frames_per_lambda=None,
        concurrency=None,
        concurrency_per_lambda=1,
        renderer_function_name=None,
    ),
    webhook=None,
    enable_cancellation=False,
    is_production=True,
    payload={},
)
STILL = StillRequest(
    version="4.0.527",
    serve_url=SITE,
    composition="film",
    input_props=InlineProps("{}"),
    options={**GIVEN, "image_format": "png", "frame": 0},
    output=replace(OUTPUT, overwrite=True),
    max_retries=1,
    attempt=1,
    is_streamed=False,
    is_production=True,
)
STATUS = StatusRequest(
    version="4.0.527",
    render_id="abcdefghij",
    bucket_name=BUCKET,
    provider=None,
    log_level="info",
    force_path_style=False,
)


class Client(RemotionClient):  # type: ignore[misc]
    """The genuine client, which keeps what it would have put into a bucket."""

    def __init__(self) -> None:
        super().__init__(region="us-east-1", serve_url=f"{SITE}/", function_name="render")
        self.kept: dict[tuple[str, str], str] = {}

    def _get_or_create_bucket(self) -> str:
        return BUCKET

    def _upload_to_s3(self, bucket_name, key, payload) -> None:
        self.kept[bucket_name, key] = payload

    def payload(self, params) -> dict[str, Any]:
        kind = "still" if isinstance(params, RenderStillParams) else "video-or-audio"
        return parsed(self.construct_render_request(params, kind))


def parsed(text: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(text)
    return payload


def sent(name: str) -> dict[str, Any]:
    return parsed((PAYLOADS / f"{name}.json").read_text())


def python_payload(params_class, **params) -> dict[str, Any]:
    return Client().payload(params_class(composition="film", **params))


def python_status(**options) -> dict[str, Any]:
    return parsed(Client().construct_render_progress_request("abcdefghij", BUCKET, **options))


def alike(request):
    """Without what tells clients apart; `downloadBehavior` has two words for playing.

    Some send a sample rate, which is our default; others leave it out.
    """
    shown = read_download_behavior(request.output.download_behavior).to_dict()
    output = replace(request.output, download_behavior=shown)
    options = {name: item for name, item in request.options.items() if name != "sample_rate"}
    return replace(request, version=None, output=output, options=options)


def test_every_key_of_javascript_is_read():
    payload = sent("js_start")
    assert read_start(payload) == replace(START, payload=payload)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(sent("php_start"), id="php"),
        pytest.param(sent("go_start"), id="go"),
        pytest.param(sent("ruby_start"), id="ruby"),
        pytest.param(python_payload(RenderMediaParams), id="python"),
    ],
)
def test_clients_of_all_languages_start_the_same_render(payload):
    assert read_routine(payload) == "start"
    assert alike(read_start(payload)) == alike(replace(START, payload=payload))


@pytest.mark.parametrize(
    ("payload", "is_streamed"),
    [
        pytest.param(sent("js_still"), True, id="js"),
        pytest.param(sent("ruby_still"), False, id="ruby"),
        pytest.param(python_payload(RenderStillParams, image_format="png"), False, id="python"),
    ],
)
def test_clients_of_all_languages_ask_for_the_same_still(payload, is_streamed):
    assert read_routine(payload) == "still"
    assert alike(read_still(payload)) == alike(replace(STILL, is_streamed=is_streamed))


@pytest.mark.parametrize(
    "payload",
    [
        *(pytest.param(sent(f"{name}_status"), id=name) for name in ("js", "php", "go", "ruby")),
        pytest.param(python_status(), id="python"),
    ],
)
def test_clients_of_all_languages_ask_for_the_same_progress(payload):
    assert read_routine(payload) == "status"
    assert replace(read_status(payload), version=None) == replace(STATUS, version=None)


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("js_start", "4.0.527"),
        ("php_start", "4.0.520"),
        ("go_start", "4.0.400"),
        ("ruby_start", "4.0.510"),
    ],
)
def test_the_version_of_the_client_is_kept(name, version):
    assert read_start(sent(name)).version == version


def test_what_python_sends_is_read_whole():
    credentials = CustomCredentials(
        endpoint=PROVIDER.endpoint,
        access_key_id=PROVIDER.access_key_id,
        secret_access_key=PROVIDER.secret_access_key,
    )
    payload = python_payload(
        RenderMediaParams,
        codec="vp8",
        crf=20,
        input_props={"text": "{é}"},
        frame_range="0-59",
        frames_per_lambda=20,
        chromium_options=ChromiumOptions(
            ignore_certificate_errors=True,
            disable_web_security=False,
            gl="angle",
            headless=True,
            user_agent="Mozilla",
            enable_multi_process_on_linux=True,
        ),
        out_name=OutNameInputObject("bucket", "a/out.webm", credentials),
        separate_audio_to=OutNameInputObject("bucket", "a/out.wav"),
        webhook=Webhook(secret="word", url="https://example.com/hook", customData={"a": [1.5]}),
        download_behavior=ShouldDownload(type="download", fileName="film.webm"),
        force_width=640,
        force_fps=24,
        env_variables={"KEY": "value"},
        metadata={"title": "Film"},
        delete_after="3-days",
        storage_class="STANDARD_IA",
        privacy="no-acl",
        renderer_function_name="other",
        enable_cancellation=True,
        is_production=False,
        overwrite=True,
        bucket_name=BUCKET,
        license_key="key",
    )
    found = read_start(payload)
    assert found.options == {
        **MEDIA,
        "codec": "vp8",
        "crf": 20,
        "frame_range": (0, 59),
        "chromium_options": {
            "ignore_certificate_errors": True,
            "disable_web_security": False,
            "gl": "angle",
            "user_agent": "Mozilla",
        },
        "width": 640,
        "fps": 24,
        "env_variables": {"KEY": "value"},
        "metadata": {"title": "Film"},
    }
    assert found.output == OutputRequest(
        out_name=OutName(bucket_name="bucket", key="a/out.webm", provider=PROVIDER),
        bucket_name=BUCKET,
        privacy="no-acl",
        download_behavior={"type": "download", "fileName": "film.webm"},
        storage_class="STANDARD_IA",
        delete_after="3-days",
        overwrite=True,
        force_path_style=False,
    )
    assert found.separate_audio_to == OutName(bucket_name="bucket", key="a/out.wav")
    assert found.webhook == WebhookRequest(
        url="https://example.com/hook", secret="word", custom_data={"a": [1.5]}
    )
    assert found.functions.frames_per_lambda == 20
    assert found.functions.renderer_function_name == "other"
    assert (found.enable_cancellation, found.is_production) == (True, False)
    assert found.input_props == InlineProps('{"text":"{\\u00e9}"}')


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        (None, None),
        ("frames/a", "frames/a"),
        (
            ImageSequenceOutputPrefix("bucket", "frames/a"),
            OutName(bucket_name="bucket", key="frames/a"),
        ),
    ],
)
def test_python_asks_for_a_sequence(prefix, expected):
    payload = python_payload(
        RenderFramesParams, output_prefix=prefix, frame_range=[10, None], image_format="png"
    )
    found = read_start(payload)
    assert found.sequence == SequenceOutput(prefix=expected, pattern=None)
    assert found.options == {
        **GIVEN,
        "image_format": "png",
        "every_nth_frame": 1,
        "frame_range": [10, None],
    }


def test_python_asks_about_a_render_at_another_store():
    found = read_status(
        python_status(
            s3_output_provider=CustomCredentials(
                endpoint=PROVIDER.endpoint,
                access_key_id=PROVIDER.access_key_id,
                secret_access_key=PROVIDER.secret_access_key,
            )
        )
    )
    assert found.provider == PROVIDER


@pytest.mark.parametrize(
    ("params_class", "letters"),
    [
        (RenderMediaParams, 193_976 - len('{"text":""}')),
        (RenderStillParams, 4_993_976 - len('{"text":""}')),
    ],
)
def test_python_puts_long_props_where_we_read_them(params_class, letters):
    client = Client()
    short = client.payload(params_class(composition="film", input_props={"text": "x" * letters}))
    assert short["inputProps"]["type"] == "payload"
    assert client.kept == {}
    props = {"text": "x" * (letters + 1)}
    payload = client.payload(params_class(composition="film", input_props=props))
    found = (read_still if payload["type"] == "still" else read_start)(payload).input_props
    assert isinstance(found, BucketProps)
    text = client.kept[found.bucket_name, found.key("input-props")]
    assert json.loads(text) == props
    assert found.hash == hashlib.sha256(text.encode()).hexdigest()
