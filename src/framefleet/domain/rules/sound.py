"""Sound: which codec it gets, whether there is any, and where it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from framefleet.domain.codecs import AUDIO_CODEC_OF_EXTENSION, AudioCodec, Codec
from framefleet.domain.output import DEFAULT_SAMPLE_RATE
from framefleet.domain.rules.names import extension_of
from framefleet.domain.rules.values import json_text, member, text, whole
from framefleet.errors import OptionError, OptionRangeError, OptionTypeError

# Rates the encoders take, in Hz: FFmpeg's aac, libmp3lame and libopus. PCM takes any.
SAMPLE_RATES = {
    AudioCodec.AAC: (
        *(7350, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000),
    ),
    AudioCodec.MP3: (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
    AudioCodec.OPUS: (8000, 12000, 16000, 24000, 48000),
}
LOWEST_SAMPLE_RATE, HIGHEST_SAMPLE_RATE = 4000, 384_000


def read_audio_codec(
    codec: Codec, setting: Any, *, prefer_lossless: bool, separate_audio_to: Path | None
) -> AudioCodec | None:
    """The codec of the sound, if there is any; None where the file cannot hold sound.

    The name of a file of its own must agree with the other options; `prefer_lossless` beats
    `setting`, as it does in the reference's code.

    Raises:
        OptionError: options contradict each other, or the codec does not allow it.
    """
    wanted = _named(setting)
    derived = _derived(codec, separate_audio_to) if separate_audio_to else None
    if prefer_lossless:
        chosen, source = codec.spec.lossless_audio, '"Prefer lossless" option'
    elif wanted is not None:
        chosen, source = wanted, "Audio Codec setting"
    else:
        return _allowed(codec, derived or codec.spec.default_audio)
    if derived is not None and chosen is not derived:
        owner = "the" if prefer_lossless else "your"
        raise OptionError(
            f"The audio codec derived from --separate-audio-to is {derived}, but does not match "
            f"the audio codec derived from {owner} {source} ({chosen}). Remove any conflicting "
            "options.",
            hint="In Python the options are separate_audio_to, prefer_lossless and audio_codec.",
        )
    return _allowed(codec, chosen)


def _named(setting: Any) -> AudioCodec | None:
    found = member(AudioCodec, setting)
    if setting is not None and found is None:
        raise OptionError(
            f"Audio codec must be one of the following: {', '.join(AudioCodec)}, "
            f"but got {text(setting)}",
            hint="Set audio_codec (--audio-codec), or leave it out for the codec's own.",
        )
    return found


def _derived(codec: Codec, path: Path) -> AudioCodec:
    found = AUDIO_CODEC_OF_EXTENSION.get(extension_of(path))
    if found is None:
        raise OptionError(
            f"The file name of separateAudioTo must end in one of the following: "
            f"{', '.join(AUDIO_CODEC_OF_EXTENSION)}, but got {json_text(path.name)}.",
            hint="Rename separate_audio_to (--separate-audio-to); it names the audio codec.",
        )
    if found not in codec.spec.audio:
        raise OptionError(
            f"The codec is {codec} but the audio codec derived from --separate-audio-to is "
            f"{found}. The only supported codecs are: {', '.join(codec.spec.audio)}",
            hint=f"Given: separate_audio_to {json_text(path.name)}; .aac, .mp3 and .opus mean what "
            "they say, .wav is pcm-16.",
        )
    return found


def _allowed(codec: Codec, chosen: AudioCodec | None) -> AudioCodec | None:
    # A GIF has no sound whatever is asked for, save a codec by name.
    if chosen is not None and chosen not in codec.spec.audio:
        allowed = ", ".join(codec.spec.audio) or "none"
        raise OptionError(
            f"Audio codec {chosen} is not supported for codec {codec}",
            hint=f"Allowed are: {allowed}. Set audio_codec (--audio-codec), or leave it out.",
        )
    return chosen


def check_sound(codec: Codec, *, muted: bool, separate_audio_to: Path | None) -> None:
    """Refuse outputs without anything in them, and files for sound that there is not.

    Raises:
        OptionError: names the option to change.
    """
    if codec.spec.is_audio_only and muted:
        raise OptionError(
            "The output format has neither audio nor video. This can happen if you are rendering "
            "an audio codec and the output file has no audio or the muted flag was passed.",
            hint=f"The codec is {codec}: leave muted (--muted) out, or choose a video codec.",
        )
    if separate_audio_to is None:
        return
    if codec.spec.is_audio_only:
        raise OptionError(
            "`separateAudioTo` was set, but this render was audio-only. This option is meant to "
            "be used for video renders.",
            hint=f"The codec is {codec}: leave separate_audio_to (--separate-audio-to) out.",
        )
    if muted or not codec.spec.audio:
        raise OptionError(
            f"`separateAudioTo` was set to {json_text(separate_audio_to)}, but this render "
            "included no audio. Audio output is disabled by the muted option or selected codec.",
            hint="Leave separate_audio_to (--separate-audio-to) or muted (--muted) out.",
        )


def read_sample_rate(
    value: Any, default: int | None, codec: AudioCodec | None, warnings: list[str]
) -> int:
    """Samples a second: the caller's, else the composition's, else ours.

    A rate that the audio codec lacks becomes the next higher one, as FFmpeg has it.

    Raises:
        OptionTypeError: it is no whole number.
        OptionRangeError: no sound has such a rate.
    """
    wanted = next((rate for rate in (value, default) if rate is not None), DEFAULT_SAMPLE_RATE)
    rate = whole(wanted)
    if rate is None:
        raise OptionTypeError(
            f'"sampleRate" must be an integer, but got {text(wanted)}',
            hint="Set sample_rate (--sample-rate) in Hz, such as 48000 or 44100.",
        )
    if not LOWEST_SAMPLE_RATE <= rate <= HIGHEST_SAMPLE_RATE:
        raise OptionRangeError(
            f'"sampleRate" must be between {LOWEST_SAMPLE_RATE} and {HIGHEST_SAMPLE_RATE}, '
            f"but got {rate}",
            hint="Set sample_rate (--sample-rate) in Hz, such as 48000 or 44100.",
        )
    rates = SAMPLE_RATES.get(codec, ()) if codec else ()
    used = next((known for known in rates if known >= rate), rates[-1]) if rates else rate
    if used != rate:
        warnings.append(f"{codec} does not support a sample rate of {rate}. Using {used}.")
    return used
