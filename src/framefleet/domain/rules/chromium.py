"""What Chromium is started with, and where chunks run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from framefleet.domain.option import options_of
from framefleet.domain.options import GL_BACKENDS, MediaArguments
from framefleet.domain.plan import ChromiumOptions
from framefleet.domain.rules.names import read_flag
from framefleet.domain.rules.values import json_text
from framefleet.errors import OptionTypeError


def read_chromium(options: Mapping[str, Any]) -> ChromiumOptions:
    """How Chromium behaves towards pages; `options` holds every one of `ChromiumArguments`.

    Raises:
        OptionTypeError: one of them cannot be used.
    """
    user_agent = options["user_agent"]
    # It becomes a header of every request.
    if user_agent is not None and not (isinstance(user_agent, str) and user_agent.isprintable()):
        raise OptionTypeError(
            f'"userAgent" must be a line of text, but is {json_text(user_agent)}',
            hint="Set user_agent (--user-agent) to what servers should see, or leave it out.",
        )
    return ChromiumOptions(
        gl=_one_of(options["gl"], "gl", GL_BACKENDS),
        disable_web_security=read_flag(options["disable_web_security"], "disableWebSecurity"),
        ignore_certificate_errors=read_flag(
            options["ignore_certificate_errors"], "ignoreCertificateErrors"
        ),
        user_agent=user_agent,
        dark_mode=read_flag(options["dark_mode"], "darkMode"),
        small_tiles=read_flag(options["small_tiles"], "smallTiles"),
    )


def check_executor(value: Any) -> None:
    """Refuse a place where chunks cannot run.

    Raises:
        OptionTypeError: there is none of that name.
    """
    _one_of(value, "executor", options_of(MediaArguments)["executor"].choices)


def _one_of(value: Any, name: str, choices: tuple[str, ...]) -> str | None:
    if value is None or (isinstance(value, str) and value in choices):
        return value
    raise OptionTypeError(
        f'"{name}" must be one of {", ".join(choices)}, but is {json_text(value)}.',
        hint="Leave it out for what suits the machine.",
    )
