"""Remotion's assets in our terms (spec/remotion-page-contract.md 5)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from framefleet.compositions.remotion_sounds import read_sounds
from framefleet.domain.sound import InlineSound
from framefleet.errors import PageScriptError


class Site:
    """The only thing read_sounds asks of a site."""

    def canonical(self, source: str) -> str:
        return f"site:{source}"


def audio(**changes) -> dict[str, Any]:
    return {
        "type": "audio",
        "id": "a",
        "src": "/clip.mp3",
        "frame": 40,
        "mediaFrame": 10,
        "volume": 1,
        "playbackRate": 1,
        **changes,
    }


def read(*assets: dict[str, Any], fps: Fraction = Fraction(30)):
    return read_sounds(list(assets), frame=40, fps=fps, site=Site())  # type: ignore[arg-type]  # a double


@pytest.mark.parametrize(
    ("changes", "media_frames"),
    [
        ({}, 10),
        ({"playbackRate": 2}, 20),
        ({"playbackRate": 0.5}, 5),
        # The trim lies before the change of speed: 6 frames of it at speed 1, the other 4 at 2.
        ({"audioStartFrame": 6}, 10),
        ({"audioStartFrame": 6, "playbackRate": 2}, 14),
        ({"audioStartFrame": 6, "playbackRate": 0.5}, 8),
        ({"audioStartFrame": None, "playbackRate": 2}, 20),
        ({"mediaFrame": 0}, 0),
    ],
)
@pytest.mark.parametrize("fps", [Fraction(30), Fraction(30000, 1001)])
def test_the_position_in_the_source(changes, media_frames, fps):
    [sound] = read(audio(**changes), fps=fps).sounds
    assert sound.media_time_s == pytest.approx(float(media_frames / fps), abs=1e-12)


@pytest.mark.parametrize(
    ("changes", "volume"),
    [
        ({"volume": 0.25}, 0.25),
        ({"volume": 3}, 3),
        ({"volume": 3, "allowAmplificationDuringRender": True}, 3),
        ({"volume": 3, "allowAmplificationDuringRender": False}, 1),
        ({"volume": 0.5, "allowAmplificationDuringRender": False}, 0.5),
    ],
)
def test_volume_amplifies_unless_it_may_not(changes, volume):
    [sound] = read(audio(**changes)).sounds
    assert sound.volume == volume


def test_the_other_fields():
    [sound] = read(
        audio(type="video", toneFrequency=1.5, preservePitch=False, audioStreamIndex=2)
    ).sounds
    assert (sound.id, sound.source) == ("a", "site:/clip.mp3")
    assert (sound.tone_frequency, sound.preserve_pitch, sound.stream_index) == (1.5, False, 2)
    [plain] = read(audio()).sounds
    assert (plain.tone_frequency, plain.preserve_pitch, plain.stream_index) == (1.0, True, 0)


def test_inline_audio_is_kept_as_samples():
    found = read(
        {"type": "inline-audio", "id": "i", "frame": 40, "audio": [1, -2, 32767, -32768]}, audio()
    )
    samples = b"\x01\x00\xfe\xff\xff\x7f\x00\x80"
    assert found.inline == (InlineSound(id="i", samples=samples),)
    assert [sound.id for sound in found.sounds] == ["a"]
    assert found.frame == 40


def test_an_asset_of_another_frame_was_collected_too_early():
    with pytest.raises(PageScriptError, match="The sound a of frame 39 was still registered at"):
        read(audio(frame=39))
