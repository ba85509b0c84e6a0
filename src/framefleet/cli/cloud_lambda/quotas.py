"""`framefleet lambda quotas`: how many functions may run at the same time, and asking for more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from framefleet.cli import options as shared
from framefleet.cli.cloud_lambda.groups import UsualCommandGroup
from framefleet.cli.cloud_lambda.running import is_confirmed, read_place, region_option, run
from framefleet.domain.option import DISPLAY

if TYPE_CHECKING:
    from framefleet.account.quotas import QuotaRequest, Quotas
    from framefleet.cli.progress import Display
    from framefleet.errors import FramefleetError

_CONCURRENCY = "The maximum amount of Lambda functions which can concurrently execute."
_INCREASE = "Run `framefleet lambda quotas increase` to ask AWS to increase your limit."
_BURST = "The maximum amount of concurrency increase in 10 seconds."
_APPROVED = (
    'Requested increase successfully. Run "framefleet lambda quotas" to check whether your request '
    "was approved."
)


@click.group(cls=UsualCommandGroup)
def quotas() -> None:
    """Show how many functions may run at the same time (show), and ask AWS for more."""


@quotas.command(cls=shared.SectionCommand)
@region_option
@shared.json_option
@shared.section_option(
    DISPLAY, "-q", "--quiet", is_flag=True, help="Print the concurrency limit only."
)
def show(region: str | None, as_json: bool, quiet: bool) -> None:
    """Show how many functions of the account may run at the same time.

    This is what `framefleet lambda quotas` does as well.
    """
    from framefleet.cli.output import print_json

    where, found = _get(region, as_json=as_json, quiet=quiet)
    if as_json:
        print_json({"region": where, **found.to_dict()})
    elif quiet:
        click.echo(str(found.concurrency))
    else:
        _print(where, found)


@quotas.command(cls=shared.SectionCommand)
@region_option
@shared.section_option(DISPLAY, "-y", "--yes", is_flag=True, help="Do not ask first.")
@shared.section_option(
    DISPLAY, "-f", "--force", is_flag=True,
    help="Ask AWS even if the limit was raised already, and do not ask here first.",
)  # fmt: skip
@shared.json_option
def increase(region: str | None, yes: bool, force: bool, as_json: bool) -> None:
    """Ask AWS to let more functions run at the same time, in steps of 5000."""
    from framefleet.cli.output import print_error, print_json, print_note

    where, found = _get(region, as_json=as_json)
    refused = _refusal(found, is_forced=force)
    if refused is not None:
        print_error(refused, as_json=as_json)
        raise click.exceptions.Exit(refused.exit_code)
    print_note(
        f"Sending request to AWS to increase concurrency limit from {found.concurrency} to "
        f"{found.next_concurrency}."
    )
    otherwise = "Pass --yes to send it without asking."
    if not (yes or force or is_confirmed("Send?", otherwise=otherwise)):
        print_note("Nothing was sent.")
        return

    async def send(display: Display) -> QuotaRequest:
        from framefleet.account.quotas import increase_concurrency

        return await increase_concurrency(where, found.next_concurrency)

    request = run(send, stage="Asking AWS", as_json=as_json)
    if as_json:
        print_json({"region": where, **request.to_dict()})
    else:
        click.echo(_APPROVED)


def _get(region: str | None, *, as_json: bool, quiet: bool = False) -> tuple[str, Quotas]:
    async def work(display: Display) -> tuple[str, Quotas]:
        from framefleet.account.quotas import get_quotas

        where = read_place(region)
        return where, await get_quotas(where)

    return run(work, stage="Asking AWS", as_json=as_json, quiet=quiet)


def _print(region: str, found: Quotas) -> None:
    recommended = " - Increase recommended!" if found.is_increase_recommended else ""
    click.secho(f"Region = {region}", dim=True)
    click.echo(f"Concurrency limit: {found.concurrency}{recommended}")
    if found.pending is not None:
        click.echo(_pending(found.pending))
    click.secho(_CONCURRENCY, dim=True)
    if found.pending is None and found.is_increase_recommended:
        click.secho(_INCREASE, dim=True)
    click.echo(f"Burst concurrency: {found.burst_concurrency}")
    click.secho(_BURST, dim=True)


def _pending(request: QuotaRequest) -> str:
    where = f": {request.support_url}" if request.support_url else "."
    return f"A request to increase it to {request.desired_value} is pending{where}"


def _refusal(found: Quotas, *, is_forced: bool) -> FramefleetError | None:
    from framefleet.errors import FunctionError

    if found.pending is not None:
        url = found.pending.support_url
        return FunctionError(
            f"A request to increase it to {found.pending.desired_value} is already pending"
            + (f": {url}" if url else ".")
        )
    if is_forced or found.is_increase_recommended:
        return None
    return FunctionError(
        f"Current limit of {found.concurrency} is already increased over the default "
        f"({found.default_concurrency}).",
        hint="Check first whether you need more. With --force it is asked for nevertheless.",
    )
