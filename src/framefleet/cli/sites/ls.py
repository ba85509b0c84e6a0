"""`framefleet sites ls`: what is deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from framefleet.cli import options as shared
from framefleet.cli.sites.place import bucket_options, read_place, run_stoppable
from framefleet.domain.option import DISPLAY, OUTPUT

if TYPE_CHECKING:
    from framefleet.account.sites import SiteList
    from framefleet.cli.progress import Display
    from framefleet.sites.listing import Site

_HEADER = ("site", "size", "updated", "version", "address")


@click.command(cls=shared.SectionCommand)
@bucket_options
@shared.section_option(
    OUTPUT, "--compatible-only", is_flag=True,
    help="Only those that framefleet renders: plain pages, and what a Remotion 4 has bundled.",
)  # fmt: skip
@shared.section_option(
    OUTPUT, "--all-regions", is_flag=True, help="Those of our buckets in all regions."
)
@shared.json_option
@shared.section_option(
    DISPLAY, "-q", "--quiet", is_flag=True,
    help="Print the names only, on one line; () if there are none.",
)  # fmt: skip
def ls(compatible_only: bool, all_regions: bool, as_json: bool, quiet: bool, **place: Any) -> None:
    """List the sites of a bucket, by default of all ours in the region."""
    from framefleet.cli.output import counted, print_json, print_note, print_table

    async def work(display: Display) -> SiteList:
        from framefleet.account.sites import get_sites
        from framefleet.errors import OptionError

        address = read_place(**place)
        if all_regions and (address.name or place["region"]):
            raise OptionError("--all-regions goes with neither a region nor a bucket's name.")
        return await get_sites(address, everywhere=all_regions, compatible_only=compatible_only)

    found = run_stoppable(work, stage="Looking for sites", as_json=as_json)
    if as_json:
        print_json(found.to_dict())
    elif quiet:
        click.echo(" ".join(site.id for site in found.sites) or "()")
    else:
        if found.sites:
            rows = [_row(site) for site in found.sites]
            print_table(_HEADER, rows, left=("site", "updated", "version", "address"))
        buckets = ", ".join(bucket.name for bucket in found.buckets)
        where = f" in {buckets}" if buckets else ": there is no bucket of ours in the region"
        print_note(f"{counted(len(found.sites), 'site')}{where}")
    regions = [bucket.region for bucket in found.buckets]
    if len(regions) > len(set(regions)):
        print_note(
            "You have more than one Remotion bucket in a region, but only one is needed. This can "
            "lead to conflicts. Remove all but one of them.",
            label="Warning:",
        )


def _row(site: Site) -> tuple[str, ...]:
    from framefleet.cli.output import clean, sized

    return (
        site.id,
        sized(site.size_bytes),
        site.modified.astimezone().strftime("%Y-%m-%d %H:%M"),
        clean(site.version or ""),
        site.serve_url,
    )
