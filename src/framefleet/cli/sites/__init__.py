"""`framefleet sites`: what is deployed in buckets, for renders to open by its address."""

from __future__ import annotations

import click

from framefleet.cli.sites.create import create
from framefleet.cli.sites.ls import ls
from framefleet.cli.sites.rm import rm, rmall


@click.group()
def sites() -> None:
    """Deploy sites to a bucket, list and delete them."""


for _command in (create, ls, rm, rmall):
    sites.add_command(_command)
