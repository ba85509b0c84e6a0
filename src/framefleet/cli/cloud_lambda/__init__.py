"""`framefleet lambda`: functions of AWS Lambda that render, and what they need of an account."""

from __future__ import annotations

import click

from framefleet.cli import sites as any_sites
from framefleet.cli.cloud_lambda.compositions import compositions
from framefleet.cli.cloud_lambda.deploy import deploy
from framefleet.cli.cloud_lambda.groups import CommandGroup
from framefleet.cli.cloud_lambda.local import local
from framefleet.cli.cloud_lambda.ls import ls
from framefleet.cli.cloud_lambda.policies import policies
from framefleet.cli.cloud_lambda.quotas import quotas
from framefleet.cli.cloud_lambda.regions import regions
from framefleet.cli.cloud_lambda.render import render
from framefleet.cli.cloud_lambda.rm import rm, rmall
from framefleet.cli.cloud_lambda.still import still

# Names of the reference's commands from long ago, and what they are called now.
_RENAMED = {"upload": "sites create", "deploy": "functions deploy"}
_PLURAL = ("ls", "rm")


class _Lambda(CommandGroup):
    def unknown(self, name: str) -> str:
        """What is said of a command that there is not."""
        if name in _RENAMED:
            return f'The "{name}" command is now called: framefleet lambda {_RENAMED[name]}.'
        if name in _PLURAL:
            return (
                f'The "{name}" command does not exist. Did you mean "functions {name}" or '
                f'"sites {name}"?'
            )
        return f"Command {name} not found."


@click.group("lambda", cls=_Lambda)
def cloud_lambda() -> None:
    """Render on AWS Lambda: deploy functions and sites, check what the account allows."""


@click.group(cls=CommandGroup)
def functions() -> None:
    """Deploy functions that render, list and delete them."""


@click.group(cls=CommandGroup)
def sites() -> None:
    """Deploy sites to a bucket, list and delete them: the commands of framefleet sites."""


_FUNCTIONS: tuple[click.Command, ...] = (deploy, ls, rm, rmall)
# What renders comes first, then what is set up once.
_COMMANDS: tuple[click.Command, ...] = (
    *(render, still, compositions),
    *(functions, sites, policies, regions, quotas, local),
)

for _command in _FUNCTIONS:
    functions.add_command(_command)
for _command in any_sites.sites.commands.values():
    sites.add_command(_command)
for _command in _COMMANDS:
    cloud_lambda.add_command(_command)
