"""A fleet renders what one machine does, and clients can watch it."""

from __future__ import annotations

import json
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

import av
import pytest

import framefleet
from framefleet import aws
from framefleet.errors import FunctionError, OptionError
from framefleet.testing.video import frames_of, presentation_times_s, read_stamps
from tests.services.fleet import MAIN

FRAMES = 45
PROPS = {"durationInFrames": FRAMES}
SMALL = {"scale": 0.5, "frames_per_lambda": 15}


def pictures(path: Path) -> list[bytes]:
    return [frame.to_ndarray(format="rgb24").tobytes() for frame in frames_of(path)]


def duration_s(path: Path) -> float:
    with av.open(path) as container:
        assert container.duration is not None
        return container.duration / 1_000_000


def downloaded(done: aws.LambdaProgress, target: Path) -> Path:
    aws.download_media(bucket_name=done.bucket, render_id=done.render_id, out_path=target)
    return target


def test_chunks_of_functions_are_those_of_one_machine(fleet, pages, tmp_path):
    done = fleet.render("stamped", "stamped", input_props=PROPS, frames_per_lambda=15)
    film = downloaded(done, tmp_path / "fleet.mp4")
    assert read_stamps(film) == list(range(FRAMES))
    assert presentation_times_s(film) == [Fraction(n, 30) for n in range(FRAMES)]
    local = framefleet.render_media(
        pages / "stamped.html", input_props=PROPS, chunk_frames=15, x264_preset="ultrafast",
        output=tmp_path / "local.mp4",
    ).path  # fmt: skip
    assert pictures(film) == pictures(local)
    assert fleet.left_of(done.render_id) == {"progress.json", "out.mp4"}
    assert done.chunks == 3
    assert done.render_metadata is not None
    assert done.render_metadata["estimatedTotalLambdaInvokations"] == 4


def test_progress_rises_and_reads_the_same_from_the_record(fleet):
    seen: list[aws.LambdaProgress] = []
    begun: list[aws.StartedRender] = []
    done = fleet.render(
        "stamped", "stamped", input_props=PROPS, **SMALL,
        on_init=begun.append, on_progress=seen.append,
    )  # fmt: skip
    assert [started.render_id for started in begun] == [done.render_id]
    overall = [progress.overall_progress for progress in seen]
    assert overall == sorted(overall)
    assert overall[-1] == 1
    assert all(0 <= progress.overall_progress <= 1 for progress in seen)
    record = aws.get_render_progress(
        render_id=done.render_id, bucket_name=done.bucket, function_name=MAIN,
        skip_lambda_invocation=True,
    )  # fmt: skip
    assert asdict(record) | {"current_time": 0} == asdict(done) | {"current_time": 0}
    assert done.costs["accruedSoFar"] > 0
    times = [done.function_launched, done.serve_url_opened, done.composition_validated]
    assert None not in times
    assert times == sorted(times)
    assert done.output_size_in_bytes == fleet.objects()[done.out_key]


def test_one_function_may_do_it_all(fleet, tmp_path):
    done = fleet.render("stamped", "stamped", input_props=PROPS, concurrency=1)
    assert read_stamps(downloaded(done, tmp_path / "film.mp4")) == list(range(FRAMES))
    assert done.render_metadata is not None
    assert done.render_metadata["estimatedTotalLambdaInvokations"] == 1
    assert done.render_metadata["estimatedRenderLambdaInvokations"] == 0
    assert done.time_to_combine is None
    assert not [call for call in fleet.calls if call.type == "ResponseStream"]


def test_several_browsers_may_film_in_each_function(fleet, tmp_path):
    done = fleet.render(
        "stamped", "stamped", input_props=PROPS, frames_per_lambda=25,
        concurrency_per_lambda=2,
    )  # fmt: skip
    assert read_stamps(downloaded(done, tmp_path / "film.mp4")) == list(range(FRAMES))
    assert done.chunks == 2


def test_frames_may_be_chosen(fleet, tmp_path):
    done = fleet.render(
        "stamped", "stamped", input_props=PROPS, frame_range=(10, 39),
        every_nth_frame=2, frames_per_lambda=5,
    )  # fmt: skip
    film = downloaded(done, tmp_path / "film.mp4")
    assert read_stamps(film) == list(range(10, 40, 2))
    assert presentation_times_s(film) == [Fraction(n, 15) for n in range(15)]


def test_sound_may_have_a_file_of_its_own(fleet, tmp_path):
    done = fleet.render(
        "beep", "BeepFlash", frame_range=(0, 29), out_name="films/one.mp4",
        separate_audio_to="one.mp3",
    )  # fmt: skip
    assert fleet.left_of(done.render_id) == {"progress.json", "films/one.mp4", "one.mp3"}
    assert done.separate_audio is not None
    assert done.separate_audio["key"] == f"renders/{done.render_id}/one.mp3"
    sound = tmp_path / "one.mp3"
    aws.download_media(
        bucket_name=done.bucket, render_id=done.render_id, out_path=sound, output="separate-audio"
    )
    with av.open(sound) as container:
        assert container.streams.audio[0].codec_context.name == "mp3float"


def test_pictures_get_a_manifest(fleet):
    done = aws.render_frames_on_lambda_and_stream(
        function_name=MAIN, serve_url="stamped", composition="stamped", input_props=PROPS,
        image_format="png", frame_range=(3, 12), frames_per_lambda=5, scale=0.25,
    )  # fmt: skip
    names = [f"frames/element-{frame:02d}.png" for frame in range(3, 13)]
    assert fleet.left_of(done.render_id) == {"progress.json", "frames/manifest.json", *names}
    key = f"renders/{done.render_id}/frames/manifest.json"
    body = fleet.store.client.get_object(Bucket=fleet.bucket, Key=key)["Body"].read()
    manifest = json.loads(body)
    assert [frame["frame"] for frame in manifest["frames"]] == list(range(3, 13))
    assert manifest["frameRange"] == [3, 12]
    assert done.output_sequence is not None
    assert done.output_sequence["frameCount"] == 10
    assert done.frames_uploaded == 10
    assert done.output_file is not None
    assert done.output_file.endswith("/frames/manifest.json")


def test_an_output_that_is_there_is_kept_unless_it_may_be_replaced(fleet):
    place = {"bucket_name": fleet.bucket, "key": "films/one.mp4"}
    few = {"frame_range": (0, 4), "scale": 0.25}
    first = fleet.render("stamped", "stamped", out_name=place, **few)
    assert fleet.left_of(first.render_id) == {"progress.json"}
    with pytest.raises(FunctionError, match="already exists"):
        fleet.render("stamped", "stamped", out_name=place, **few)
    again = fleet.render("stamped", "stamped", out_name=place, overwrite=True, **few)
    assert again.out_key == "films/one.mp4"
    assert again.out_bucket == fleet.bucket


def test_props_that_are_too_long_go_through_the_bucket_and_away(fleet):
    props = {**PROPS, "text": "ä" * 200_000}
    done = fleet.render("stamped", "stamped", input_props=props, frame_range=(0, 4), scale=0.25)
    assert done.render_metadata is not None
    assert done.render_metadata["inputProps"]["type"] == "bucket-url"
    assert fleet.objects("input-props/") == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"composition": "nope"}, "Could not find composition with ID nope"),
        ({"frame_range": (0, 500)}, "frame range 0-500 is not inbetween 0-89"),
        ({"frames_per_lambda": 3}, "The framesPerLambda needs to be at least 5, but is 3"),
        (
            {"force_duration_in_frames": 5000, "frames_per_lambda": 20},
            "Too many functions: This render would cause 250 functions to spawn.",
        ),
        ({"concurrency_per_lambda": 99}, "concurrencyPerLambda is set higher than"),
        ({"serve_url": "http://127.0.0.1:9/"}, "127.0.0.1:9"),
    ],
)
def test_what_cannot_be_rendered_is_said_and_leaves_nothing(fleet, options, message):
    with pytest.raises(FunctionError) as failed:
        aws.render_media_on_lambda_and_stream(
            **{
                "function_name": MAIN, "serve_url": "stamped", "composition": "stamped",
                "codec": "h264", **options,
            }
        )  # fmt: skip
    assert message in str(failed.value)
    assert fleet.left_of(str(failed.value.context["render_id"])) == {"progress.json"}


def test_chunks_may_be_rendered_by_another_function_of_the_same_version(fleet, tmp_path):
    few = {"input_props": {"durationInFrames": 10}, "frames_per_lambda": 5}
    larger = MAIN.replace("mem2048mb", "mem3009mb")
    done = fleet.render("stamped", "stamped", **few, renderer_function_name=larger)
    assert read_stamps(downloaded(done, tmp_path / "film.mp4")) == list(range(10))
    assert {call.function_name for call in fleet.calls if call.type == "ResponseStream"} == {larger}
    other = MAIN.replace("4-0-539", "4-0-1")
    with pytest.raises(FunctionError, match=r"is 4\.0\.1 but the version of the function that"):
        fleet.render("stamped", "stamped", **few, renderer_function_name=other, max_retries=0)


def test_several_ranges_are_for_one_machine(fleet):
    with pytest.raises(OptionError, match="Multiple frame ranges are not supported on Lambda"):
        fleet.render("stamped", "stamped", frame_range=[(0, 1), (3, 4)])
    assert not fleet.calls
