"""`framefleet sites rm` and `rmall`: sites that are to go, one by one or all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from framefleet.cli import options as shared
from framefleet.cli.sites.place import bucket_options, read_place, run_stoppable
from framefleet.domain.option import DISPLAY

if TYPE_CHECKING:
    from framefleet.account.sites import DeletedItem, DeletedSite
    from framefleet.cli.progress import Display
    from framefleet.domain.destination import BucketAddress
    from framefleet.sites.listing import Site

_yes_option = shared.section_option(
    DISPLAY, "-y", "--yes", "-f", "--force", "yes", is_flag=True, help="Do not ask first."
)


@click.command(cls=shared.SectionCommand)
@click.argument("names", nargs=-1, metavar="SITE...")
@bucket_options
@_yes_option
@shared.json_option
def rm(names: tuple[str, ...], yes: bool, as_json: bool, **place: Any) -> None:
    """Delete sites: whatever renders them afterwards fails.

    () stands for none, so that `framefleet sites rm $(framefleet sites ls -q)` always works.
    """
    from framefleet.errors import ObjectNotFoundError

    if not names:
        raise click.UsageError(
            "No site name was passed. Run the command again and pass another argument <site-name>."
        )

    def choose(address: BucketAddress, found: list[Site]) -> list[Site]:
        by_name = {site.id: site for site in found}
        wanted = [name for name in dict.fromkeys(names) if name != "()"]
        for name in wanted:
            if name not in by_name:
                raise ObjectNotFoundError(
                    f"No site {name} was found in your bucket {address.name}.",
                    hint="framefleet sites ls lists them.",
                )
        return [by_name[name] for name in wanted]

    _delete(place, choose, yes=yes, as_json=as_json)


@click.command(cls=shared.SectionCommand)
@bucket_options
@_yes_option
@shared.json_option
def rmall(yes: bool, as_json: bool, **place: Any) -> None:
    """Delete all sites of a bucket."""
    _delete(place, lambda address, found: found, yes=yes, as_json=as_json)


def _delete(
    place: dict[str, Any],
    choose: Callable[[BucketAddress, list[Site]], list[Site]],
    *,
    yes: bool,
    as_json: bool,
) -> None:
    from framefleet.cli.output import print_json, print_note, sized

    async def look(display: Display) -> tuple[BucketAddress, list[Site]]:
        from framefleet.account.buckets import own_bucket
        from framefleet.account.sites import get_sites

        address = read_place(**place)
        if not address.name:
            address = replace(address, name=await own_bucket(address))
        found = await get_sites(address)
        return address, choose(address, list(found.sites))

    address, wanted = run_stoppable(look, stage="Looking for sites", as_json=as_json)
    gone = []
    for site in wanted:
        if not (yes or _may_delete(site)):
            print_note(f"Left site {site.id} as it is.")
            continue
        work = _deletion(address, site)
        deleted = run_stoppable(work, stage=f"Deleting {site.id}", as_json=as_json)
        gone.append({"siteName": site.id, **deleted.to_dict()})
        if not as_json:
            size = sized(deleted.total_size_in_bytes)
            click.echo(f"Deleted site {site.id} and freed up {size}.")
    if as_json:
        print_json({"bucketName": address.name, "sites": gone})
    elif not wanted:
        print_note("No sites to remove.")


def _deletion(address: BucketAddress, site: Site) -> Callable[[Display], Awaitable[DeletedSite]]:
    async def work(display: Display) -> DeletedSite:
        from framefleet.account.sites import delete_site
        from framefleet.cli.output import counted
        from framefleet.cli.progress import Bar

        label, count = f"Deleting {site.id}", 0

        def tell(_: DeletedItem) -> None:
            nonlocal count
            count += 1
            display.bar(Bar(label=label, part=None, facts=[counted(count, "file")]))

        return await delete_site(address, site.id, on_deleted=tell)

    return work


def _may_delete(site: Site) -> bool:
    from framefleet.cli.output import sized

    facts = f"{sized(site.size_bytes)}, {site.serve_url}"
    try:
        return click.confirm(f"Delete site {site.id} ({facts})?", default=True, err=True)
    except click.Abort as exc:
        if isinstance(exc.__context__, EOFError):
            click.echo(err=True)
            raise click.UsageError(
                "There is nobody to answer whether to delete. Pass --yes to delete without asking."
            ) from exc
        raise
