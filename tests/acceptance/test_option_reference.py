"""Signatures, command line and page say of the options what the table says."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import click
import pytest

import framefleet
from framefleet import aws, gcp
from framefleet.cli.main import cli
from framefleet.cli.option_reference import markdown
from framefleet.domain.codecs import CODECS
from framefleet.domain.lambda_options import (
    FunctionPageArguments,
    LambdaMediaArguments,
    LambdaSequenceArguments,
    LambdaStillArguments,
)
from framefleet.domain.option import options_of
from framefleet.domain.options import (
    ChromiumArguments,
    MediaArguments,
    SequenceArguments,
    SiteArguments,
    StillArguments,
)
from framefleet.domain.rules import REFUSED, REFUSED_FOR_BUCKETS, REFUSED_ON_LAMBDA, RENAMED
from framefleet.domain.site_options import DeployArguments, SitePlaceArguments

PAGE = Path(__file__).parents[2] / "docs/reference-options.md"
FUNCTIONS = {
    "get_compositions": SiteArguments,
    "select_composition": SiteArguments,
    "render_media": MediaArguments,
    "render_frames": SequenceArguments,
    "render_still": StillArguments,
}
COMMANDS = {"render": MediaArguments, "still": StillArguments, "compositions": SiteArguments}


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == markdown(), (
        "run: .venv/bin/python -m framefleet.cli.option_reference > docs/reference-options.md"
    )


@pytest.mark.parametrize("function", FUNCTIONS)
def test_signatures_and_help_have_every_option(function):
    documented = inspect.getdoc(getattr(framefleet, function)) or ""
    parameters = inspect.signature(getattr(framefleet, function)).parameters
    for name, option in options_of(FUNCTIONS[function]).items():
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
        assert parameters[name].default == option.default
        assert f"    {name}: {option.help}" in documented
    assert "chromium_options" in parameters
    assert not any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())


@pytest.mark.parametrize("module", [aws, aws.aio, gcp, gcp.aio])
@pytest.mark.parametrize(
    ("function", "arguments"),
    [("deploy_site", DeployArguments), ("deploy_site_from_bundle", SitePlaceArguments)],
)
def test_those_of_deployments_too(module, function, arguments):
    documented = inspect.getdoc(getattr(module, function)) or ""
    parameters = inspect.signature(getattr(module, function)).parameters
    for name, option in options_of(arguments).items():
        assert parameters[name].default == option.default
        assert f"    {name}: {option.help}" in documented


ON_LAMBDA = {
    "get_compositions_on_lambda": FunctionPageArguments,
    "render_frames_on_lambda": LambdaSequenceArguments,
    "render_frames_on_lambda_and_stream": LambdaSequenceArguments,
    "render_media_on_lambda": LambdaMediaArguments,
    "render_media_on_lambda_and_stream": LambdaMediaArguments,
    "render_still_on_lambda": LambdaStillArguments,
    "render_video_on_lambda": LambdaMediaArguments,
}


@pytest.mark.parametrize("function", ON_LAMBDA)
def test_what_functions_for_lambda_do_not_have_is_refused_by_name(function):
    has = options_of(ON_LAMBDA[function])
    needed = {"function_name": "f", "serve_url": "site"}
    if function != "get_compositions_on_lambda":
        needed["composition"] = "c"
    for name in REFUSED_ON_LAMBDA.keys() - has.keys():
        with pytest.raises(framefleet.errors.OptionTypeError) as caught:
            getattr(aws, function)(**needed, **{name: 1})
        assert REFUSED_ON_LAMBDA[name] in str(caught.value)


@pytest.mark.parametrize("function", sorted(set(aws.aio.__all__) - ON_LAMBDA.keys()))
def test_what_other_functions_do_not_have_is_refused_by_name(function):
    has = inspect.signature(getattr(aws, function)).parameters
    for name in REFUSED_FOR_BUCKETS.keys() - has.keys():
        with pytest.raises(framefleet.errors.OptionTypeError) as caught:
            getattr(aws, function)(**{name: 1})
        assert REFUSED_FOR_BUCKETS[name] in str(caught.value)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_line_has_every_option(command):
    flags = {
        parameter.name: (parameter.opts, parameter.help)
        for parameter in cli.commands[command].params
        if isinstance(parameter, click.Option)
    }
    table = {**options_of(COMMANDS[command]), **options_of(ChromiumArguments)}
    for name, option in table.items():
        if option.flag == "":
            continue
        opts, help_text = flags[name]
        assert opts == (option.flag or f"--{name.replace('_', '-')}").split()
        assert help_text == option.help


def test_every_codec_is_on_the_page():
    page = PAGE.read_text(encoding="utf-8")
    for codec in CODECS:
        assert f"\n| {codec} |" in page


@pytest.mark.parametrize("name", [*REFUSED, *RENAMED, "crff", "videoBitrate"])
def test_an_option_we_do_not_have_is_refused_by_name(name):
    options: dict[str, Any] = {name: 1}
    with pytest.raises(framefleet.errors.OptionTypeError) as caught:
        framefleet.render_media("site", **options)
    assert name in caught.value.message
    assert REFUSED.get(name, RENAMED.get(name, "Did you mean")) in str(caught.value)
