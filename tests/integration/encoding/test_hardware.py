"""The choice of an encoder on a machine without a graphics card, and on others' platforms."""

from __future__ import annotations

import sys

import av
import pytest

from framefleet.domain.codecs import PIXEL_FORMATS, Codec
from framefleet.domain.output import HardwareAcceleration
from framefleet.encoding.encoder_options import nearest_pixel_format
from framefleet.encoding.hardware import EncoderChoice, choose_encoder, unavailable
from framefleet.errors import OptionError

DISABLE, IF_POSSIBLE, REQUIRED = HardwareAcceleration


@pytest.mark.parametrize("codec", [codec for codec in Codec if codec.spec.encoder])
def test_disabled_hardware_is_neither_used_nor_spoken_of(codec):
    choice = choose_encoder(codec, DISABLE, blocking_option="crf")
    assert choice == EncoderChoice(codec.spec.encoder)


@pytest.mark.parametrize("blocking", ["encodingBufferSize", "encodingMaxRate", "crf"])
def test_an_option_that_needs_software_turns_hardware_off_with_a_warning(blocking):
    choice = choose_encoder(Codec.H264, IF_POSSIBLE, blocking_option=blocking)
    assert choice == EncoderChoice(
        "libx264",
        f'Hardware accelerated encoding disabled - "{blocking}" option is not supported with '
        "hardware acceleration",
    )


def test_an_option_that_needs_software_cannot_be_set_where_hardware_is_required():
    with pytest.raises(OptionError) as caught:
        choose_encoder(Codec.H264, REQUIRED, blocking_option="encodingMaxRate")
    assert caught.value.message == (
        'When using hardware accelerated encoding, the option "encodingMaxRate" with hardware '
        "acceleration is not supported. Disable hardware accelerated encoding or use "
        '"if-possible" instead.'
    )


@pytest.mark.parametrize(("codec", "platform"), [(Codec.VP9, "darwin"), (Codec.PRORES, "linux")])
def test_a_platform_without_an_encoder_for_the_codec(codec, platform):
    choice = choose_encoder(codec, IF_POSSIBLE, blocking_option=None, platform=platform)
    assert choice == EncoderChoice(
        codec.spec.encoder,
        f'Codec "{codec}" does not support hardware acceleration on {platform}; encoding with '
        f"{codec.spec.encoder}.",
    )
    with pytest.raises(OptionError) as caught:
        choose_encoder(codec, REQUIRED, blocking_option=None, platform=platform)
    assert caught.value.message == (
        f'Codec "{codec}" does not support hardware acceleration on {platform}, but '
        '"hardwareAcceleration" is set to "required"'
    )
    assert str(codec.spec.encoder) in str(caught.value)


# No FFmpeg has both Apple's and NVIDIA's encoders.
ELSEWHERE = "linux" if sys.platform == "darwin" else "darwin"


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
def test_an_encoder_that_is_not_there_is_named_with_the_reason(codec):
    encoder = codec.spec.hardware[ELSEWHERE]
    choice = choose_encoder(codec, IF_POSSIBLE, blocking_option=None, platform=ELSEWHERE)
    assert choice == EncoderChoice(
        codec.spec.encoder,
        f'Hardware encoder "{encoder}" is not available (this FFmpeg was built without it); '
        f"encoding with {codec.spec.encoder}.",
    )
    with pytest.raises(OptionError) as caught:
        choose_encoder(codec, REQUIRED, blocking_option=None, platform=ELSEWHERE)
    assert caught.value.message == (
        f'Hardware encoder "{encoder}" is not available in your FFmpeg build. Install an FFmpeg '
        f'with {encoder} support, or use "if-possible" mode instead of "required".'
    )
    assert "built without it" in str(caught.value)


def test_an_encoder_counts_as_there_when_it_encodes():
    """NVENC is in every build; whether it works is up to the machine, and the two must agree."""
    reason = unavailable("h264_nvenc")
    choice = choose_encoder(Codec.H264, IF_POSSIBLE, blocking_option=None, platform="linux")
    if reason is None:
        assert choice == EncoderChoice("h264_nvenc")
    else:
        assert choice.name == "libx264"
        assert reason in str(choice.warning)
    assert unavailable("libx264") is None


def test_a_probe_leaves_the_log_as_it_was():
    before = av.logging.get_level()
    unavailable.cache_clear()
    unavailable("h264_nvenc")
    assert av.logging.get_level() == before


@pytest.mark.parametrize("encoder", ["h264_nvenc", "hevc_nvenc"])
@pytest.mark.parametrize("wanted", [name for name in PIXEL_FORMATS if not name.startswith("yuva")])
def test_graphics_cards_get_a_format_that_loses_nothing(encoder, wanted):
    found, asked = av.VideoFormat(nearest_pixel_format(encoder, wanted)), av.VideoFormat(wanted)
    assert not found.is_rgb
    assert found.components[0].bits >= asked.components[0].bits
    assert (found.chroma_width(8), found.chroma_height(8)) == (
        asked.chroma_width(8),
        asked.chroma_height(8),
    )
