"""What encoders are told where no test can open them: those of graphics cards."""

from __future__ import annotations

import pytest

from framefleet.domain.codecs import Codec
from framefleet.domain.output import VideoOptions
from framefleet.encoding.encoder_options import chunk_container, encoder_options


@pytest.mark.parametrize("encoder", ["h264_nvenc", "h264_videotoolbox"])
def test_hardware_gets_rates_but_neither_crf_nor_preset(encoder):
    options = VideoOptions(encoder=encoder, crf=18, preset="slow", bitrate=2_000_000, gop_size=30)
    assert encoder_options(options, "yuv420p") == {"b": "2000000", "g": "30"}


def test_apples_prores_has_the_profiles_of_the_other():
    options = VideoOptions(
        codec=Codec.PRORES, encoder="prores_videotoolbox", crf=None, prores_profile="light"
    )
    assert encoder_options(options, "p210le") == {"profile": "1"}


def test_what_is_not_set_is_left_to_the_encoder():
    assert encoder_options(VideoOptions(), "yuv420p") == {"crf": "18"}


@pytest.mark.parametrize(
    ("preset", "tuning", "is_tuned"),
    [
        (None, "page", True),
        ("medium", "page", True),
        ("faster", "page", True),
        ("veryfast", "page", False),
        ("slow", "page", False),
        ("medium", "none", False),
    ],
)
def test_only_presets_that_look_for_film_are_tuned(preset, tuning, is_tuned):
    options = encoder_options(VideoOptions(preset=preset, tuning=tuning), "yuv420p")
    assert ("subme=1" in options.get("x264-params", "")) is is_tuned


@pytest.mark.parametrize("is_clean", [True, False])
def test_the_noise_of_a_jpeg_gets_no_more_bits(is_clean):
    options = VideoOptions(tuning="page", is_clean=is_clean)
    found = encoder_options(options, "yuv420p")["x264-params"]
    assert ("aq-strength=0.6" in found) is is_clean


@pytest.mark.parametrize(
    ("codec", "container"),
    [(Codec.H264_TS, "mp4"), (Codec.AV1, "mp4"), (Codec.PRORES, "mov"), (Codec.VP8, "matroska")],
)
def test_chunk_containers(codec, container):
    assert chunk_container(codec) == container
