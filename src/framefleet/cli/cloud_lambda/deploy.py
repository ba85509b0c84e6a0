"""`framefleet lambda functions deploy`: a function, unless it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from framefleet.cli import options as shared
from framefleet.cli.cloud_lambda.running import read_place, region_option, run, tell
from framefleet.domain.function_options import LOGS, DeployFunctionArguments
from framefleet.domain.option import DISPLAY, MACHINE

if TYPE_CHECKING:
    from framefleet.account.deployment import DeployedFunction
    from framefleet.cli.progress import Display
    from framefleet.domain.functions import Deployment

_NO_V5 = "--enable-v5-runtime has no function any more: leave it out."


@click.command(cls=shared.SectionCommand)
@shared.table_options(DeployFunctionArguments)
@shared.section_option(
    LOGS, "--disable-cloudwatch", is_flag=True, help="Do not have CloudWatch keep its log."
)
@region_option
@shared.section_option(
    MACHINE, "--enable-v5-runtime", is_flag=True, help="Has no function any more."
)
@shared.json_option
@shared.section_option(
    DISPLAY, "-q", "--quiet", is_flag=True, help="Print the name of the function only."
)
def deploy(
    region: str | None,
    custom_layer_arns: str | None,
    disable_cloudwatch: bool,
    enable_v5_runtime: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Have a function that renders: the one that is there, or a new one.

    It is made of a container image of framefleet, which docker/README.md builds and pushes. One of
    the same memory, disk, timeout and version that answers is left as it is.
    """
    from framefleet.cli.output import print_json, print_note

    given = {**shared.chosen(options), "create_cloud_watch_log_group": not disable_cloudwatch}
    if custom_layer_arns is not None:
        given["custom_layer_arns"] = [arn for arn in custom_layer_arns.split(",") if arn]

    async def work(display: Display) -> DeployedFunction:
        from framefleet.account.deployment import deploy_function, read_request

        where = read_place(region)
        deployment = read_request(given, where)
        if not quiet:
            tell(display, *_facts(deployment, where, insights="enable_lambda_insights" in given))
        display.stage("Deploying Lambda...")
        return await deploy_function(deployment, where)

    if enable_v5_runtime:
        print_note(_NO_V5, label="Warning:")
    found = run(work, stage="Reading options", as_json=as_json, quiet=quiet)
    if not quiet:
        done = "Already exists as" if found.already_existed else "Deployed as"
        print_note(f"{done} {found.function_name}")
    if as_json:
        print_json(found.to_dict())
    else:
        click.echo(found.function_name)


def _facts(deployment: Deployment, region: str, *, insights: bool) -> list[str]:
    from framefleet.domain.functions import ImageCode

    code, days, vpc = deployment.code, deployment.log_retention_days, deployment.vpc
    layers = 0 if isinstance(code, ImageCode) else len(code.layers)
    facts = [
        ("Region", region),
        ("Memory", f"{deployment.memory_size_in_mb}MB"),
        ("Disk size", f"{deployment.disk_size_in_mb}MB"),
        ("Timeout", f"{deployment.timeout_in_seconds}sec"),
        ("Version", deployment.version),
        ("Code", code.uri if isinstance(code, ImageCode) else str(code.source)),
        ("Architecture", str(deployment.architecture)),
        ("CloudWatch Logging Enabled", _spelt(days is not None)),
        ("CloudWatch Retention Period", "none" if days is None else f"{days} days"),
        ("Lambda Insights Enabled", _spelt(insights)),
        ("Custom Layers", str(layers) if layers else "Not specified"),
    ]
    if vpc is not None:
        facts += [
            ("VPC Subnet IDs", ",".join(vpc.subnet_ids)),
            ("VPC Security Group IDs", ",".join(vpc.security_group_ids)),
        ]
    return [f"{name} = {value}" for name, value in facts]


def _spelt(value: bool) -> str:
    return "true" if value else "false"
