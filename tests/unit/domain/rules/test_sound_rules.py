"""Sound: codecs, files of its own, sample rates (spec/encoding.md 1.2, 2, 4.8)."""

from __future__ import annotations

from pathlib import Path

import pytest

from framefleet.domain.codecs import CODECS, AudioCodec, Codec
from framefleet.errors import OptionError, OptionRangeError, OptionTypeError

SEPARATE = "The audio codec derived from --separate-audio-to is {}, but does not match the audio "
NO_AUDIO = (
    '`separateAudioTo` was set to "a.wav", but this render included no audio. Audio output is '
    "disabled by the muted option or selected codec."
)
NEITHER = (
    "The output format has neither audio nor video. This can happen if you are rendering an audio "
    "codec and the output file has no audio or the muted flag was passed."
)
AUDIO_ONLY = (
    "`separateAudioTo` was set, but this render was audio-only. This option is meant to be used "
    "for video renders."
)


def not_for(codec, audio):
    message = f"Audio codec {audio} is not supported for codec {codec}"
    return {"codec": codec, "audio_codec": audio}, OptionError, message


def derived(codec, name, audio, supported):
    return (
        {"codec": codec, "separate_audio_to": name},
        OptionError,
        f"The codec is {codec} but the audio codec derived from --separate-audio-to is {audio}. "
        f"The only supported codecs are: {supported}",
    )


def unknown(given, text):
    return (
        {"audio_codec": given},
        OptionError,
        f"Audio codec must be one of the following: pcm-16, aac, mp3, opus, but got {text}",
    )


def no_boolean(key, name, given, text):
    return {key: given}, OptionTypeError, f'"{name}" must be a boolean, but got {text}'


REFUSED = [
    # checklist 39
    not_for("h264", "opus"),
    not_for("h265", "mp3"),
    not_for("vp8", "aac"),
    not_for("prores", "mp3"),
    not_for("h264-mkv", "aac"),
    not_for("h264-ts", "mp3"),
    not_for("mp3", "aac"),
    not_for("aac", "mp3"),
    not_for("wav", "aac"),
    not_for("gif", "aac"),
    unknown("flac", "flac"),
    unknown(16, "16"),
    unknown(["aac"], "aac"),
    # checklist 54
    *[({"codec": codec, "muted": True}, OptionError, NEITHER) for codec in ("mp3", "aac", "wav")],
    # checklist 55
    derived("h265", "a.mp3", "mp3", "aac, pcm-16"),
    derived("h264", "a.opus", "opus", "aac, pcm-16, mp3"),
    derived("vp9", "a.aac", "aac", "opus, pcm-16"),
    derived("gif", "a.aac", "aac", ""),
    # checklist 56
    ({"separate_audio_to": "a.wav", "muted": True}, OptionError, NO_AUDIO),
    ({"separate_audio_to": Path("a.wav"), "muted": True}, OptionError, NO_AUDIO),
    (
        {"separate_audio_to": "a.wav", "audio_codec": "aac"},
        OptionError,
        SEPARATE.format("pcm-16") + "codec derived from your Audio Codec setting (aac). Remove any "
        "conflicting options.",
    ),
    (
        {"separate_audio_to": "a.aac", "prefer_lossless": True},
        OptionError,
        SEPARATE.format("aac") + 'codec derived from the "Prefer lossless" option (pcm-16). '
        "Remove any conflicting options.",
    ),
    ({"codec": "mp3", "separate_audio_to": "a.mp3"}, OptionError, AUDIO_ONLY),
    ({"codec": "wav", "separate_audio_to": "a.wav"}, OptionError, AUDIO_ONLY),
    # ours: the name says the codec, or the render is refused
    (
        {"separate_audio_to": "a.flac"},
        OptionError,
        "The file name of separateAudioTo must end in one of the following: aac, mp3, opus, wav, "
        'but got "a.flac".',
    ),
    (
        {"separate_audio_to": "sound"},
        OptionError,
        "The file name of separateAudioTo must end in one of the following: aac, mp3, opus, wav, "
        'but got "sound".',
    ),
    ({"separate_audio_to": 5}, OptionTypeError, '"separateAudioTo" must be a path, but got 5'),
    ({"separate_audio_to": ""}, OptionTypeError, '"separateAudioTo" must be a path, but got ""'),
    # ours: the reference does not look at rates and switches
    ({"sample_rate": "48000"}, OptionTypeError, '"sampleRate" must be an integer, but got 48000'),
    ({"sample_rate": 44100.5}, OptionTypeError, '"sampleRate" must be an integer, but got 44100.5'),
    (
        {"sample_rate": 0},
        OptionRangeError,
        '"sampleRate" must be between 4000 and 384000, but got 0',
    ),
    (
        {"sample_rate": 10**6},
        OptionRangeError,
        '"sampleRate" must be between 4000 and 384000, but got 1000000',
    ),
    no_boolean("muted", "muted", "no", 'string ("no")'),
    no_boolean("enforce_audio_track", "enforceAudioTrack", 1, "number (1)"),
    no_boolean("prefer_lossless", "preferLossless", [], "object ([])"),
]


@pytest.mark.parametrize(("options", "kind", "message"), REFUSED, ids=str)
def test_sound_that_cannot_be_is_refused(options, kind, message, media, refused):
    assert refused(kind, message, media, **{"codec": "h264", **options})


@pytest.mark.parametrize("codec", Codec)
def test_each_codec_has_its_own_sound(codec, media):
    spec = CODECS[codec]
    assert media(codec=codec).audio.codec == spec.default_audio
    assert media(codec=codec, prefer_lossless=True).audio.codec == spec.lossless_audio
    for audio in spec.audio:
        found = media(codec=codec, audio_codec=audio.value)
        assert found.audio.codec is audio
        assert found.output.extension == spec.audio[audio][0]


# checklist 93, and the documented way that the reference's code decides
def test_lossless_beats_the_audio_codec(media, refused):
    found = media(codec="h264", audio_codec="mp3", prefer_lossless=True)
    assert found.audio.codec is AudioCodec.PCM_16
    assert found.output.extension == "mkv"
    refused(
        OptionTypeError,
        "When using the h264 codec with the pcm-16 audio codec, the output filename must end in "
        "one of the following: mkv, mov.",
        media,
        codec="h264",
        prefer_lossless=True,
        output="a.mp4",
    )


# checklist 80
def test_muted_wins_over_a_track_that_is_asked_for(media):
    audio = media(muted=True, enforce_audio_track=True).audio
    assert audio.codec is None
    assert audio.muted


@pytest.mark.parametrize(
    ("options", "is_enforced"),
    [({}, False), ({"enforce_audio_track": True}, True), ({"separate_audio_to": "a.wav"}, True),
     ({"codec": "mp3"}, True), ({"codec": "wav"}, True), ({"codec": "gif"}, False)],
)  # fmt: skip
def test_a_silent_track_is_made_where_sound_was_promised(options, is_enforced, media):
    assert media(**options).audio.is_enforced is is_enforced


@pytest.mark.parametrize(
    ("codec", "name", "audio"),
    [("h264", "a.aac", "aac"), ("h264", "a.mp3", "mp3"), ("h264", "b/a.wav", "pcm-16"),
     ("vp9", "a.OPUS", "opus"), ("prores", "a.wav", "pcm-16")],
)  # fmt: skip
def test_the_name_of_the_sounds_own_file_chooses_its_codec(codec, name, audio, media):
    found = media(codec=codec, separate_audio_to=name)
    assert found.audio.codec == audio
    assert found.output.separate_audio == name.rpartition(".")[2].lower()
    assert found.output.extension == CODECS[Codec(codec)].extension


def test_sound_of_its_own_frees_the_outputs_name(media, refused):
    found = media(codec="h264", separate_audio_to="a.wav", output="a.mp4")
    assert (found.audio.codec, found.output.extension) == (AudioCodec.PCM_16, "mp4")
    refused(
        OptionTypeError,
        "When using the h264 codec with the pcm-16 audio codec, the output filename must end in "
        "one of the following: mp4, mkv, mov.",
        media,
        codec="h264",
        separate_audio_to="a.wav",
        output="a.webm",
    )


def test_picture_and_sound_are_not_written_to_one_file(media, refused):
    refused(
        OptionError,
        'The output and separateAudioTo are the same file, "a.aac".',
        media,
        codec="aac",
        separate_audio_to="a.aac",
        output="a.aac",
    )


@pytest.mark.parametrize(
    ("codec", "given", "default", "rate"),
    [
        ("h264", None, None, 48000),
        ("h264", None, 44100, 44100),
        ("h264", 22050, 44100, 22050),
        ("h264", 44100.0, None, 44100),
        ("h264", 192_000, None, 96_000),
        ("vp9", 44100, None, 48000),
        ("vp9", None, 22050, 24000),
        ("mp3", 96_000, None, 48_000),
        ("wav", 192_000, None, 192_000),
        ("wav", 44_056, None, 44_056),
    ],
)
def test_a_sample_rate_is_one_the_codec_has(codec, given, default, rate, media, composition):
    site = composition(default_sample_rate=default)
    assert media(codec=codec, sample_rate=given, composition=site).audio.sample_rate == rate


def test_sound_has_320_kilobits_unless_told_otherwise(media):
    assert media().audio.bitrate == 320_000
    assert media(audio_bitrate="96k").audio.bitrate == 96_000
