"""Each frame of a Remotion site, whole: nothing taken too early, nothing of another frame."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import framefleet
from framefleet.domain.events import ArtifactFile, Log
from framefleet.errors import (
    OutputExistsError,
    PageCancelledError,
    PageScriptError,
    PageTimeoutError,
)
from framefleet.testing.video import read_stamp, read_stamps

SOURCES = Path(__file__).parents[2] / "remotion_site/src/compositions"
CLIP_FRAMES = 120
MOST_PAGE_ATTEMPTS = 3


def line_of(source: str, text: str) -> int:
    """The line, from 1, of a source of the test site that says `text`."""
    lines = (SOURCES / source).read_text().splitlines()
    (found,) = [number for number, line in enumerate(lines, 1) if text in line]
    return found


def colours(path: Path, lumas) -> list[tuple[int, int]]:
    """Darkest and brightest pixel of the lower half of each frame."""
    return [(luma[200:].min(), luma[200:].max()) for luma in lumas(path)]


@pytest.mark.parametrize("executor", ["inline", "process"])
def test_a_frame_that_loads_data_is_never_photographed_too_early(film, executor):
    result = film("Delayed", frame_range=(3, 20), chunk_frames=9, executor=executor)
    assert read_stamps(result.output) == list(range(3, 21))


def test_a_delay_of_nothing_is_waited_for_as_well(film):
    """The timer runs out about when the first picture is taken."""
    for milliseconds in (0, 1, 3):
        result = film(
            "Delayed", input_props={"delayMilliseconds": milliseconds}, frame_range=(0, 14)
        )
        assert read_stamps(result.output) == list(range(15))


def test_images_are_decoded_before_the_picture(film, lumas):
    result = film("LazyImage", chunk_frames=5)
    assert read_stamps(result.output) == list(range(10))
    # Blue (20, 60, 220) is luma 69 in full range; black would be 16.
    assert all(50 < low <= high < 80 for low, high in colours(result.output, lumas))


def test_files_with_unusual_names_load(film, lumas):
    result = film("StaticFiles", frame_range=(0, 2))
    assert read_stamps(result.output) == [1, 1, 1]
    # Red (220, 20, 20) is luma 63.
    assert all(50 < low <= high < 80 for low, high in colours(result.output, lumas))


def test_a_component_that_suspends_is_waited_for(film):
    result = film("Suspended", chunk_frames=4)
    assert read_stamps(result.output) == list(range(10))


def test_lottie_stands_where_its_frame_says(film, lumas):
    result = film("LottieTitle", chunk_frames=25)
    assert read_stamps(result.output) == list(range(60))
    for frame, luma in enumerate(lumas(result.output)):
        # The disc alone is white; the bar below it and the ground are darker.
        columns = np.flatnonzero((luma[120:180] > 200).any(axis=0))
        centre = (columns[0] + columns[-1]) / 2
        assert centre == pytest.approx(80 + 480 * frame / 59 - 0.5, abs=1.0), frame


@pytest.mark.parametrize("composition", ["Clip", "Html5Clip", "MediaClip"])
@pytest.mark.parametrize(
    ("props", "frames", "chunk_frames"),
    # At twice the speed, 30 frames in, the clip ends at frame 45.
    [({}, CLIP_FRAMES, 40), ({"trimBefore": 30, "playbackRate": 2}, 50, 1000)],
    ids=["three chunks", "trimmed and fast"],
)
def test_a_clip_shows_the_frame_of_its_time(film, composition, props, frames, chunk_frames):
    result = film(
        composition, input_props=props, frame_range=(0, frames - 1), chunk_frames=chunk_frames
    )
    first, rate = props.get("trimBefore", 0), props.get("playbackRate", 1)
    shown = [min(first + rate * frame, CLIP_FRAMES - 1) for frame in range(frames)]
    assert read_stamps(result.output, row=1) == list(range(frames))
    assert read_stamps(result.output, row=0) == shown


def test_a_page_that_never_gets_ready_names_what_it_waits_for(film, tmp_path):
    with pytest.raises(PageTimeoutError, match="waiting for the moon") as caught:
        film("NeverReady", timeout_in_milliseconds=7000)
    assert caught.value.context["handles"] == ["waiting for the moon"]
    assert not list(tmp_path.rglob("*.mp4"))


@pytest.mark.parametrize("at_mount", [False, True])
def test_a_frame_that_asks_for_it_is_tried_again(film, caplog, at_mount):
    caplog.set_level(logging.INFO)
    result = film("Retry", input_props={"atMount": at_mount}, chunk_frames=5)
    assert read_stamps(result.output) == list(range(10))
    assert [record.msg for record in caplog.records].count("page_retry") == 1


def test_a_handle_that_never_clears_is_tried_as_often_as_it_says(film, patched_site, caplog):
    caplog.set_level(logging.INFO)
    site = patched_site("window.remotion_attempt < 2 &&", "")
    with pytest.raises(PageTimeoutError, match="the second try"):
        film("Retry", site=site, input_props={"atMount": True}, frame_range=(2, 4))
    assert [record.msg for record in caplog.records].count("page_retry") == 1


def test_a_page_that_asks_for_ever_is_given_up(film, patched_site, caplog, monkeypatch):
    """A page that does not count its attempts would be retried for ever."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("framefleet.rendering.studio.MAX_PAGE_ATTEMPTS", MOST_PAGE_ATTEMPTS)
    site = patched_site(
        "window.remotion_attempt < 2 && (", "((window.remotion_attempt = 1), true) && ("
    )
    with pytest.raises(PageTimeoutError, match=f"tried {MOST_PAGE_ATTEMPTS} times.*second try"):
        film("Retry", site=site, input_props={"atMount": True}, frame_range=(3, 3))
    assert [record.msg for record in caplog.records].count("page_retry") == MOST_PAGE_ATTEMPTS - 1


@pytest.mark.parametrize("first", [0, 5], ids=["on the way", "while mounting"])
def test_a_page_that_cancels_is_heard(film, first):
    with pytest.raises(PageCancelledError, match="no more"):
        film("Cancels", frame_range=(first, 9))


@pytest.mark.parametrize("first", [0, 7], ids=["on the way", "while mounting"])
@pytest.mark.parametrize("executor", ["inline", "process"])
def test_a_component_that_throws_is_named_with_frame_and_source(film, first, executor):
    line = line_of("Failures.tsx", "throw new Error('frame seven is broken')")
    with pytest.raises(PageScriptError) as caught:
        film("Throws", frame_range=(first, 9), executor=executor)
    message = str(caught.value)
    assert "frame seven is broken" in message
    assert f"src/compositions/Failures.tsx:{line}" in message
    assert "frame 7" in message
    assert caught.value.context["frame"] == 7


def test_what_the_page_writes_to_its_console_is_heard(film):
    logs: list[Log] = []
    film("Logs", on_browser_log=logs.append)
    own = [(log.level, log.text, log.location) for log in logs if "of frame" in log.text]
    warned = line_of("Failures.tsx", "console.warn")
    failed = line_of("Failures.tsx", "console.error")
    assert own == [
        ("info", "log of frame 2 Object", None),
        ("warn", "warning of frame 3", f"src/compositions/Failures.tsx:{warned}"),
        ("error", "error of frame 4", f"src/compositions/Failures.tsx:{failed}"),
    ]
    assert not [log for log in logs if log.level == "error" and "of frame" not in log.text]


def test_files_that_the_composition_emits_lie_beside_the_video(film):
    result = film("Artifacts", chunk_frames=2)
    folder = result.output.parent
    assert result.artifacts == tuple(
        folder / name for name in ("captions.srt", "bytes.bin", "thumbnail.jpeg")
    )
    assert (folder / "captions.srt").read_text("utf-8") == "Grüße aus Bild eins 👋"
    assert (folder / "bytes.bin").read_bytes() == bytes([1, 2, 3])
    with Image.open(folder / "thumbnail.jpeg") as picture:
        assert picture.size == (640, 360)
        assert read_stamp(np.asarray(picture.convert("L"))) == 3


def test_bytes_of_an_older_runtime_come_out_as_they_went_in(film, patched_site):
    """Up to 4.0.529 bytes are read as UTF-8 and passed on as Latin-1."""
    content = "ÿ Ü".encode()
    site = patched_site("[1, 2, 3]", str(list(content)))
    result = film("Artifacts", site=site, frame_range=(2, 2))
    assert (result.output.parent / "bytes.bin").read_bytes() == content


@pytest.mark.parametrize("chunk_frames", [1, 10], ids=["other chunk", "same chunk"])
def test_two_files_of_one_name_are_refused(film, patched_site, tmp_path, chunk_frames):
    site = patched_site('"bytes.bin"', '"captions.srt"')
    with pytest.raises(PageScriptError, match=r'"captions.srt" was already .* at frame 1, .* 2'):
        film("Artifacts", site=site, chunk_frames=chunk_frames)
    assert not list(tmp_path.rglob("*.mp4"))


def test_a_file_outside_of_the_folder_is_refused(film, patched_site, tmp_path):
    site = patched_site('"captions.srt"', '"a/../../../escaped.srt"')
    with pytest.raises(PageScriptError, match="outside"):
        film("Artifacts", site=site)
    assert not list(tmp_path.rglob("escaped.srt"))


def test_an_artifact_replaces_no_file_unasked(film, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "captions.srt").write_text("mine")
    with pytest.raises(OutputExistsError, match=r"captions\.srt exists already"):
        film("Artifacts", output=kept / "out.mp4")
    assert [path.name for path in kept.iterdir()] == ["captions.srt"]
    film("Artifacts", output=kept / "out.mp4", overwrite=True)
    assert (kept / "captions.srt").read_text() != "mine"


def test_callers_are_told_of_each_artifact(film):
    told: list[ArtifactFile] = []
    result = film("Artifacts", chunk_frames=2, on_artifact=told.append)
    assert [(file.filename, file.frame) for file in told] == [
        ("captions.srt", 1),
        ("bytes.bin", 2),
        ("thumbnail.jpeg", 3),
    ]
    assert tuple(file.path for file in told) == result.artifacts


def test_a_still_comes_with_its_artifacts(remotion_site, tmp_path):
    told: list[ArtifactFile] = []
    result = framefleet.render_still(
        remotion_site, "Artifacts", output=tmp_path / "a.png", frame=1, on_artifact=told.append
    )
    assert result.artifacts == (tmp_path / "captions.srt",)
    assert (tmp_path / "captions.srt").read_text() == "Grüße aus Bild eins 👋"
    assert told == [ArtifactFile("captions.srt", result.artifacts[0], 1)]
