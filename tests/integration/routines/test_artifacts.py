"""Files that compositions emit lie with the render, whoever rendered their frames."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from framefleet import aws
from framefleet.errors import FramefleetError, FunctionError
from framefleet.testing.local_lambda import Fault, Invocation, Throttle, Vanish
from tests.services.faults import Answer
from tests.services.faulty_proxy import FaultyProxy
from tests.services.fleet import MAIN, Fleet
from tests.services.serving import serving

FILM: dict[str, Any] = {"composition": "Artifacts", "scale": 0.25, "frames_per_lambda": 5}
# Half a minute: the main function asks less and less often.
MOST_REFUSALS = 7
# What stands in the script of the site between its first artifact and its last.
FIRST = "frame === 1 && /* @__PURE__ */ react.createElement(esm.Artifact, "
LAST = "esm.Artifact.Thumbnail })"
CAPTIONS = (1, 'filename: "captions.srt", content: "Grüße"')
BYTES = (2, 'filename: "notes/bytes.bin", content: new Uint8Array([1, 2, 3])')
THUMBNAIL = (7, 'filename: "thumbnail.jpeg", content: esm.Artifact.Thumbnail')
REFUSED = Answer.s3_error(403, "AccessDenied")
OTHER = "other-bucket"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def site(remotion_site: Path, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Serves the bundle; frames of its composition emit what the test says, as JavaScript."""
    folder = tmp_path / "site"
    folder.mkdir()
    for entry in remotion_site.iterdir():
        if entry.name != "bundle.js":
            (folder / entry.name).symlink_to(entry)
    before, _, rest = (remotion_site / "bundle.js").read_text().partition(FIRST)
    _, _, after = rest.partition(LAST)
    assert after, "the bundle says it differently now"

    def serve(*emitted: tuple[int, str]) -> str:
        elements = ", ".join(
            f"frame === {frame} && react.createElement(esm.Artifact, {{ {properties} }})"
            for frame, properties in emitted
        )
        (folder / "bundle.js").write_text(before + elements + after)
        return f"{url}/"

    with serving(partial(Quiet, directory=str(folder))) as url:
        yield serve


@pytest.fixture
def elsewhere(fleet: Fleet, radosgw_proxy: FaultyProxy) -> dict[str, Any]:
    """Another bucket, behind the proxy."""
    fleet.store.client.create_bucket(Bucket=OTHER)
    return {
        "bucket_name": OTHER,
        "s3_output_provider": {
            "endpoint": radosgw_proxy.endpoint, "region": "us-east-1", "force_path_style": True,
            "access_key_id": fleet.store.access_key, "secret_access_key": fleet.store.secret_key,
        },
    }  # fmt: skip


def put_keys(proxy: FaultyProxy) -> list[str]:
    """What was put through the proxy, in this order."""
    puts = [request for request in proxy.requests if request.method == "PUT"]
    return [request.path.removeprefix(f"/{OTHER}/") for request in puts]


def keys_of(fleet: Fleet, bucket: str) -> set[str]:
    found = fleet.store.client.list_objects_v2(Bucket=bucket)
    return {item["Key"] for item in found.get("Contents", ())}


def test_files_of_all_chunks_come_while_it_renders(fleet, site):
    number, captions = CAPTIONS
    saved = 'downloadBehavior: {type: "download", fileName: "de.srt"}'
    url = site((number, f"{captions}, {saved}"), BYTES, THUMBNAIL)
    early: list[aws.LambdaProgress] = []
    held: list[Invocation] = []

    def watch(progress: aws.LambdaProgress) -> None:
        if progress.artifacts:
            early.append(progress)

    def hold(call: Invocation) -> Fault | None:
        """The first chunk is rendered twice, and the second one when its files are told of."""
        if call.type != "ResponseStream":
            return None
        request = json.loads(call.payload)
        if request["chunk"] == 1:
            held.append(call)
            return None if early or len(held) > MOST_REFUSALS else Throttle()
        if request["attempt"] == 1:
            return Vanish(after_s=0.2)
        return None if any(key.endswith(".msgpack") for key in fleet.objects()) else Throttle()

    fleet.faults.append(hold)
    done = fleet.render(
        url, **FILM, download_behavior={"type": "play-in-browser"}, on_progress=watch
    )
    assert (early[0].done, early[0].chunks) == (False, 1)
    assert [retry["chunk"] for retry in done.retries_info] == [0]
    names = ["captions.srt", "notes/bytes.bin", "thumbnail.jpeg"]
    prefix = f"renders/{done.render_id}/artifacts/"
    found = fleet.objects(prefix)
    assert done.artifacts == [
        {
            "filename": name, "sizeInBytes": found[prefix + name], "s3Key": prefix + name,
            "s3Url": f"{fleet.store.endpoint}/{fleet.bucket}/{prefix}{name}",
        }
        for name in names
    ]  # fmt: skip
    assert early[0].artifacts[0] in done.artifacts[:2]
    assert fleet.record(done.render_id)["postRenderData"]["artifactProgress"] == done.artifacts
    assert fleet.left_of(done.render_id) == {
        "progress.json", "out.mp4", *(f"artifacts/{name}" for name in names)
    }  # fmt: skip
    text = fleet.store.client.get_object(Bucket=fleet.bucket, Key=prefix + "captions.srt")
    assert text["Body"].read().decode() == "Grüße"
    assert text["ContentDisposition"] == 'attachment; filename="de.srt"'
    picture = fleet.store.client.head_object(Bucket=fleet.bucket, Key=prefix + "thumbnail.jpeg")
    assert picture["ContentType"] == "image/jpeg"
    assert "ContentDisposition" not in picture


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"frames_per_lambda": 5},
            r"Chunk [01] emitted an asset filename captions\.srt at frame [17] but there is "
            r"already another artifact with the same name\. https://remotion\.dev/docs/artifacts",
        ),
        (
            {"concurrency": 1, "frames_per_lambda": None},
            r"The artifact filename captions\.srt was emitted more than once\. "
            r"https://remotion\.dev/docs/artifacts",
        ),
    ],
    ids=["fleet", "alone"],
)
def test_two_files_of_one_name_end_the_render(fleet, site, options, message):
    url = site(CAPTIONS, (7, CAPTIONS[1]))
    with pytest.raises(FunctionError, match=message) as failed:
        fleet.render(url, **{**FILM, **options})
    render_id = str(failed.value.context["render_id"])
    assert fleet.left_of(render_id) <= {"progress.json", "artifacts/captions.srt"}
    [error] = fleet.record(render_id)["errors"]
    assert (error["type"], error["isFatal"], error["willRetry"]) == ("stitcher", True, False)


def test_a_file_that_cannot_be_stored_is_missing_and_no_more(fleet, site, elsewhere, radosgw_proxy):
    radosgw_proxy.inject(REFUSED, method="PUT", target="/artifacts/captions.srt")
    done = fleet.render(
        site(CAPTIONS, THUMBNAIL), **FILM, out_name={**elsewhere, "key": "films/a.mp4"}
    )
    prefix = f"renders/{done.render_id}/artifacts/"
    assert keys_of(fleet, OTHER) == {"films/a.mp4", prefix + "thumbnail.jpeg"}
    assert fleet.left_of(done.render_id) == {"progress.json"}
    assert [entry["s3Key"] for entry in done.artifacts] == [prefix + "thumbnail.jpeg"]
    [error] = done.errors
    facts = ("type", "chunk", "frame", "isFatal", "willRetry", "attempt", "totalAttempts")
    assert tuple(error[fact] for fact in facts) == ("artifact", 0, 1, False, False, 1, 1)
    assert "captions.srt" in error["message"]
    record = json.dumps(fleet.record(done.render_id))
    assert radosgw_proxy.endpoint in record
    provider = elsewhere["s3_output_provider"]
    assert provider["access_key_id"] not in record
    assert provider["secret_access_key"] not in record


def test_the_output_comes_when_all_else_is_there_and_told(fleet, site, elsewhere, radosgw_proxy):
    radosgw_proxy.inject(REFUSED, method="PUT", target="/films/a.mp4")
    with pytest.raises(FunctionError, match=r"films/a\.mp4") as failed:
        fleet.render(
            site(CAPTIONS), **FILM, out_name={**elsewhere, "key": "films/a.mp4"},
            separate_audio_to={**elsewhere, "key": "films/a.mp3"},
        )  # fmt: skip
    render_id = str(failed.value.context["render_id"])
    artifact = f"renders/{render_id}/artifacts/captions.srt"
    assert put_keys(radosgw_proxy) == [artifact, "films/a.mp3", "films/a.mp4"]
    record = fleet.record(render_id)
    assert record["separateAudio"]["key"] == "films/a.mp3"
    assert [entry["s3Key"] for entry in record["receivedArtifact"]] == [artifact]
    assert keys_of(fleet, OTHER) == {artifact}


@pytest.mark.parametrize("is_refused", [False, True])
def test_a_still_comes_with_its_files(fleet, site, elsewhere, radosgw_proxy, is_refused):
    if is_refused:
        radosgw_proxy.inject(REFUSED, method="PUT", target="/artifacts/captions.srt")
    done = aws.render_still_on_lambda(
        function_name=MAIN, serve_url=site(CAPTIONS, (1, THUMBNAIL[1])), composition="Artifacts",
        image_format="jpeg", frame=1, scale=0.25, out_name={**elsewhere, "key": "a.jpeg"},
    )  # fmt: skip
    names = ["thumbnail.jpeg"] if is_refused else ["captions.srt", "thumbnail.jpeg"]
    prefix = f"renders/{done.render_id}/artifacts/"
    assert [(entry["filename"], entry["s3Key"]) for entry in done.artifacts] == [
        (name, prefix + name) for name in names
    ]
    assert keys_of(fleet, OTHER) == {"a.jpeg", *(prefix + name for name in names)}
    record = fleet.record(done.render_id)
    assert record["receivedArtifact"] == done.artifacts
    assert [(error["type"], error["frame"]) for error in record["errors"]] == [
        ("artifact", 1)
    ] * is_refused


def test_a_still_has_no_two_files_of_one_name(fleet, site):
    with pytest.raises(FramefleetError, match=r'"captions\.srt" was already registered at frame 1'):
        aws.render_still_on_lambda(
            function_name=MAIN, serve_url=site(CAPTIONS, CAPTIONS), composition="Artifacts",
            frame=1, scale=0.25,
        )  # fmt: skip
