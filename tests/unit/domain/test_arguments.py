"""Keyword arguments against the table."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from framefleet.domain.arguments import complete, naming
from framefleet.domain.options import ChromiumArguments, MediaArguments
from framefleet.domain.plan import ChromiumOptions
from framefleet.domain.rules import check_executor, read_chromium
from framefleet.errors import OptionTypeError


def test_what_is_missing_or_none_is_the_tables_default():
    options = complete(MediaArguments, {"crf": 20, "color_space": None})
    assert (options["crf"], options["color_space"], options["codec"]) == (20, "bt709", None)


@pytest.mark.parametrize("given", [3, "gl", ["gl"], True])
def test_options_are_a_mapping(given):
    with pytest.raises(OptionTypeError, match="Options must be names and values, but are"):
        complete(ChromiumArguments, given)


def test_chromium_is_as_it_comes_unless_asked():
    assert read_chromium(complete(ChromiumArguments, None)) == ChromiumOptions()
    given: dict[str, Any] = {
        "gl": "angle",
        "disable_web_security": True,
        "ignore_certificate_errors": True,
        "user_agent": "Me/1",
        "dark_mode": True,
    }
    assert read_chromium(complete(ChromiumArguments, given)) == ChromiumOptions(**given)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"gl": "metal"}, '"gl" must be one of angle, angle-egl'),
        ({"gl": 5}, "but is 5"),
        ({"user_agent": "a\r\nHost: b"}, '"userAgent" must be a line of text'),
        ({"user_agent": 5}, '"userAgent" must be a line of text'),
        ({"dark_mode": "yes"}, '"darkMode" must be a boolean'),
        ({"color": "dark"}, 'There is no option "color"'),
    ],
)
def test_wrong_chromium_options_are_refused(given, says):
    with pytest.raises(OptionTypeError) as caught:
        read_chromium(complete(ChromiumArguments, given))
    assert says in str(caught.value)


def test_chunks_run_where_they_can():
    check_executor(None)
    check_executor("inline")
    with pytest.raises(OptionTypeError, match='"executor" must be one of process, inline'):
        check_executor("ray")


@pytest.mark.anyio
async def test_a_function_names_what_it_does_not_have_and_says_why():
    @naming({"webpack_override": "it is JavaScript"})
    async def deploy(*, site_name: str = "x") -> str:
        """Deploy."""
        return site_name

    call: Any = deploy
    assert inspect.iscoroutinefunction(call)
    assert await call(site_name="y") == "y"
    assert call.__doc__ == "Deploy."
    with pytest.raises(OptionTypeError, match='"webpackOverride" is not supported: it is JavaScr'):
        await call(webpackOverride=1)
    with pytest.raises(OptionTypeError, match="Did you mean site_name"):
        await call(siteName="y")
