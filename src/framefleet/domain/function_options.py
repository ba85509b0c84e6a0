"""The options of a function's deployment, as the other tables of `domain.options`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypedDict

from framefleet.domain.functions import Architecture, RuntimePreference
from framefleet.domain.option import MACHINE, OUTPUT, Option

CODE = "Code"
LOGS = "Logs"


class DeployFunctionArguments(TypedDict, total=False):
    """What a function gets, what runs in it, and for whom."""

    memory_size_in_mb: Annotated[
        int,
        Option(
            section=MACHINE,
            metavar="MB",
            default=2048,
            flag="--memory",
            help="Memory, from 512 to 10240 MB. Lambda gives a core for each 1769 MB.",
        ),
    ]
    disk_size_in_mb: Annotated[
        int,
        Option(
            section=MACHINE,
            metavar="MB",
            default=2048,
            flag="--disk",
            help="Space in /tmp, from 512 to 10240 MB.",
        ),
    ]
    timeout_in_seconds: Annotated[
        int,
        Option(
            section=MACHINE,
            metavar="SECONDS",
            default=120,
            flag="--timeout",
            help="How long a call may take, from 15 to 900 seconds.",
        ),
    ]
    architecture: Annotated[
        str,
        Option(
            section=MACHINE,
            metavar="NAME",
            default="arm64",
            choices=tuple(Architecture),
            help="Of the processor: arm64 or x86_64, the one that the image is built for.",
        ),
    ]
    image_uri: Annotated[
        str,
        Option(
            section=CODE,
            metavar="URI",
            help="The container image: …dkr.ecr.REGION.amazonaws.com/framefleet:TAG. By default "
            "FRAMEFLEET_LAMBDA_IMAGE.",
        ),
    ]
    code_zip: Annotated[
        str | Path,
        Option(
            section=CODE,
            metavar="FILE",
            help="An archive in place of an image: a file, or s3://BUCKET/KEY. Chromium has to "
            "come from a layer.",
        ),
    ]
    custom_layer_arns: Annotated[
        list[str],
        Option(
            section=CODE,
            metavar="ARNS",
            help="Layers of a zip function, with their versions; on the command line with commas.",
        ),
    ]
    runtime_preference: Annotated[
        str,
        Option(
            section=CODE,
            metavar="NAME",
            default="default",
            choices=tuple(RuntimePreference),
            help="Fonts of the reference's layers; ours are in the image, so only default.",
        ),
    ]
    version: Annotated[
        str,
        Option(
            section=OUTPUT,
            metavar="VERSION",
            flag="--client-version",
            help="The version of the clients that the function is for, such as 4.0.527; it is a "
            "part of its name. By default framefleet's own.",
        ),
    ]
    create_cloud_watch_log_group: Annotated[
        bool,
        Option(
            section=LOGS,
            default=True,
            flag="",
            help="Have CloudWatch keep its log for a while.",
        ),
    ]
    cloud_watch_log_retention_period_in_days: Annotated[
        int,
        Option(
            section=LOGS,
            metavar="DAYS",
            default=14,
            flag="--retention-period",
            help="How long CloudWatch keeps its log; AWS takes 1, 3, 5, 7, 14, 30, 60, 90 … days.",
        ),
    ]
    enable_lambda_insights: Annotated[
        bool,
        Option(
            section=LOGS,
            default=False,
            help="Its memory and processors in CloudWatch; of a zip function with the layer "
            "LambdaInsightsExtension only.",
        ),
    ]
    custom_role_arn: Annotated[
        str,
        Option(
            section=MACHINE,
            metavar="ARN",
            help="The role that it has. By default remotion-lambda-role of the account.",
        ),
    ]
    vpc_subnet_ids: Annotated[
        str,
        Option(
            section=MACHINE,
            metavar="IDS",
            help="Subnets that it runs in, with commas; they need a way to S3 and to Lambda.",
        ),
    ]
    vpc_security_group_ids: Annotated[
        str,
        Option(section=MACHINE, metavar="IDS", help="Security groups for these, with commas."),
    ]
