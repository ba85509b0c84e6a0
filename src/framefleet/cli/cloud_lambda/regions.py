"""`framefleet lambda regions`: where functions may be."""

from __future__ import annotations

import click

from framefleet.cli import options as shared
from framefleet.domain.option import OUTPUT
from framefleet.domain.regions import AWS_REGIONS, AWS_REGIONS_BY_DEFAULT


@click.command(cls=shared.SectionCommand)
@shared.section_option(
    OUTPUT, "--default-only", is_flag=True, help="Only those that every account has."
)
@shared.json_option
def regions(default_only: bool, as_json: bool) -> None:
    """Print the regions of AWS that --region may name."""
    from framefleet.cli.output import print_json

    found = AWS_REGIONS_BY_DEFAULT if default_only else AWS_REGIONS
    if as_json:
        print_json(list(found))
    else:
        click.echo(" ".join(found))
