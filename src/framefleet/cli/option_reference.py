"""The tables of codecs and options as a page: `python -m framefleet.cli.option_reference`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args, get_type_hints

import click

from framefleet.domain.codecs import CODECS, AudioCodec, CodecSpec
from framefleet.domain.option import Option, options_of, remotion_name
from framefleet.domain.options import (
    ChromiumArguments,
    FramesArguments,
    MediaArguments,
    PictureArguments,
    SequenceArguments,
    SiteArguments,
    StillArguments,
)
from framefleet.domain.rules import REFUSED, REFUSED_FOR_BUCKETS
from framefleet.domain.site_options import DeployArguments

_INTRODUCTION = """\
# Codecs and options

Made from the tables in the code by `python -m framefleet.cli.option_reference`; a test keeps it
current. How options go together is checked before a browser starts; the errors say what was given
and what is allowed.

## Codecs

| codec | encoder | crf: default (range) | sound: file names | pixel formats |
|---|---|---|---|---|
"""
_AFTER_CODECS = """
The first audio codec is the default; `prefer_lossless` takes pcm-16. A file name that is not
listed with the audio codec is refused, .hevc needs `muted` or `separate_audio_to`, and .mxf does
not hold aac. Pixel formats after an arrow are what the encoder makes of the asked one. Frame sizes
of h264, h265 and av1 are even: the page is laid out a pixel or more smaller where that takes it.
"""
_PARTS: tuple[tuple[str, type, str], ...] = (
    ("Every function", SiteArguments, "Of `get_compositions`, `select_composition` and all below."),
    ("Chromium", ChromiumArguments, 'As `chromium_options={"dark_mode": True}`; in JSON as well.'),
    ("Pictures", PictureArguments, "Of `render_media`, `render_frames` and `render_still`."),
    ("Frames", FramesArguments, "Of `render_media` and `render_frames`."),
    ("Video and sound", MediaArguments, "Of `render_media`."),
    ("Image sequences", SequenceArguments, "Of `render_frames`."),
    ("Stills", StillArguments, "Of `render_still`."),
    ("Sites", DeployArguments, "Of `deploy_site` in `framefleet.aws` and `framefleet.gcp`."),
)


def markdown() -> str:
    """The whole page."""
    codecs = "".join(_codec(name, spec) for name, spec in CODECS.items())
    parts, seen = [], dict[str, Option]()
    for title, arguments, of in _PARTS:
        new = {name: row for name, row in options_of(arguments).items() if seen.get(name) != row}
        seen |= new
        parts.append(_options(title, of, new, get_type_hints(arguments)))
    refused = (
        _refused("Options of Remotion's that are refused", REFUSED),
        _refused("The same, of its functions for buckets and sites", REFUSED_FOR_BUCKETS),
    )
    return "\n".join([_INTRODUCTION + codecs + _AFTER_CODECS, *parts, *refused])


def _codec(name: str, spec: CodecSpec) -> str:
    crf = f"{spec.crf.default} ({spec.crf.lowest} to {spec.crf.highest})" if spec.crf else ""
    first = [spec.default_audio] if spec.default_audio else []
    order: list[AudioCodec] = [*first, *(codec for codec in spec.audio if codec not in first)]
    sound = "; ".join(f"{codec}: {', '.join(spec.audio[codec])}" for codec in order)
    sound = sound or f"none: {spec.extension}"
    formats = ", ".join(
        asked if asked == used else f"{asked} → {used}"
        for asked, used in spec.pixel_formats.items()
    )
    return f"| {name} | {spec.encoder or ''} | {crf} | {sound} | {formats} |\n"


def _options(title: str, of: str, rows: Mapping[str, Option], kinds: Mapping[str, Any]) -> str:
    lines = [
        f"## {title}", "", of, "",
        "| Python | JSON | command line | type | default | meaning |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, option in rows.items():
        flag = f"--{name.replace('_', '-')}" if option.flag is None else option.flag
        flags = ", ".join(f"`{text}`" for text in flag.split())
        default = "" if option.default is None else f"`{json.dumps(option.default)}`"
        lines.append(
            f"| `{name}` | `{remotion_name(name, option)}` | {flags} | {_kind(kinds[name])} "
            f"| {default} | {_cell(option.help)} |"
        )
    return "\n".join([*lines, ""])


def _kind(kind: Any) -> str:
    parts = get_args(kind)
    if not parts or getattr(kind, "__origin__", None) is not None:
        return _cell(getattr(kind, "__name__", str(kind)).lower())
    return ", ".join(dict.fromkeys(_kind(part) for part in parts))


def _refused(title: str, options: Mapping[str, str]) -> str:
    rows = [f"| `{name}` | {_cell(why)} |" for name, why in options.items()]
    head = [f"## {title}", "", "| option | why |", "|---|---|"]
    return "\n".join([*head, *rows, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    click.echo(markdown(), nl=False)
