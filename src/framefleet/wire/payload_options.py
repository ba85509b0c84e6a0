"""Options of a payload as the keyword arguments of our own table (`domain.options`).

Keys and defaults: spec/serverless-wire.md 3 to 5; forms: spec/serverless-clients-rest.md 7. Only
what was given is passed on, and what cannot be used is refused by `domain.rules` later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from framefleet.domain.codecs import Codec
from framefleet.domain.option import options_of, remotion_name
from framefleet.domain.options import ChromiumArguments, MediaArguments, StillArguments
from framefleet.domain.rules.text import parse_frames
from framefleet.domain.rules.values import json_text, number, whole
from framefleet.errors import OptionError
from framefleet.wire.payload_values import given

# Named one by one: others of the table choose executables and folders of the machine that renders,
# which is not the caller's.
SITE_OPTIONS = (
    *("env_variables", "width", "height", "fps", "duration_in_frames", "timeout_in_milliseconds"),
    *("offthread_video_cache_size_in_bytes", "log_level"),
)
PICTURE_OPTIONS = (*SITE_OPTIONS, "image_format", "jpeg_quality", "scale")
STILL_OPTIONS = (*PICTURE_OPTIONS, "frame")
SEQUENCE_OPTIONS = (*PICTURE_OPTIONS, "frame_range", "every_nth_frame")
MEDIA_OPTIONS = (
    *SEQUENCE_OPTIONS,
    *("codec", "crf", "pixel_format", "prores_profile", "x264_preset", "gop_size", "color_space"),
    *("video_bitrate", "encoding_max_rate", "encoding_buffer_size", "number_of_gif_loops"),
    *("muted", "audio_codec", "audio_bitrate", "sample_rate", "prefer_lossless", "metadata"),
    # Ours alone.
    *("x264_tuning", "enforce_audio_track"),
)
# Older ones, and those of the reference's documents.
_OTHER_NAMES = {
    "jpeg_quality": ("quality",),
    "encoding_buffer_size": ("bufferSize",),
    "encoding_max_rate": ("maxRate",),
}
_TABLE = {**options_of(MediaArguments), **options_of(StillArguments)}


def read_site_options(payload: Mapping[str, Any]) -> dict[str, Any]:
    """How a site is looked at."""
    return _read(payload, SITE_OPTIONS)


def read_still_options(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `render_still`."""
    return _read(payload, STILL_OPTIONS)


def read_sequence_options(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `render_frames`."""
    return _read(payload, SEQUENCE_OPTIONS)


def read_media_options(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `render_media`, for a codec that is known."""
    options = _read(payload, MEDIA_OPTIONS)
    codec = Codec(options["codec"])
    # PHP, Go and Ruby send 0 for nothing.
    if codec is not Codec.GIF and whole(options.get("number_of_gif_loops")) == 0:
        del options["number_of_gif_loops"]
    # Clients send one for every codec; here it would be warned of.
    if codec.spec.is_audio_only:
        options.pop("image_format", None)
    for name in ("video_bitrate", "audio_bitrate"):
        if name in options:
            options[name] = _bitrate(options[name])
    return options


def _read(payload: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    found = {
        name: given(payload, remotion_name(name, _TABLE[name]), *_OTHER_NAMES.get(name, ()))
        for name in names
    }
    if "frame_range" in names:
        found["frame_range"] = _frame_range(found["frame_range"])
    if payload.get("dumpBrowserLogs") is True:
        found["log_level"] = "verbose"
    found["chromium_options"] = _chromium(payload)
    return {name: value for name, value in found.items() if value is not None}


def _chromium(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """Those that Chromium here has.

    `headless` and `enableMultiProcessOnLinux` have no counterpart (`domain.rules.REFUSED` says why)
    and are dropped, for clients send them without being asked to.
    """
    value = given(payload, "chromiumOptions")
    values = value if isinstance(value, Mapping) else {}
    table = options_of(ChromiumArguments)
    found = {name: given(values, remotion_name(name, table[name]), name) for name in table}
    if found["gl"] is None:
        found["gl"] = given(payload, "gl")
    return {name: item for name, item in found.items() if item is not None} or None


def _frame_range(value: Any) -> Any:
    """A range that was sent as text, such as `0-59`; text that is none stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        return parse_frames(value)
    except OptionError:
        return value


def _bitrate(value: Any) -> Any:
    """Bits a second, which our table takes as text only: 128000 is `128K`."""
    bits = number(value)
    return value if bits is None else f"{json_text(bits / 1000)}K"
