"""`framefleet sites rm` and `rmall`: sites that are to go, one by one or all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from framefleet.cli import options as shared
from framefleet.cli.sites.place import bucket_options, read_place, run_stoppable
from framefleet.domain.option import DISPLAY

if TYPE_CHECKING:
    from framefleet.account.sites import DeletedItem
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

    address, found = run_stoppable(look, stage="Looking for sites", as_json=as_json)
    wanted = [site for site in found if yes or _may_delete(site)]
    gone: dict[str, int] = {}

    async def delete(display: Display) -> None:
        await _delete_all(address, wanted, gone, display)

    try:
        if wanted:
            run_stoppable(delete, stage="Deleting", as_json=as_json)
    finally:
        for name, size_bytes in () if as_json else gone.items():
            click.echo(f"Deleted site {name} and freed up {sized(size_bytes)}.")
    if as_json:
        sites = [{"siteName": name, "totalSizeInBytes": size} for name, size in gone.items()]
        print_json({"bucketName": address.name, "sites": sites})
    elif not found:
        print_note("No sites to remove.")


async def _delete_all(
    address: BucketAddress, wanted: list[Site], gone: dict[str, int], display: Display
) -> None:
    """Delete sites; `gone` has the bytes of those that are, also where it fails."""
    from framefleet.account.sites import delete_site
    from framefleet.cli.output import counted
    from framefleet.cli.progress import Bar
    from framefleet.errors import FramefleetError

    files = 0

    def tell(item: DeletedItem) -> None:
        nonlocal files
        files += 1
        label = "Deleting " + item.item_name.split("/")[1]
        display.bar(Bar(label=label, part=None, facts=[counted(files, "file")]))

    try:
        for site in wanted:
            deleted = await delete_site(address, site.id, on_deleted=tell)
            gone[site.id] = deleted.total_size_in_bytes
    except FramefleetError as exc:
        exc.context["deleted"] = list(gone)
        raise


def _may_delete(site: Site) -> bool:
    from framefleet.cli.output import print_note, sized

    facts = f"{sized(site.size_bytes)}, {site.serve_url}"
    try:
        if click.confirm(f"Delete site {site.id} ({facts})?", default=True, err=True):
            return True
    except click.Abort as exc:
        if isinstance(exc.__context__, EOFError):
            click.echo(err=True)
            raise click.UsageError(
                "There is nobody to answer whether to delete. Pass --yes to delete without asking."
            ) from exc
        raise
    print_note(f"Left site {site.id} as it is.")
    return False
