"""Which frames are rendered, how large, and where they go."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import framefleet
from framefleet.domain.composition import FrameSize
from framefleet.errors import OptionError, OutputExistsError
from framefleet.local.media import RenderResult
from framefleet.testing.picture_info import picture_info
from framefleet.testing.video import frames_of, presentation_times_s, read_stamps

Film = Callable[..., RenderResult]


@pytest.fixture
def film(pages: Path, tmp_path: Path) -> Film:
    """Renders the stamped page: 90 frames at 30 a second, 640x360."""

    def render(name: str = "out.mp4", **options) -> RenderResult:
        settings: dict[str, Any] = {"output": tmp_path / name, "executor": "inline"}
        if Path(name).suffix == ".mp4":
            settings["x264_preset"] = "ultrafast"
        return framefleet.render_media(pages / "stamped.html", **(settings | options))

    return render


@pytest.fixture
def sequence(pages: Path, tmp_path: Path) -> Film:
    """Renders pictures of the stamped page into a folder."""

    def render(name: str = "pictures", **options) -> RenderResult:
        settings: dict[str, Any] = {"output": tmp_path / name, "executor": "inline"}
        return framefleet.render_frames(pages / "stamped.html", **(settings | options))

    return render


def size_of(path: Path) -> FrameSize:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return FrameSize(stream.width, stream.height)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def stamp_of(picture: Path) -> int:
    [stamp] = read_stamps(picture)
    return stamp


@pytest.mark.parametrize(
    ("asked", "frames"),
    [
        ((10, 19), range(10, 20)),  # checklist 62
        ((84, None), range(84, 90)),  # checklist 63
        (7, [7]),  # checklist 64
        ([(0, 2), (10, 11), (88, None)], [0, 1, 2, 10, 11, 88, 89]),  # checklist 65
    ],
)
def test_the_frames_of_a_range_and_no_others(film, asked, frames):
    result = film(frame_range=asked, chunk_frames=4)
    assert read_stamps(result.path) == list(frames)
    times = presentation_times_s(result.path)
    assert times == [Fraction(number, 30) for number in range(len(frames))]


@pytest.mark.parametrize("chunk_frames", [1, 2, 100])
def test_every_third_frame_at_a_third_of_the_rate(film, chunk_frames):  # checklist 66
    result = film(frame_range=(3, 11), every_nth_frame=3, chunk_frames=chunk_frames)
    assert read_stamps(result.path) == [3, 6, 9]
    assert result.fps == 10
    assert presentation_times_s(result.path) == [Fraction(number, 10) for number in range(3)]


@pytest.mark.parametrize(
    ("name", "size", "scale", "expected"),
    [
        ("out.mp4", (1081, 721), 1, FrameSize(1080, 720)),  # checklist 67
        ("out.webm", (1081, 721), 1, FrameSize(1081, 721)),
        ("out.mp4", (1279, 719), 1.5, FrameSize(1916, 1076)),  # checklist 68
        ("out.mp4", (1080, 720), 0.333, FrameSize(360, 240)),  # checklist 69
    ],
)
def test_size_and_scale(film, name, size, scale, expected):
    props = {"width": size[0], "height": size[1]}
    result = film(name, input_props=props, scale=scale, frame_range=0)
    assert size_of(result.path) == expected


def test_what_is_forced_wins_and_the_range_is_checked_against_it(film):  # checklist 70
    forced = {"width": 400, "height": 200, "fps": 24, "duration_in_frames": 5}
    result = film(**forced)
    assert read_stamps(result.path) == [0, 1, 2, 3, 4]
    assert (size_of(result.path), result.fps) == (FrameSize(400, 200), 24)
    with pytest.raises(OptionError, match="is not inbetween 0-4"):
        film("more.mp4", **forced, frame_range=(0, 5))


def test_a_sequence_has_the_numbers_of_its_frames(sequence):  # checklist 73
    result = sequence(frame_range=(8, 11), chunk_frames=3)
    assert names(result.path) == [f"element-{number:02}.jpeg" for number in (8, 9, 10, 11)]
    assert [stamp_of(result.path / name) for name in names(result.path)] == [8, 9, 10, 11]


def test_a_thinned_sequence_is_counted(sequence):
    result = sequence(every_nth_frame=9, image_format="png")
    assert names(result.path) == [f"element-{number}.png" for number in range(10)]
    assert stamp_of(result.path / "element-3.png") == 27


def test_a_sequence_of_chosen_frames_and_names(sequence):
    result = sequence(frames=[4, 60, 61], image_sequence_pattern="f[frame]-[frame].[ext]")
    assert names(result.path) == ["f04-04.jpeg", "f60-60.jpeg", "f61-61.jpeg"]
    assert [stamp_of(result.path / name) for name in names(result.path)] == [4, 60, 61]


def test_pictures_that_are_there_are_kept(sequence):
    sequence(frame_range=(0, 1))
    before = {path: path.stat().st_mtime_ns for path in sequence(
        frame_range=(2, 3)).output.iterdir()}  # fmt: skip
    with pytest.raises(OutputExistsError, match="element-0"):
        sequence(frame_range=(0, 1))
    assert {path: path.stat().st_mtime_ns for path in before} == before
    sequence(frame_range=(0, 1), overwrite=True)


def test_no_frames_leave_no_folder(sequence, tmp_path):
    with pytest.raises(OptionError):
        sequence(frame_range=(0, 90))
    assert not (tmp_path / "pictures").exists()


@pytest.mark.parametrize(
    ("name", "kind", "size"),
    [
        ("still.png", "png", (1280, 720)),
        ("still.jpg", "jpeg", (1280, 720)),
        ("still.webp", "webp", (1280, 720)),
        ("still.pdf", "pdf", (480, 270)),  # points: 96 px are an inch of 72, whatever the scale
    ],
)
def test_stills_of_every_kind(pages, tmp_path, name, kind, size):  # checklist 72
    result = framefleet.render_still(
        pages / "stamped.html", output=tmp_path / name, frame=-1, scale=2
    )
    info = picture_info(result.path.read_bytes())
    assert (info.kind, info.width, info.height) == (kind, *size)
    assert result.frame == 89
    if kind in ("png", "jpeg", "webp"):
        [frame] = frames_of(result.path)
        gray = np.asarray(frame.to_ndarray(format="gray"), np.uint8)[::2, ::2]
        from framefleet.testing.video import read_stamp

        assert read_stamp(gray) == 89
