"""What each encoder is told, beyond size, rate and colours, so that its chunks can be joined."""

from __future__ import annotations

import os

import av
from av.codec import find_best_pix_fmt_of_list

from framefleet.domain.codecs import (
    ALPHA_PIXEL_FORMATS,
    DEFAULT_PRORES_PROFILE,
    PRORES_PROFILES,
    Codec,
)
from framefleet.domain.output import VideoOptions

# SVT-AV1's own default, pinned because it has changed between releases.
_SVT_PRESET = 8
# The most SVT-AV1 knows of its "level of parallelism".
_SVT_LARGEST_LEVEL = 6
_SVT_LOG_ERRORS = "1"
# Bits a second; more than VP8 ever needs.
_VP8_UNREACHED_BITRATE = 400_000_000
# The smallest that keeps transparency.
_CLEAR_PRORES_PROFILE = "4444"
# What x264 looks for in camera film and seldom finds in pages: more references, fine sub-pixel
# decisions, small B partitions, a long look ahead. Measured in decision 10.
_PAGE_TUNING = {
    "rc-lookahead": "20",
    "ref": "1",
    "subme": "1",
    "b-adapt": "0",
    "weightp": "1",
    "partitions": "p8x8,i8x8,i4x4",
}
# Pictures without noise of their own are worth the bits: half the help for flat areas, which x264
# gives so that noise stays there, and the chroma it drops below subme 6.
_CLEAN_TUNING = {"aq-strength": "0.6", "chroma-qp-offset": "-2"}
# Faster presets look for less already; slower ones are asked for by those who want all of it.
_TUNED_PRESETS = (None, "medium", "fast", "faster")
_CONTAINERS = {Codec.PRORES: "mov", Codec.VP8: "matroska", Codec.VP9: "matroska"}


def chunk_container(codec: Codec) -> str:
    """FFmpeg's name of the container that keeps all of a chunk's packets: times, marks, alpha.

    Matroska alone carries the transparency of VP8 and VP9; it counts in milliseconds.
    """
    return _CONTAINERS.get(codec, "mp4")


def nearest_pixel_format(encoder: str, wanted: str) -> str:
    """`wanted`, or what FFmpeg would put in its place where the encoder at hand does not take it.

    Graphics cards want the same samples in another order; PyAV's libvpx has no 10-bit VP9.
    """
    formats = [format.name for format in av.Codec(encoder, "w").video_formats or []]
    best, _ = find_best_pix_fmt_of_list(formats, wanted, wanted in ALPHA_PIXEL_FORMATS)
    return best.name if best else wanted


def encoder_options(options: VideoOptions, pixel_format: str) -> dict[str, str]:
    """FFmpeg's options for `options.encoder`; what the caller left open is left to the encoder.

    An encoder in hardware knows neither crf nor x264's presets: it goes without.
    """
    is_software = options.encoder == options.codec.spec.encoder
    asked = {
        "crf": options.crf if is_software else None,
        "b": options.bitrate,
        "maxrate": options.max_rate,
        "bufsize": options.buffer_size,
        "g": options.gop_size,
        "preset": options.preset if is_software else None,
    }
    found = {name: str(value) for name, value in asked.items() if value is not None}
    match options.encoder:
        case "libx264" if options.tuning == "page" and options.preset in _TUNED_PRESETS:
            tuning = _PAGE_TUNING | (_CLEAN_TUNING if options.is_clean else {})
            found["x264-params"] = ":".join(f"{key}={value}" for key, value in tuning.items())
        case "libx265":
            # The info SEI is part of the parameter sets and names features of the machine, which
            # would tell chunks of different machines apart.
            params = f"log-level=error:info=0:open-gop=0:pools={options.threads}"
            found["x265-params"] = params
        case "libvpx" | "libvpx-vp9":
            _tell_vpx(found, options, pixel_format)
        case "libsvtav1":
            _tell_svt(found, options)
        case "prores_ks" | "prores_videotoolbox":
            is_clear = pixel_format in ALPHA_PIXEL_FORMATS
            default = _CLEAR_PRORES_PROFILE if is_clear else DEFAULT_PRORES_PROFILE
            found["profile"] = str(PRORES_PROFILES[options.prores_profile or default])
    return found


def _tell_vpx(found: dict[str, str], options: VideoOptions, pixel_format: str) -> None:
    is_vp8 = options.codec is Codec.VP8
    if is_vp8 or pixel_format in ALPHA_PIXEL_FORMATS:
        # In VP8 alternate references are packets that show no frame; with transparency libvpx
        # refuses them.
        found["auto-alt-ref"] = "0"
    # To libvpx crf is the best quality allowed within a bit rate. Without one VP9 lets crf decide
    # alone, VP8 aims at 256 kbit/s, a poor picture at any size (spec/encoding.md 1.3).
    limit = options.max_rate or (_VP8_UNREACHED_BITRATE if is_vp8 else None)
    if options.bitrate is None and limit is not None:
        found["b"] = str(limit)
    if "b" not in found:
        # Without a rate there is nothing to buffer: libvpx refuses the size.
        found.pop("bufsize", None)


def _tell_svt(found: dict[str, str], options: VideoOptions) -> None:
    # Only its environment keeps it from writing banners to the terminal.
    os.environ.setdefault("SVT_LOG", _SVT_LOG_ERRORS)
    found["preset"] = str(_SVT_PRESET)
    found["svtav1-params"] = f"lp={min(options.threads, _SVT_LARGEST_LEVEL)}"
    if options.bitrate is not None:
        # It knows a highest rate beside crf only.
        found.pop("maxrate", None)
