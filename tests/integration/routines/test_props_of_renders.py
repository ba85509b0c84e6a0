"""Props on their way into the page, whole; and what is left of them when a render has ended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framefleet import aws
from framefleet.errors import FunctionError
from framefleet.testing.local_lambda import Invocation
from framefleet.testing.video import frames_of, read_stamp, read_stamps
from tests.services.fleet import MAIN, Fleet

FRAMES = 5
PROPS = {"width": 320, "height": 60, "durationInFrames": FRAMES}
# Too long for an event, yet not for a client's call of the function.
LONG = {**PROPS, "text": "ä" * 200_000}


def put(fleet: Fleet, name: str, props: dict[str, Any]) -> dict[str, Any]:
    """Put props into the bucket, as a client does whose props are too long."""
    fleet.store.client.put_object(
        Bucket=fleet.bucket, Key=f"input-props/{name}.json", Body=json.dumps(props).encode()
    )
    return {"type": "bucket-url", "hash": name, "bucketName": fleet.bucket}


def inline(_: Fleet, props: dict[str, Any]) -> dict[str, Any]:
    return {"type": "payload", "payload": json.dumps(props)}


def in_the_bucket(fleet: Fleet, props: dict[str, Any]) -> dict[str, Any]:
    return put(fleet, "a1b2c3d4e5", props)


def in_the_bucket_by_hash(fleet: Fleet, props: dict[str, Any]) -> dict[str, Any]:
    return put(fleet, hashlib.sha256(json.dumps(props).encode()).hexdigest(), props)


def started(fleet: Fleet, props: dict[str, Any], **others: Any) -> str:
    """The id of a render; the payload is as a client of any language sends it."""
    payload = {
        "type": "start", "version": "4.0.539", "serveUrl": "stamped", "composition": "stamped",
        "inputProps": props, "codec": "h264", "bucketName": fleet.bucket,
        "x264Preset": "ultrafast", "concurrency": 1, "maxRetries": 0, **others,
    }  # fmt: skip
    with fleet.server.client() as client:
        answer = client.invoke(FunctionName=MAIN, Payload=json.dumps(payload).encode())
        body = json.loads(answer["Payload"].read())
    assert body["type"] == "success", body
    return str(body["renderId"])


def ended(fleet: Fleet, render_id: str) -> aws.LambdaProgress:
    """How the render ended, once it has cleared up."""
    while True:
        found = aws.get_render_progress(
            render_id=render_id, bucket_name=fleet.bucket, function_name=MAIN
        )
        if (found.done or found.fatal_error_encountered) and not fleet.server.service.at_work:
            return found


WAYS = [
    (inline, PROPS, 0),
    (inline, LONG, 1),
    (in_the_bucket, LONG, 1),
    # What many renders may name is copied for this one.
    (in_the_bucket_by_hash, LONG, 2),
]


@pytest.mark.parametrize("composition", ["stamped", "nope"], ids=["success", "failure"])
@pytest.mark.parametrize(("way", "props", "held"), WAYS, ids=["inline", "long", "bucket", "hash"])
def test_props_are_gone_when_the_render_has_ended(
    fleet, tmp_path, composition: str, way: Callable[..., dict[str, Any]], props, held: int
):
    seen: list[dict[str, int]] = []

    def look(call: Invocation) -> None:
        if call.type == "Event":
            seen.append(fleet.objects("input-props/"))

    fleet.faults.append(look)
    render_id = started(fleet, way(fleet, props), composition=composition)
    last = ended(fleet, render_id)
    assert [len(objects) for objects in seen] == [held]
    assert fleet.objects("input-props/") == fleet.objects("resolved-props/") == {}
    if composition == "nope":
        assert last.fatal_error_encountered
        assert fleet.left_of(render_id) == {"progress.json"}
    else:
        film = tmp_path / "film.mp4"
        aws.download_media(bucket_name=fleet.bucket, render_id=render_id, out_path=film)
        assert read_stamps(film) == list(range(FRAMES))


def test_the_record_is_there_before_the_client_has_the_id(fleet):
    """Before the function is even called that renders, which comes before the answer."""
    records: list[dict[str, Any]] = []

    def look(call: Invocation) -> None:
        if call.type == "Event":
            records.append(fleet.record(json.loads(call.payload)["renderId"]))

    fleet.faults.append(look)
    with pytest.raises(FunctionError, match="Could not find composition"):
        fleet.render("stamped", "nope", enable_cancellation=True)
    [record] = records
    assert record["cancellationEnabled"]
    assert record["renderMetadata"] is record["postRenderData"] is record["serveUrlOpened"] is None
    assert (record["chunks"], record["errors"], record["framesRendered"]) == ([], [], 0)
    assert record["functionLaunched"] < record["timeoutTimestamp"]


def test_a_still_that_has_begun_is_told_of_once(fleet):
    begun: list[str] = []
    still = aws.render_still_on_lambda(
        function_name=MAIN, serve_url="stamped", composition="stamped", input_props=PROPS,
        on_init=lambda started: begun.append(started.render_id),
    )  # fmt: skip
    assert begun == [still.render_id]


def test_dates_and_static_files_reach_the_component(fleet, remotion_site: Path, tmp_path):
    aws.deploy_site_from_bundle(
        bundle_dir=_small(remotion_site, tmp_path), bucket_name=fleet.bucket, site_name="project"
    )
    props = {
        "number": 77,
        "date": datetime(2023, 12, 31, 23, 30, tzinfo=UTC),
        "list": [4, 5],
        "text": "été",
        "file": "remotion-file:beep.wav",
    }

    def seen(props: dict[str, Any]) -> tuple[str, list[int]]:
        done = fleet.render("project", "Props", input_props=props, frame_range=0)
        assert done.render_metadata is not None
        film = tmp_path / f"{done.render_id}.mp4"
        aws.download_media(bucket_name=done.bucket, render_id=done.render_id, out_path=film)
        [frame] = frames_of(film)
        luma = np.asarray(frame.to_ndarray(format="gray"), np.uint8)
        rows = [read_stamp(luma, row=row) for row in range(5)]
        return done.render_metadata["inputProps"]["type"], rows

    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(seen, [props, {**props, "more": "x" * 200_000}]))
    assert found == [("payload", [77, 365, 9, 3, 1]), ("bucket-url", [77, 365, 9, 3, 1])]


def _small(site: Path, tmp_path: Path) -> Path:
    """The project without what it does not need to run."""
    folder = tmp_path / "project"
    folder.mkdir()
    for file in site.iterdir():
        if file.suffix in (".js", ".html"):
            (folder / file.name).write_bytes(file.read_bytes())
    return folder
