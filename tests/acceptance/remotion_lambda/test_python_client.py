"""The official Python client, as it is, renders with functions of ours."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from typing import Any

import pytest
from remotion_lambda import (
    AsyncRemotionClient,
    CustomCredentials,
    ImageSequenceOutputPrefix,
    OutNameInputObject,
    RemotionClient,
    RenderFramesParams,
    RenderMediaParams,
    RenderMediaProgress,
    RenderMediaResponse,
    RenderStillParams,
    ValidStillImageFormats,
    Webhook,
    validate_webhook_signature,
)
from remotion_lambda.exception import (
    RemotionInvalidArgumentException,
    RemotionRenderingOutputError,
)

from framefleet.testing.local_lambda import Invocation
from framefleet.testing.picture_info import PictureInfo, picture_info
from framefleet.testing.video import read_stamps
from tests.acceptance.remotion_lambda.fleet import (
    BUCKET,
    LAST_WORD,
    OTHER,
    PAGE,
    PROGRESS_KEYS,
    PYTHON,
    REGION,
    REMOTION,
    SHORT,
    Fleet,
    fetch,
)

pytestmark = pytest.mark.anyio

SECRET = "Gehéimnis 🔑"
# Braces that a reader finds who counts them without regard to strings.
BRACES = '}} "{ \\" }'
POLL_S = 0.2


@pytest.fixture(scope="module")
def client(fleet: Fleet) -> RemotionClient:
    """A client for the page."""
    return RemotionClient(region=REGION, serve_url=PAGE, function_name=PYTHON)


@pytest.fixture(scope="module")
def project(fleet: Fleet) -> RemotionClient:
    """A client for the Remotion project."""
    address = f"https://{BUCKET}.s3.{REGION}.amazonaws.com/sites/{REMOTION}/index.html"
    return RemotionClient(region=REGION, serve_url=address, function_name=PYTHON)


def media(**options: Any) -> RenderMediaParams:
    return RenderMediaParams(
        **{"composition": "stamped", "input_props": SHORT, "x264_preset": "ultrafast"} | options
    )


def progress(
    client: RemotionClient, render: RenderMediaResponse, **options: Any
) -> list[RenderMediaProgress]:
    """All that the client says of a render until it is over."""
    seen: list[RenderMediaProgress] = []
    while not seen or not (getattr(seen[-1], LAST_WORD) or seen[-1].fatalErrorEncountered):
        if seen:
            time.sleep(POLL_S)
        seen.append(client.get_render_progress(render.render_id, render.bucket_name, **options))
    return seen


def test_a_project_is_rendered_from_start_to_done(project, fleet, receiver, tmp_path):
    render = project.render_media_on_lambda(
        media(
            composition="Stamped",
            webhook=Webhook(url=receiver.url, secret=SECRET, customData={"braces": BRACES}),
            metadata={"title": BRACES},
        )
    )
    assert render.bucket_name == BUCKET
    *running, last = progress(project, render)
    for each in running:
        assert set(vars(each)) >= PROGRESS_KEYS
    parts = [each.overallProgress for each in [*running, last]]
    assert parts == sorted(parts)
    key = f"renders/{render.render_id}/out.mp4"
    assert last.outKey == key
    assert (last.framesRendered, last.chunks, last.overallProgress) == (10, 1, 1)
    assert last.renderMetadata["metadata"]["title"] == BRACES
    assert fleet.sizes(key) == {key: last.outputSizeInBytes}
    path = tmp_path / "film.mp4"
    path.write_bytes(fetch(last.outputFile))
    assert read_stamps(path) == list(range(10))
    hook = receiver.hook(render.render_id)
    validate_webhook_signature(SECRET, hook.body, hook.headers["X-Remotion-Signature"])
    assert json.loads(hook.body)["customData"] == {"braces": BRACES}


def test_a_still_is_there_when_its_call_ends(client, fleet):
    still = client.render_still_on_lambda(
        RenderStillParams(
            composition="stamped",
            input_props=SHORT,
            frame=-1,
            image_format=ValidStillImageFormats.PNG,
            out_name="last.png",
        )
    )
    assert still.bucket_name == BUCKET
    assert still.outKey == f"renders/{still.render_id}/last.png"
    data = fleet.content(still.outKey)
    assert (still.size_in_bytes, picture_info(data)) == (len(data), PictureInfo("png", 320, 180))
    assert still.estimated_price.display_cost == "<$0.001"
    assert fetch(still.url) == data


def test_braces_in_an_error_of_a_still_are_no_end_of_the_answer(client):
    with pytest.raises(RemotionRenderingOutputError) as caught:
        client.render_still_on_lambda(RenderStillParams(composition=BRACES))
    assert str(caught.value) == (
        f"Remotion rendering error: Could not find composition with ID {BRACES}. Available "
        "compositions: stamped"
    )


def test_braces_in_an_error_of_a_film_are_no_end_of_the_answer(client):
    last = progress(client, client.render_media_on_lambda(media(composition=BRACES)))[-1]
    (error,) = last.errors
    message = f"Could not find composition with ID {BRACES}. Available compositions: stamped"
    assert error["message"] == message
    assert error["stack"].splitlines()[0] == f"CompositionNotFoundError: {message}"


def test_large_props_are_found_by_their_hash_and_gone_afterwards(client, fleet):
    sent: list[Any] = []

    def note(invocation: Invocation) -> None:
        payload = json.loads(invocation.payload)
        if payload["type"] == "start":
            sent.append((payload["inputProps"], fleet.sizes("input-props/")))

    fleet.faults.of = note
    props = {**SHORT, "durationInFrames": 5, "text": "ä" * 200_000}
    render = client.render_media_on_lambda(media(input_props=props, concurrency=1))
    last = progress(client, render)[-1]
    assert (last.done, last.framesRendered) == (True, 5)
    digest = hashlib.sha256(json.dumps(props, separators=(",", ":")).encode()).hexdigest()
    ((payload, held),) = sent
    assert payload == {"type": "bucket-url", "hash": digest, "bucketName": BUCKET}
    assert set(held) == {f"input-props/{digest}.json"}
    assert fleet.sizes("input-props/") == fleet.sizes("resolved-props/") == {}


def test_frames_become_pictures_and_a_manifest(client, fleet):
    render = client.render_frames_on_lambda(
        RenderFramesParams(
            composition="stamped",
            input_props=SHORT,
            frame_range=[2, 4],
            image_format="jpeg",
            output_prefix=ImageSequenceOutputPrefix(bucket_name=OTHER, key_prefix="pictures/one"),
            image_sequence_pattern="frame-[frame].[ext]",
        )
    )
    last = progress(client, render)[-1]
    assert last.errors == []
    assert last.outputSequence["manifestKey"] == "pictures/one/manifest.json"
    assert last.framesUploaded == 3
    held = fleet.sizes("pictures/", OTHER)
    keys = [f"pictures/one/frame-{frame}.jpeg" for frame in (2, 3, 4)]
    assert {*keys, "pictures/one/manifest.json"} <= set(held)
    assert picture_info(fleet.content(keys[0], OTHER)) == PictureInfo("jpeg", 320, 180)
    manifest = json.loads(fleet.content("pictures/one/manifest.json", OTHER))
    assert manifest["frames"] == [
        {"frame": frame, "key": key} for frame, key in zip((2, 3, 4), keys, strict=True)
    ]
    assert {name: manifest[name] for name in ("renderId", "frameRange", "everyNthFrame")} == {
        "renderId": render.render_id, "frameRange": [2, 4], "everyNthFrame": 1,
    }  # fmt: skip


def test_a_film_goes_to_another_store_whose_keys_stay_secret(client, fleet, tmp_path):
    store = CustomCredentials(
        endpoint=fleet.s3.endpoint,
        access_key_id=fleet.s3.access_key,
        secret_access_key=fleet.s3.secret_key,
    )
    out_name = OutNameInputObject(bucketName=OTHER, key="films/one.mp4", s3_output_provider=store)
    render = client.render_media_on_lambda(
        media(out_name=out_name, concurrency=1, force_path_style=True)
    )
    last = progress(client, render, s3_output_provider=store)[-1]
    assert last.errors == []
    assert (last.outKey, last.outBucket) == ("films/one.mp4", OTHER)
    path = tmp_path / "film.mp4"
    path.write_bytes(fleet.content("films/one.mp4", OTHER))
    assert read_stamps(path) == list(range(10))
    record = fleet.content(f"renders/{render.render_id}/progress.json")
    assert fleet.s3.endpoint.encode() in record
    assert fleet.s3.secret_key.encode() not in record


def test_a_render_that_is_cancelled_stops_at_once(client, fleet):
    props = {**SHORT, "durationInFrames": 18_000}
    render = client.render_media_on_lambda(
        media(input_props=props, concurrency=2, enable_cancellation=True)
    )
    named = (render.render_id, render.bucket_name)
    deadline_s = time.monotonic() + 30
    while not client.get_render_progress(*named).framesRendered:
        assert time.monotonic() < deadline_s
        time.sleep(POLL_S)
    assert fleet.seconds_until(busy=3, at_most=10) < 10
    client.cancel_render_on_lambda(*named)
    assert fleet.seconds_until(busy=0, at_most=4) < 3
    last = client.get_render_progress(*named)
    assert last.fatalErrorEncountered
    assert [error["message"] for error in last.errors] == ["renderMedia() got cancelled"]


async def test_the_asynchronous_client_renders_and_cannot_cancel_what_forbids_it(fleet):
    client = AsyncRemotionClient(region=REGION, serve_url=PAGE, function_name=PYTHON)
    render = await client.render_media_on_lambda(
        media(concurrency=1, codec="gif", x264_preset=None)
    )
    named = (render.render_id, render.bucket_name)
    with pytest.raises(RemotionInvalidArgumentException, match="enableCancellation: true"):
        await client.cancel_render_on_lambda(*named)
    last = await client.get_render_progress(*named)
    while not (last.done or last.fatalErrorEncountered):
        await asyncio.sleep(POLL_S)
        last = await client.get_render_progress(*named)
    assert (last.errors, last.outKey) == ([], f"renders/{render.render_id}/out.gif")
    assert fleet.content(last.outKey).startswith(b"GIF89a")
