"""Options that commands share, under the names of the API's arguments they become.

Nothing here imports the API: `--help` answers at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

import click

from framefleet.browser.flags import GL_NAMES
from framefleet.domain.output import (
    DEFAULT_CRF,
    DEFAULT_JPEG_QUALITY,
    DEFAULT_PIXEL_FORMAT,
    DEFAULT_PRESET,
    H264_PIXEL_FORMATS,
    X264_PRESETS,
    Codec,
    ColorSpace,
    ImageFormat,
)
from framefleet.domain.request import LOG_LEVELS, FrameRangeOption, serialize_props
from framefleet.errors import OptionError

# What click passes on keeps neither the name nor the arguments of the function.
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
_POSITIVE = click.IntRange(min=1)


class SectionOption(click.Option):
    """An option that the help lists under a heading."""

    def __init__(self, *args: Any, section: str, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.section = section


class SectionCommand(click.Command):
    """A command whose help lists its options by section, in the order they are declared."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section, options in sections(self, ctx).items():
            with formatter.section(section):
                formatter.write_dl(options)


def sections(command: click.Command, ctx: click.Context) -> dict[str, list[tuple[str, str]]]:
    """Headings, with the syntax and the help of each option under them."""
    found: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is not None and isinstance(parameter, click.Option):
            found.setdefault(getattr(parameter, "section", "Help"), []).append(record)
    return found


def option(section: str, *names: str, **attributes: Any) -> Decorator:
    """An option in a section of the help."""
    return click.option(*names, cls=SectionOption, section=section, **attributes)


def together(*decorators: Decorator) -> Decorator:
    """Several decorators as one, the first outermost, so that help keeps their order."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def read_props(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """`--props`: JSON text, or the path of a file that holds it."""
    if value is None:
        return None
    source, text = "", value
    if not value.lstrip().startswith(("{", "[", '"')):
        try:
            text = Path(value).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            why = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
            raise click.BadParameter(
                f"{value} is neither a JSON object nor a file that can be read: {why}. "
                """In a shell, put JSON in single quotes: --props '{"name": "world"}'"""
            ) from exc
        source = f"{value}: "
    try:
        return serialize_props(text)
    except OptionError as exc:
        raise click.BadParameter(f"{source}{exc}") from exc


def read_frames(
    ctx: click.Context, parameter: click.Parameter, value: str | None
) -> FrameRangeOption:
    """`--frames`: `5`, `0-99` (both included), `100-` (to the end), `-99` (from the start)."""
    if value is None:
        return None
    found = re.fullmatch(r"\s*(\d*)\s*(-?)\s*(\d*)\s*", value)
    if found is None or not (found[1] or found[3]):
        raise click.BadParameter(
            f"{value!r} is no frame range. Give one frame (5), the first and the last frame "
            "(0-99), a first frame (100-) or a last one (-99)."
        )
    if not found[2]:
        return int(found[1])
    first, last = int(found[1] or 0), int(found[3]) if found[3] else None
    if last is not None and last < first:
        raise click.BadParameter(f"{value!r} ends before it begins.")
    return first, last


def read_environment(
    ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    """`--env`: KEY=VALUE, as often as wanted."""
    found = {}
    for text in values:
        name, sign, value = text.partition("=")
        if not name or not sign:
            raise click.BadParameter(f"{text!r} is not KEY=VALUE.")
        found[name] = value
    return found


def _values(kind: type[StrEnum]) -> click.Choice[str]:
    return click.Choice([member.value for member in kind])


PAGE, PICTURE, VIDEO = "Page", "Picture", "Video"
OUTPUT, MACHINE, DISPLAY = "Output", "Machine", "Display"

site = click.argument("site")
composition = click.argument("composition", required=False)

page_options = together(
    option(PAGE, "--props", "input_props", metavar="JSON|FILE", callback=read_props,
           help="Input props: JSON text or a file with it; they go over the default props."),
    option(PAGE, "--env", "env_variables", metavar="KEY=VALUE", multiple=True,
           callback=read_environment,
           help="A variable a Remotion page sees in process.env; repeatable."),
    option(PAGE, "--width", type=_POSITIVE, metavar="PX",
           help="Width in CSS pixels, over the composition's."),
    option(PAGE, "--height", type=_POSITIVE, metavar="PX", help="Height in CSS pixels."),
    option(PAGE, "--fps", metavar="RATE", help="Frames per second: 30, 29.97, 30000/1001."),
    option(PAGE, "--duration", "duration_in_frames", type=_POSITIVE, metavar="FRAMES",
           help="Length in frames."),
    option(PAGE, "--timeout", "timeout_in_milliseconds", type=float, default=30_000,
           metavar="MS", show_default=True,
           help="Milliseconds the page may take to get ready, at least 7000."),
)  # fmt: skip
picture_options = together(
    option(PICTURE, "--scale", type=float, metavar="X", default=1, show_default=True,
           help="Device pixels for one CSS pixel, above 0 and at most 16."),
    option(PICTURE, "--image-format", type=_values(ImageFormat),
           help="How frames are taken. A video takes jpeg (fast) or png, by default the "
                "composition's own, else jpeg; a still goes by its name."),
    option(PICTURE, "--jpeg-quality", type=int, metavar="Q", default=DEFAULT_JPEG_QUALITY,
           show_default=True, help="0 to 100."),
)  # fmt: skip
video_options = together(
    option(VIDEO, "--frames", "frame_range", metavar="RANGE", callback=read_frames,
           help="Part of the composition: 5, 0-99 (both included), 100- or -99."),
    option(VIDEO, "--codec", type=_values(Codec), default=Codec.H264.value, show_default=True,
           help="Video codec."),
    option(VIDEO, "--crf", type=int, metavar="Q", default=DEFAULT_CRF, show_default=True,
           help="Quality, 1 (best) to 51."),
    option(VIDEO, "--x264-preset", type=click.Choice(X264_PRESETS), default=DEFAULT_PRESET,
           metavar="PRESET", show_default=True,
           help="Encoder effort, ultrafast to placebo: slower makes smaller files."),
    option(VIDEO, "--pixel-format", type=click.Choice(H264_PIXEL_FORMATS),
           metavar="FORMAT",
           help="yuv420p plays everywhere; also 422p and 444p, and 10 bit (10le). By default the "
                f"composition's own, else {DEFAULT_PIXEL_FORMAT}."),
    option(VIDEO, "--color-space", type=_values(ColorSpace), default=ColorSpace.BT709.value,
           metavar="NAME", show_default=True,
           help="bt709, bt601, bt2020-ncl or default (Remotion's: full-range BT.601)."),
    option(VIDEO, "--muted", is_flag=True, help="Leave the sound out."),
)  # fmt: skip
speed_options = together(
    option(MACHINE, "--concurrency", metavar="N|SHARE",
           help="Chunks rendered at a time: a number, or a share of the cores such as 50%. By "
                "default one a core, as memory allows."),
    option(MACHINE, "--chunk-frames", type=_POSITIVE, metavar="N",
           help="Frames of a chunk; by default chosen from length and concurrency."),
    option(MACHINE, "--executor", type=click.Choice(["process", "inline"]), metavar="NAME",
           help="inline (all chunks in this process) or process (a worker process for each "
                "stream). By default inline up to four at a time. [env: FRAMEFLEET_EXECUTOR]"),
)  # fmt: skip
browser_option = option(
    MACHINE, "--browser-executable", metavar="PATH",
    help="The Chromium to start; by default the first one found. [env: FRAMEFLEET_BROWSER]",
)  # fmt: skip
browser_options = together(
    option(MACHINE, "--gl", type=click.Choice(GL_NAMES), metavar="NAME",
           help=f"Chromium's GL back end: {', '.join(GL_NAMES)}. By default WebGL runs in "
                "software."),
    browser_option,
)  # fmt: skip
overwrite_option = option(
    OUTPUT, "--overwrite", is_flag=True, help="Replace an output that is there already."
)
json_option = option(
    DISPLAY, "--json", "as_json", is_flag=True, help="Print the result, or the error, as JSON."
)
log_level_option = option(
    DISPLAY, "--log-level", "--log", "log_level", type=click.Choice(LOG_LEVELS), default="info",
    metavar="LEVEL", show_default=True,
    help=f"Console messages of the page to show: {', '.join(LOG_LEVELS)}. verbose also adds stack "
         "traces to errors.",
)  # fmt: skip
display_options = together(json_option, log_level_option)
