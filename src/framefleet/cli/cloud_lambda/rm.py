"""`framefleet lambda functions rm` and `rmall`: functions that are to go, one by one or all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import click

from framefleet.cli import options as shared
from framefleet.cli.cloud_lambda.running import (
    is_confirmed,
    read_place,
    region_option,
    run,
    yes_option,
)
from framefleet.domain.option import DISPLAY

if TYPE_CHECKING:
    from framefleet.account.functions import FunctionInfo
    from framefleet.cli.progress import Display

_NO_NAME = (
    "No function name passed.\n"
    "Pass another argument to delete a function: framefleet lambda functions rm <function-name>\n"
    "framefleet lambda functions ls lists those that there are."
)
_NONE = "()"

quiet_option = shared.section_option(
    DISPLAY, "-q", "--quiet", is_flag=True, help="Print the names of what is gone only."
)


@click.command(cls=shared.SectionCommand)
@click.argument("names", nargs=-1, metavar="FUNCTION...")
@region_option
@yes_option
@shared.json_option
@quiet_option
def rm(names: tuple[str, ...], region: str | None, yes: bool, as_json: bool, quiet: bool) -> None:
    """Delete functions: whoever calls them afterwards fails. Their logs stay.

    () stands for none, so that `framefleet lambda functions rm $(framefleet lambda functions ls
    -q)` always works.
    """
    if not names:
        raise click.UsageError(_NO_NAME)
    wanted = [name for name in dict.fromkeys(names) if name != _NONE]

    async def find(where: str) -> list[FunctionInfo]:
        from framefleet.account.functions import describe_function

        # All before any is deleted: a name that is misspelt deletes none.
        return [await describe_function(where, name) for name in wanted]

    _delete(region, find, yes=yes, as_json=as_json, quiet=quiet)


@click.command(cls=shared.SectionCommand)
@region_option
@yes_option
@shared.json_option
@quiet_option
def rmall(region: str | None, yes: bool, as_json: bool, quiet: bool) -> None:
    """Delete all functions of a region that are called as ours are."""

    async def find(where: str) -> list[FunctionInfo]:
        from framefleet.account.functions import list_functions

        return await list_functions(where)

    _delete(region, find, yes=yes, as_json=as_json, quiet=quiet)


def _delete(
    region: str | None,
    find: Callable[[str], Awaitable[list[FunctionInfo]]],
    *,
    yes: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    from framefleet.cli.output import print_json, print_note

    async def look(display: Display) -> tuple[str, list[FunctionInfo]]:
        from framefleet.account.functions import with_versions

        where = read_place(region)
        found = await find(where)
        # Its version is shown to whoever is asked; a function that is broken has none.
        return where, await with_versions(where, found) if found and not yes else found

    where, found = run(look, stage="Getting functions...", as_json=as_json, quiet=quiet)
    wanted = [info for info in found if yes or _may_delete(info)]
    gone: list[str] = []

    async def delete(display: Display) -> None:
        await _delete_all(where, wanted, gone, display)

    try:
        if wanted:
            run(delete, stage="Deleting...", as_json=as_json, quiet=quiet)
    finally:
        for name in () if as_json else gone:
            click.echo(name if quiet else f"Deleted {name}!")
    if as_json:
        print_json({"deleted": gone})
    elif not found and not quiet:
        print_note("No functions to remove.")


async def _delete_all(
    region: str, wanted: list[FunctionInfo], gone: list[str], display: Display
) -> None:
    """Delete functions; `gone` has the names of those that are, also where it fails."""
    from framefleet.account.functions import delete_function
    from framefleet.errors import FramefleetError

    try:
        for info in wanted:
            display.stage(f"Deleting {info.function_name}...")
            await delete_function(region, info.function_name)
            gone.append(info.function_name)
    except FramefleetError as exc:
        exc.context["deleted"] = list(gone)
        raise


def _may_delete(info: FunctionInfo) -> bool:
    from framefleet.cli.output import print_note

    facts = {
        "Function name": info.function_name,
        "Memory": f"{info.memory_size_in_mb}MB",
        "Timeout": f"{info.timeout_in_seconds}sec",
        "Version": info.version or "Error",
    }
    for name, value in facts.items():
        print_note(f"{name}: {value}")
    if is_confirmed("Delete?", otherwise="Pass --yes to delete without asking."):
        return True
    print_note(f"Left {info.function_name} as it is.")
    return False
