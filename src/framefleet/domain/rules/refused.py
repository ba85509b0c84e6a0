"""Options that are not ours: what Remotion has besides, and what is misspelt."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from framefleet.errors import OptionError, OptionTypeError

_FFMPEG = "frames and sound are encoded by FFmpeg's libraries, no command line is built"
_BUNDLE = "a render bundles nothing: give it a folder that `npx remotion bundle` made, or a URL"
_LICENSE = "framefleet reports nothing to Remotion's servers and needs no key"
_HEADLESS = "Chromium is never shown; browser_executable chooses which one is started"
_MEDIA = "pictures of videos are decoded by framefleet itself"
_CHUNKS = "chunks are cut and joined exactly by the plan; chunk_frames sets their length"

# Options of Remotion's renderMedia, renderFrames and renderStill and of its command line that we
# do not have, as Python would spell them, and why.
REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "allow_html_in_canvas": "Chromium's experimental features stay off",
        "api_key": _LICENSE,
        "audio_latency_hint": "nothing is played while it is rendered",
        "beep_on_finish": "the exit status says when a render is done",
        "binaries_directory": _FFMPEG,
        "browser": "only Chromium can be filmed; browser_executable chooses which",
        "browser_args": "renders must not depend on Chromium's flags; chromium_options has some",
        "bundle_cache": _BUNDLE,
        "chrome_mode": _HEADLESS,
        "composition_start": _CHUNKS,
        "config": "there is no configuration file; all settings are options or variables",
        "cross_site_isolation": "sites that framefleet serves are not cross-origin isolated",
        "disable_ask_ai": "there is no Studio",
        "disable_git_source": "there is no Studio",
        "disable_headless": _HEADLESS,
        "disable_keyboard_shortcuts": "there is no Studio",
        "disallow_parallel_encoding": "encoding while filming costs no memory worth saving here: "
        "frames wait in a bounded queue. concurrency=1 films with one browser",
        "enable_multi_process_on_linux": "every stream has a Chromium of its own, of several "
        "processes",
        "enable_multiprocess_on_linux": "every stream has a Chromium of its own, of several "
        "processes",
        "env_file": "give the variables themselves: env_variables (--env)",
        "experimental_keep_audio_context_alive": "there is no Studio",
        "ffmpeg_executable": _FFMPEG,
        "ffmpeg_override": _FFMPEG + "; crf, video_bitrate, gop_size and others set the encoder up",
        "ffprobe_executable": _FFMPEG,
        "for_seamless_aac_concatenation": _CHUNKS,
        "headless": _HEADLESS,
        "ipv4": "sites are served on 127.0.0.1",
        "is_production": _LICENSE,
        "license_key": _LICENSE,
        "media_cache_size_in_bytes": "Chromium sizes the cache of <Video> and <Audio> of "
        "@remotion/media itself; offthread_video_cache_size_in_bytes is that of <OffthreadVideo>",
        "number_of_shared_audio_tags": "there is no Studio",
        "offthreadvideo_video_threads": _MEDIA + ", a thread for each stream of frames",
        "offthread_video_threads": _MEDIA + ", a thread for each stream of frames",
        "on_browser_download": "no Chromium is downloaded; browser_executable names one",
        "on_download": "files that pages use are fetched as they are needed, without a report",
        "on_frame_buffer": "frames go from the browser to the encoder; render_frames keeps them "
        "as files",
        "port": "a free port is found for each render",
        "public_dir": _BUNDLE,
        "public_license_key": _LICENSE,
        "public_path": _BUNDLE,
        "puppeteer_instance": "browsers are started and ended by framefleet; its renders share "
        "none with others",
        "repro": "there is no archive for bug reports; log_level=trace shows what a page does",
        "rspack": _BUNDLE,
        "webpack_poll": _BUNDLE,
    }
)

_CONFIGURATION = (
    "the project's own Remotion CLI bundles it; put what JavaScript decides into its "
    "remotion.config file"
)
_QUIET = 'no page is opened whose console could be shown; warnings go to the logger "framefleet"'
# The same of Remotion's functions for buckets, sites and kept renders.
REFUSED_FOR_BUCKETS: Mapping[str, str] = MappingProxyType(
    {
        "bundler_override": _CONFIGURATION,
        "config": "the project's own Remotion CLI reads its remotion.config file",
        "git_source": "the project's own Remotion CLI finds it; disable_git_source leaves it out",
        "ignore_register_root_warning": "the project's own Remotion CLI decides what it warns of",
        "indent": "nothing is printed",
        "interactivity_enabled": "`npx remotion bundle` has no switch for it",
        "log": _QUIET,
        "log_level": _QUIET,
        "options": "what it holds are arguments of their own, such as on_upload_progress",
        "request_handler": "requests are those of the cloud's own library for Python",
        "rspack_override": _CONFIGURATION,
        "update_bucket_state": "the result says whether the bucket was there already",
        "webpack_override": _CONFIGURATION,
    }
)

# The same of renders on Lambda.
REFUSED_ON_LAMBDA: Mapping[str, str] = MappingProxyType(
    {
        **{name: why for name, why in REFUSED_FOR_BUCKETS.items() if why != _QUIET},
        **REFUSED,
        "browser_executable": "functions bring their own Chromium",
        "hardware_acceleration": "functions have no graphics card",
    }
)

# Other names for what we have: of arguments, and older or longer ones of Remotion's.
RENAMED: Mapping[str, str] = MappingProxyType(
    {
        "buffer_size": "encoding_buffer_size",
        "composition_id": "composition",
        "delay_render_timeout_in_milliseconds": "timeout_in_milliseconds",
        "dump_browser_logs": 'log_level="verbose"',
        "duration": "duration_in_frames",
        "force_duration_in_frames": "duration_in_frames",
        "force_fps": "fps",
        "force_height": "height",
        "force_width": "width",
        "gop": "gop_size",
        "log": "log_level",
        "max_rate": "encoding_max_rate",
        "offthreadvideo_cache_size_in_bytes": "offthread_video_cache_size_in_bytes",
        "on_frame_update": "on_progress",
        "on_start": "on_progress",
        "output_dir": "output",
        "output_location": "output",
        "pro_res_profile": "prores_profile",
        "props": "input_props",
        "quality": "jpeg_quality",
        "serve_url": "site",
        "signal": "cancel_signal",
        "timeout": "timeout_in_milliseconds",
        "verbose": 'log_level="verbose"',
    }
)


def refusal(name: str, refused: Mapping[str, str]) -> OptionError | None:
    """The error of an option that the reference has and we do not; None if it has none either."""
    reason = refused.get(_python_name(name))
    if reason is None:
        return None
    return OptionTypeError(f'The option "{name}" is not supported: {reason}.')


def unknown_option(
    name: str, known: Collection[str], refused: Mapping[str, str] = REFUSED
) -> OptionError:
    """The error of an option that a function does not have.

    Args:
        known: those that it has.
        refused: those that the reference's function has besides, and why it does not.
    """
    known_reason = refusal(name, refused)
    if known_reason is not None:
        return known_reason
    spelt = _python_name(name)
    renamed = RENAMED.get(spelt)
    names = list(known)
    if renamed is not None and renamed.partition("=")[0] in names:
        meant: str | None = renamed
    elif spelt in names:
        meant = spelt
    else:
        meant = next(iter(get_close_matches(spelt, names, n=1)), None)
    hint = f"Did you mean {meant}?" if meant else f"There are: {', '.join(sorted(names))}."
    return OptionTypeError(f'There is no option "{name}".', hint=hint)


def _python_name(name: str) -> str:
    """`videoBitrate` and `--video-bitrate` as `video_bitrate`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().lstrip("-").replace("-", "_")
