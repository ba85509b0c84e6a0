"""Names: of codecs, of files and what their endings mean, and the tags of a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from framefleet.domain.codecs import CODEC_OF_EXTENSION, AudioCodec, Codec
from framefleet.domain.rules.values import json_text, member, text, typeof
from framefleet.errors import OptionError, OptionTypeError
from framefleet.own_version import own_version

DEFAULT_SEQUENCE_PATTERN = "element-[frame].[ext]"


def extension_of(path: Path) -> str:
    """How a file name ends, without the dot, in small letters."""
    return path.suffix.lower().lstrip(".")


def read_path(value: Any, name: str) -> Path | None:
    """A path, or None; raises as `read_needed_path`."""
    return None if value is None else read_needed_path(value, name)


def read_needed_path(value: Any, name: str) -> Path:
    """A path.

    Raises:
        OptionTypeError: it is no text; `name` is the option's.
    """
    if not isinstance(value, str | Path) or not str(value) or "\0" in str(value):
        raise OptionTypeError(
            f'"{name}" must be a path, but got {json_text(value)}',
            hint="Give the name of a file as text.",
        )
    return Path(value)


def read_flag(value: Any, name: str) -> bool:
    """A switch.

    Raises:
        OptionTypeError: it is neither true nor false; `name` is the option's.
    """
    if not isinstance(value, bool):
        raise OptionTypeError(
            f'"{name}" must be a boolean, but got {typeof(value)} ({json_text(value)})',
            hint="Set it to true or false (True or False in Python), without quotes.",
        )
    return value


def read_texts(value: Any, name: str) -> dict[str, str]:
    """A mapping of text to text; None is empty.

    Raises:
        OptionTypeError: it is something else, or holds something else.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise OptionTypeError(
            f'"{name}" must be an object, but got {typeof(value)} ({json_text(value)})',
            hint='Give names and texts, such as {"title": "Hello"}.',
        )
    for key, item in value.items():
        if not (_is_text(key) and key and _is_text(item)):
            raise OptionTypeError(
                f'"{name}" must hold names and texts, but got {json_text(key)}: {json_text(item)}',
                hint='Put values in quotes, such as {"year": "2024"}.',
            )
    return dict(value)


def _is_text(value: Any) -> bool:
    """What files and processes can be given: no NUL, no half of a surrogate pair."""
    return (
        isinstance(value, str) and "\0" not in value and re.search("[\ud800-\udfff]", value) is None
    )


def read_codec(value: Any, output: Path | None, default: str | None) -> Codec:
    """The caller's codec, else what the output's name and the composition's default say.

    A default that the name fits goes before what the name alone means.

    Raises:
        OptionTypeError: the caller's is no codec.
        OptionError: the composition's is none.
    """
    if value is not None:
        found = member(Codec, value)
        if found is None:
            raise OptionTypeError(
                f'Got unexpected codec "{text(value)}"',
                hint=f"codec (--codec) is one of {', '.join(Codec)}.",
            )
        return found
    preferred = member(Codec, default)
    if default is not None and preferred is None:
        raise OptionError(
            f"Codec must be one of the following: {', '.join(Codec)}, but got {text(default)}",
            hint="It is the composition's defaultCodec; codec (--codec) goes before it.",
        )
    by_name = CODEC_OF_EXTENSION.get(extension_of(output)) if output else None
    if output and by_name and not (preferred and extension_of(output) in extensions(preferred)):
        return by_name
    return preferred or Codec.H264


def possible_codecs(output: Path | None) -> list[Codec]:
    """What `read_codec` may yet find, once the composition is known, where none is given."""
    ending = extension_of(output) if output else None
    return [
        codec for codec in Codec if ending not in CODEC_OF_EXTENSION or ending in extensions(codec)
    ]


def extensions(codec: Codec) -> tuple[str, ...]:
    """All that a file of the codec may end in."""
    spec = codec.spec
    return tuple(dict.fromkeys([spec.extension, *chain(*spec.audio.values())]))


def read_extension(
    codec: Codec,
    audio: AudioCodec | None,
    output: Path | None,
    *,
    is_separate: bool,
    is_silent: bool,
) -> str:
    """The ending of the output, which names its container; the codec's own where it has no name.

    Raises:
        OptionTypeError: the name does not go with the codecs.
    """
    allowed = extensions(codec) if audio is None or is_separate else codec.spec.audio[audio]
    if output is None:
        return allowed[0]
    ending = extension_of(output)
    given = f"Given: {json_text(output.name)}"
    if ending not in allowed:
        if audio is None:
            raise OptionTypeError(
                f"When using the {codec} codec, the output filename must end in "
                f".{codec.spec.extension}.",
                hint=f"{given}; rename it, or choose another codec (--codec).",
            )
        raise OptionTypeError(
            f"When using the {codec} codec with the {audio} audio codec, the output filename must "
            f"end in one of the following: {', '.join(allowed)}.",
            hint=f"{given}; rename it, or choose another codec (--codec) or audio_codec "
            "(--audio-codec).",
        )
    if ending == "hevc" and not is_silent:
        raise OptionTypeError(
            "A .hevc file holds pictures only, but this render may have sound.",
            hint=f"{given}; set muted (--muted) or separate_audio_to (--separate-audio-to), or let "
            "the name end in .mp4 or .mkv.",
        )
    if ending == "mxf" and audio is AudioCodec.AAC and not is_silent:
        raise OptionTypeError(
            "A .mxf file cannot hold sound of the aac audio codec.",
            hint=f"{given}; set audio_codec (--audio-codec) to pcm-16, or let the name end in .mov "
            "or .mkv.",
        )
    return ending


def check_separate_name(output: Path | None, separate_audio_to: Path | None) -> None:
    """Refuse one file for both picture and sound that is to be separate.

    Raises:
        OptionError: both have the same name.
    """
    if output is not None and output == separate_audio_to:
        raise OptionError(
            f"The output and separateAudioTo are the same file, {json_text(output)}.",
            hint="Give separate_audio_to (--separate-audio-to) another name.",
        )


def read_sequence_pattern(value: Any) -> str:
    """How pictures of a sequence are named: `[frame]` and `[ext]` are filled in.

    Raises:
        OptionTypeError: it names no files, or all the same.
    """
    if value is None:
        return DEFAULT_SEQUENCE_PATTERN
    if not _is_text(value) or "[frame]" not in value or "/" in value or "\\" in value:
        raise OptionTypeError(
            '"imageSequencePattern" must be a file name with [frame] in it, '
            f"but got {json_text(value)}",
            hint="Set image_sequence_pattern (--image-sequence-pattern) such as "
            f'"{DEFAULT_SEQUENCE_PATTERN}".',
        )
    return str(value)


def read_metadata(value: Any) -> dict[str, str]:
    """The tags of a file: our comment first, keys in small letters.

    The caller's comment goes after ours; an empty text leaves a tag out.

    Raises:
        OptionTypeError: it holds something else than texts.
    """
    ours = f"Made with framefleet {own_version()}"
    tags = {"comment": ours}
    for key, item in read_texts(value, "metadata").items():
        name = key.lower()
        tags[name] = f"{ours}; {item}" if name == "comment" else item
    return {name: item for name, item in tags.items() if item}
