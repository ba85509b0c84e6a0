"""The plan: canonical bytes, a hash that every field counts in."""

from __future__ import annotations

import dataclasses
import json
from fractions import Fraction

import pytest

from framefleet.domain.codecs import Codec
from framefleet.domain.composition import Composition, CompositionKind, FrameSize
from framefleet.domain.output import (
    AudioOptions,
    CaptureOptions,
    ColorSpace,
    ImageFormat,
    OutputOptions,
    VideoOptions,
)
from framefleet.domain.plan import ChromiumOptions, PageOptions, Plan
from framefleet.domain.timing import FrameRange

PLAN = Plan(
    composition=Composition(
        id="film",
        kind=CompositionKind.REMOTION,
        width=1280,
        height=720,
        fps=Fraction(30000, 1001),
        duration_in_frames=61,
        props='{"b":1,"a":"ü"}',
    ),
    input_props='{"a":"ü"}',
    chunks=(FrameRange(3, 20), FrameRange(20, 61)),
    capture=CaptureOptions(scale=1.5),
    video=VideoOptions(),
    audio=AudioOptions(),
    output=OutputOptions(),
    page=PageOptions(env={"B": "2", "A": "1"}),
    browser="HeadlessChrome/1",
    encoder="x264",
    zero_s=0.1,
)
# Another value for each field of the plan and of the values in it.
OTHER = {
    "composition": {
        "id": "other",
        "kind": CompositionKind.PAGE,
        "width": 1278,
        "height": 718,
        "fps": Fraction(30),
        "duration_in_frames": 62,
        "props": '{"a":"ü","b":1}',
        "default_props": '{"c":1}',
        "default_codec": "h264",
        "default_out_name": "name",
        "default_video_image_format": "png",
        "default_pixel_format": "yuv420p",
        "default_prores_profile": "hq",
        "default_sample_rate": 44100,
    },
    "capture": {
        "image_format": ImageFormat.PNG,
        "jpeg_quality": 90,
        "scale": 1.0,
        "is_opaque": True,
    },
    "video": {
        "codec": Codec.VP9,
        "encoder": "h264_nvenc",
        "crf": 19,
        "bitrate": 1_000_000,
        "max_rate": 2_000_000,
        "buffer_size": 3_000_000,
        "gop_size": 15,
        "preset": "slow",
        "tuning": "none",
        "prores_profile": "hq",
        "pixel_format": "yuv444p",
        "color_space": ColorSpace.BT601,
        "threads": 2,
        "is_clean": False,
    },
    "audio": {
        "codec": None,
        "sample_rate": 44100,
        "bitrate": 128_000,
        "is_enforced": True,
    },
    "output": {
        "codec": None,
        "extension": "mkv",
        "separate_audio": "wav",
        "gif_loops": 0,
        "picture_pattern": "[frame].[ext]",
        "metadata": {"title": "Film"},
    },
    "page": {
        "timeout_s": 31.0,
        "env": {"B": "2"},
        "log_level": "verbose",
        "media_cache_bytes": 1,
        "chromium": ChromiumOptions(dark_mode=True),
    },
    "input_props": "{}",
    "chunks": (FrameRange(3, 21), FrameRange(21, 61)),
    "browser": "HeadlessChrome/2",
    "encoder": "x265",
    "zero_s": None,
    "parts": 2,
    "version": 5,
}
CHANGES = [
    (name, part, value)
    for name, values in OTHER.items()
    for part, value in (values.items() if isinstance(values, dict) else [("", values)])
]


def changed(name, part, value):
    if part:
        value = dataclasses.replace(getattr(PLAN, name), **{part: value})
    return dataclasses.replace(PLAN, **{name: value})


def test_every_field_has_another_value_here():
    assert set(OTHER) == {field.name for field in dataclasses.fields(Plan)}
    for name, values in OTHER.items():
        if isinstance(values, dict):
            fields = {field.name for field in dataclasses.fields(getattr(PLAN, name))}
            assert fields == set(values), name


@pytest.mark.parametrize(("name", "part", "value"), CHANGES, ids=lambda value: str(value)[:20])
def test_a_change_of_any_field_changes_the_hash(name, part, value):
    assert changed(name, part, value).hash != PLAN.hash


@pytest.mark.parametrize(("name", "part", "value"), CHANGES, ids=lambda value: str(value)[:20])
def test_json_brings_every_field_back(name, part, value):
    plan = changed(name, part, value)
    assert Plan.from_json(plan.to_json()) == plan


def test_the_json_is_canonical():
    data = PLAN.to_json()
    reordered = dataclasses.replace(
        PLAN, page=dataclasses.replace(PLAN.page, env={"A": "1", "B": "2"})
    )
    assert reordered.to_json() == data
    compact = json.dumps(
        json.loads(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert compact.encode() == data
    assert json.loads(data)["composition"]["fps"] == "30000/1001"


def test_the_hash_is_stable_from_run_to_run():
    # A change here makes renders that are under way unreadable: raise PLAN_VERSION with it.
    assert PLAN.hash == "83b4f6c464c24645f7f013ee09204e9b0e851364c5c55bdc76e361fe324d0dce"


def test_frames_and_size_follow_from_chunks_and_scale():
    assert PLAN.frame_count == 58
    assert PLAN.fps == Fraction(30000, 1001)
    assert PLAN.frame_size == FrameSize(1920, 1080)


def test_every_third_frame_makes_a_third_of_the_rate():
    sparse = dataclasses.replace(PLAN, chunks=(FrameRange(3, 12, 3), FrameRange(12, 19, 3)))
    assert sparse.frame_count == 6
    assert sparse.fps == Fraction(10000, 1001)
