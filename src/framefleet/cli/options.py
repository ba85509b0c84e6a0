"""Options that commands share, under the names of the API's arguments they become.

Nothing here imports the API: `--help` answers at once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import click
from click.shell_completion import CompletionItem

from framefleet.domain.option import DISPLAY, OUTPUT, Option, options_of
from framefleet.domain.options import ChromiumArguments, FrameRangeOption, Rate
from framefleet.domain.rules import (
    check_log_level,
    parse_fps,
    parse_frames,
    parse_metadata,
    serialize_props,
)
from framefleet.errors import OptionError

# What click passes on keeps neither the name nor the arguments of the function.
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


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


def section_option(section: str, *names: str, **attributes: Any) -> Decorator:
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
) -> FrameRangeOption | None:
    """`--frames`: see `parse_frames`."""
    try:
        return None if value is None else parse_frames(value)
    except OptionError as exc:
        raise click.BadParameter(str(exc)) from exc


def read_metadata(
    ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    """`--metadata`: KEY=VALUE, as often as wanted."""
    try:
        return parse_metadata(values)
    except OptionError as exc:
        raise click.BadParameter(str(exc)) from exc


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


def read_rate(ctx: click.Context, parameter: click.Parameter, value: str | None) -> Rate | None:
    """`--fps`: see `parse_fps`."""
    try:
        return None if value is None else parse_fps(value)
    except OptionError as exc:
        raise click.BadParameter(str(exc)) from exc


def read_log_level(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """`--log-level`: read early, for the display needs it."""
    try:
        return check_log_level(value)
    except OptionError as exc:
        raise click.BadParameter(str(exc)) from exc


def read_download_behavior(
    ctx: click.Context, parameter: click.Parameter, value: str | None
) -> dict[str, str] | None:
    """`--download-behavior`: play-in-browser, download or download:NAME."""
    if value is None:
        return None
    kind, colon, name = value.partition(":")
    return {"type": kind, **({"fileName": name} if colon else {})}


# Options that come as text of their own kind, and how each is read.
_READERS: dict[str, dict[str, Any]] = {
    "input_props": {"callback": read_props},
    "env_variables": {"callback": read_environment, "multiple": True},
    "frame_range": {"callback": read_frames},
    "download_behavior": {"callback": read_download_behavior},
    "metadata": {"callback": read_metadata, "multiple": True},
    "fps": {"callback": read_rate},
    "force_fps": {"callback": read_rate},
    "log_level": {"callback": read_log_level, "default": "info"},
}
_KINDS: dict[Any, Any] = {int: int, float: float}


class _Choice(click.ParamType[str]):
    """Completes the values of a closed set in a shell; the rules refuse others."""

    name = "choice"

    def __init__(self, values: tuple[str, ...]) -> None:
        self._values = values

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(value) for value in self._values if value.startswith(incomplete)]


def table_options(arguments: type, *names: str) -> Decorator:
    """The options of a function's keyword arguments, or only those of these names."""
    kinds = get_type_hints(arguments)
    return together(
        *(
            _table_option(name, option, kinds[name])
            for name, option in options_of(arguments).items()
            if option.flag != "" and (not names or name in names)
        )
    )


def _table_option(name: str, option: Option, kind: Any) -> Decorator:
    flags = (option.flag or f"--{name.replace('_', '-')}").split()
    if kind is bool:
        return section_option(option.section, *flags, name, is_flag=True, help=option.help)
    return section_option(
        option.section,
        *flags,
        name,
        type=_Choice(option.choices) if option.choices else _KINDS.get(kind, str),
        metavar=option.metavar,
        show_default=False if option.default is None else str(option.default),
        help=option.help,
        **_READERS.get(name, {}),
    )


def chosen(options: dict[str, Any]) -> dict[str, Any]:
    """What was given on the command line, as the API takes it."""
    given = {
        name: value
        for name, value in options.items()
        if not (value is None or value is False or value == {})
    }
    chromium = {name: given.pop(name) for name in options_of(ChromiumArguments) if name in given}
    if chromium:
        given["chromium_options"] = chromium
    provider = {
        name.removeprefix(_PROVIDER): given.pop(name)
        for name in list(given)
        if name.startswith(_PROVIDER)
    }
    if provider:
        if "endpoint" not in provider:
            raise click.UsageError(
                "Pass --s3-output-provider-endpoint when using S3 output provider flags."
            )
        given["s3_output_provider"] = provider
    return given


site = click.argument("site")
composition = click.argument("composition", required=False)
_PROVIDER = "s3_output_provider_"
provider_options = together(
    section_option(
        OUTPUT, "--s3-output-provider-endpoint", metavar="URL",
        help="Another store that speaks S3, for the output. Its keys are read from "
             "REMOTION_S3_OUTPUT_PROVIDER_ACCESS_KEY_ID and …_SECRET_ACCESS_KEY.",
    ),
    section_option(
        OUTPUT, "--s3-output-provider-region", metavar="REGION",
        help="Its region. [default: us-east-1]",
    ),
    section_option(
        OUTPUT, "--s3-output-provider-force-path-style", is_flag=True,
        help="It takes the bucket in the path only.",
    ),
)  # fmt: skip
chromium_options = table_options(ChromiumArguments)
json_option = section_option(
    DISPLAY, "--json", "as_json", is_flag=True, help="Print the result, or the error, as JSON."
)
