"""`framefleet lambda functions ls`: what is deployed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from framefleet.cli import options as shared
from framefleet.cli.cloud_lambda.running import read_place, region_option, run
from framefleet.domain.option import DISPLAY, OUTPUT
from framefleet.own_version import own_version

if TYPE_CHECKING:
    from framefleet.account.functions import FunctionInfo
    from framefleet.cli.progress import Display

_HEADER = ("Name", "Version", "Disk (MB)", "Memory (MB)", "Timeout (sec)")
_WIDTHS = (70, 15, 15, 15, 15)


@click.command(cls=shared.SectionCommand)
@region_option
@shared.section_option(
    OUTPUT, "--compatible-only", is_flag=True,
    help="Only those for clients of one version, by default framefleet's own.",
)  # fmt: skip
@shared.section_option(
    OUTPUT, "--client-version", metavar="VERSION",
    help="The version that --compatible-only means, such as 4.0.527.",
)  # fmt: skip
@shared.json_option
@shared.section_option(
    DISPLAY, "-q", "--quiet", is_flag=True,
    help="Print the names only, on one line; () if there are none.",
)  # fmt: skip
def ls(
    region: str | None,
    compatible_only: bool,
    client_version: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """List the functions of a region that are called as ours are."""
    from framefleet.cli.output import counted, print_json, print_note

    async def work(display: Display) -> tuple[str, list[FunctionInfo]]:
        from framefleet.account.functions import list_functions, with_versions
        from framefleet.domain.rules.functions import read_client_version

        where = read_place(region)
        wanted = read_client_version(client_version, default=own_version())
        found = await list_functions(where)
        if found:
            display.stage("Getting function info...")
            found = await with_versions(where, found)
        return where, [info for info in found if info.version == wanted or not compatible_only]

    where, found = run(work, stage="Getting functions...", as_json=as_json, quiet=quiet)
    if as_json:
        print_json([info.to_dict() for info in found])
    elif quiet:
        click.echo(" ".join(info.function_name for info in found) or "()")
    else:
        print_note(f"{counted(len(found), 'function')} in the {where} region")
        click.secho(_line(_HEADER), dim=True)
        for info in found:
            click.echo(_line(_cells(info)))


def _cells(info: FunctionInfo) -> tuple[str, ...]:
    from framefleet.cli.output import clean

    return (
        info.function_name,
        clean(info.version or "Error"),
        str(info.disk_size_in_mb),
        str(info.memory_size_in_mb),
        str(info.timeout_in_seconds),
    )


def _line(cells: Sequence[str]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True))
    return "".join(padded).rstrip()
