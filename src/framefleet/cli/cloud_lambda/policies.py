"""`framefleet lambda policies`: what AWS has to allow, and whether it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from framefleet.cli import options as shared
from framefleet.cli.cloud_lambda.groups import CommandGroup
from framefleet.cli.cloud_lambda.running import read_place, region_option, run, tell
from framefleet.domain.option import DISPLAY

if TYPE_CHECKING:
    from framefleet.account.permissions import SimulatedPermission, SimulatedPermissions
    from framefleet.cli.progress import Display

_MARKS = {"allowed": "✅"}
_DENIED = "❌"
_json_option = shared.section_option(
    DISPLAY, "--json", "as_json", is_flag=True, help="A policy is JSON in any case."
)


@click.group(cls=CommandGroup)
def policies() -> None:
    """Print what AWS has to allow users and functions, and check whether it does."""


@policies.command(cls=shared.SectionCommand)
@region_option
@_json_option
def role(region: str | None, as_json: bool) -> None:
    """Print the policy of the role remotion-lambda-role, which functions have."""
    from framefleet.domain.policies import get_role_policy

    click.echo(get_role_policy(_partition(region)))


@policies.command(cls=shared.SectionCommand)
@region_option
@_json_option
def user(region: str | None, as_json: bool) -> None:
    """Print the policy of whoever deploys and renders."""
    from framefleet.domain.policies import get_user_policy

    click.echo(get_user_policy(_partition(region)))


@policies.command(cls=shared.SectionCommand)
@region_option
@shared.json_option
@shared.section_option(
    DISPLAY, "-q", "--quiet", is_flag=True, help="Print what is not allowed only."
)
def validate(region: str | None, as_json: bool, quiet: bool) -> None:
    """Ask AWS whether these credentials may do each action of the user policy.

    None of it is done. The exit code is 1 if something is not allowed.
    """
    from framefleet.cli.output import print_json, print_note

    def tell_of(permission: SimulatedPermission) -> None:
        is_allowed = permission.decision == "allowed"
        if not as_json and not (quiet and is_allowed):
            click.echo(f"{_MARKS.get(permission.decision, _DENIED)} {permission.name}")

    async def work(display: Display) -> SimulatedPermissions:
        from framefleet.account.permissions import simulate_permissions
        from framefleet.errors import FramefleetError

        where = read_place(region)
        try:
            return await simulate_permissions(where, on_simulation=tell_of)
        except FramefleetError:
            tell(display, "Did not have the required permissions on AWS:")
            raise

    found = run(work, stage="Asking AWS", as_json=as_json, quiet=quiet)
    if as_json:
        print_json(found.to_dict())
    denied = [result for result in found.results if result.decision != "allowed"]
    if denied:
        print_note(f"{len(denied)} of {len(found.results)} actions are not allowed.")
        raise click.exceptions.Exit(1)


def _partition(region: str | None) -> str:
    """Policies know no region, but China has a world of its own."""
    from framefleet.errors import OptionError

    try:
        return "aws-cn" if read_place(region).startswith("cn-") else "aws"
    except OptionError as exc:
        raise click.BadParameter(exc.message, param_hint="--region") from exc
