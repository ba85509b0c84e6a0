"""`framefleet doctor`: what is here, what is missing, and what mends it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from framefleet.cli import options as shared
from framefleet.domain.options import SiteArguments

if TYPE_CHECKING:
    from framefleet.cancellation import CancelSignal
    from framefleet.cli.checks import Check
    from framefleet.cli.progress import Display

_MARKS = {"ok": ("ok", "green"), "warn": ("warn", "yellow"), "missing": ("missing", "red")}


@click.command(cls=shared.SectionCommand)
@shared.table_options(SiteArguments, "browser_executable")
@shared.json_option
def doctor(browser_executable: str | None, as_json: bool) -> None:
    """Check this machine: what renders need, and how to mend what is missing.

    Ends with 0 if everything required is there, else with 1. Warnings are about speed and looks.
    """
    from framefleet.cli.output import print_json
    from framefleet.cli.running import run

    async def work(display: Display, cancel: CancelSignal) -> list[Check]:
        from framefleet.cancellation import cancelled_by
        from framefleet.cli.checks import check_all
        from framefleet.cli.remedies import Host
        from framefleet.domain.plan import ChromiumOptions
        from framefleet.settings import Settings

        wanted = Path(browser_executable) if browser_executable else None
        options = Settings.from_environment().browser_options(ChromiumOptions(), executable=wanted)
        async with cancelled_by(cancel):
            return await check_all(Host.this(), options)

    checks = run(work, stage="Checking this machine", log_level="info", as_json=as_json)
    is_ready = all(check.status != "missing" for check in checks)
    if as_json:
        print_json({"ok": is_ready, "checks": [check.to_dict() for check in checks]})
    else:
        _print(checks)
    raise click.exceptions.Exit(0 if is_ready else 1)


def _print(checks: Sequence[Check]) -> None:
    name_width = max(len(check.name) for check in checks)
    for check in checks:
        mark, color = _MARKS[check.status]
        label = click.style(f"{mark:<7}", fg=color)
        click.echo(f"{label}  {check.name:<{name_width}}  {check.detail}")
    to_mend = [check for check in checks if check.fix]
    if to_mend:
        click.echo("\nTo mend:")
    for check in to_mend:
        click.echo(f"  {check.name:<{name_width}}  {check.fix}")
