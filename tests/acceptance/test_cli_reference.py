"""The page on the command line says what the commands do."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from framefleet.cli.main import cli
from framefleet.cli.reference import markdown

PAGE = Path(__file__).parents[2] / "docs/reference-cli.md"


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == markdown(), (
        "run: .venv/bin/python -m framefleet.cli.reference > docs/reference-cli.md"
    )


def commands(group, path):
    """All that do something, by what is typed to call them."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict(commands(cli, "framefleet"))


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_is_explained(path):
    _, found, rest = PAGE.read_text(encoding="utf-8").partition(f"## {path}\n")
    assert found
    section = rest.partition("\n## ")[0]
    for parameter in COMMANDS[path].params:
        if isinstance(parameter, click.Option):
            assert parameter.help
            for flag in parameter.opts:
                assert f"`{flag}" in section or f", {flag}" in section
