"""Functions that are made: from an image or an archive, with a log, and ready to be called."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from framefleet.account.aws_clients import open_aws_client
from framefleet.account.functions import (
    FunctionInfo,
    list_functions,
    managing,
    with_lambda,
    with_versions,
)
from framefleet.domain.arguments import complete
from framefleet.domain.function_names import read_function_name
from framefleet.domain.function_options import DeployFunctionArguments
from framefleet.domain.functions import BucketZip, Deployment, ImageCode, ZipCode
from framefleet.domain.policies import ROLE_NAME
from framefleet.domain.rules.functions import read_deployment
from framefleet.errors import AccessDeniedError, FunctionError, OptionError
from framefleet.own_version import own_version
from framefleet.settings import Settings

logger = logging.getLogger(__name__)

_DESCRIPTION = "Renders a Remotion video."
# Zip functions only: the wheels in the archive have to be for it.
_RUNTIME = "python3.13"
_HANDLER = "framefleet.handlers.aws_lambda.handler"
# Lambda's limit for archives that travel with the request.
_MOST_ZIP_BYTES = 50 << 20
_POLL_S = 1.0
# Lambda unpacks an image of half a gigabyte in less than one.
_MOST_WAIT_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedFunction:
    """A function that can be called now."""

    function_name: str
    already_existed: bool

    def to_dict(self) -> dict[str, Any]:
        """The function under the reference's names."""
        return {"functionName": self.function_name, "alreadyExisted": self.already_existed}


def read_request(given: Mapping[str, Any], region: str) -> Deployment:
    """Read those of `DeployFunctionArguments` that the caller gave.

    Raises:
        OptionError: one of them cannot be used, or there is no image.
    """
    return read_deployment(
        complete(DeployFunctionArguments, given),
        region=region,
        image=Settings.from_environment().lambda_image,
        version=own_version(),
    )


async def deploy_function(
    deployment: Deployment, region: str, *, poll_s: float = _POLL_S, wait_s: float = _MOST_WAIT_S
) -> DeployedFunction:
    """Have a function of this kind: the one that is there, or a new one.

    Args:
        poll_s: between two questions whether a new function is ready.
        wait_s: until it has to be.

    Raises:
        OptionError: the archive cannot be used.
        FunctionError: it cannot be made or, once made, be used.
        CredentialsError, AccessDeniedError: these credentials may not.
    """
    code = await anyio.to_thread.run_sync(_code, deployment.code)
    if deployment.log_retention_days is not None:
        await anyio.to_thread.run_sync(
            _keep_log, deployment.name, deployment.log_retention_days, region
        )
    existing = await _existing(deployment, region)
    if existing is not None:
        await with_lambda(
            region, partial(_warn_of_other_code, existing=existing, deployment=deployment)
        )
        return DeployedFunction(function_name=existing.function_name, already_existed=True)
    role = deployment.role_arn
    if role is None:
        role = await anyio.to_thread.run_sync(_usual_role, region)
    await with_lambda(region, partial(_create, deployment=deployment, code=code, role=role))
    await _wait_until_ready(deployment.name, region, poll_s=poll_s, wait_s=wait_s)
    return DeployedFunction(function_name=deployment.name, already_existed=False)


async def _existing(deployment: Deployment, region: str) -> FunctionInfo | None:
    """A function of the same kind that answers; it may be called otherwise."""
    alike = [
        info
        for info in await list_functions(region)
        if info.memory_size_in_mb == deployment.memory_size_in_mb
        and info.disk_size_in_mb == deployment.disk_size_in_mb
        and info.timeout_in_seconds == deployment.timeout_in_seconds
    ]
    # A name has only the beginning of a long version, and a function knows it by its name.
    named = read_function_name(deployment.name)
    versions = {deployment.version, named.version if named else deployment.version}
    found = [info for info in await with_versions(region, alike) if info.version in versions]
    same_name = [info for info in found if info.function_name == deployment.name]
    return next(iter([*same_name, *found]), None)


def _keep_log(name: str, days: int, region: str) -> None:
    group = f"/aws/lambda/{name}"
    logs = open_aws_client("logs", region, Settings.from_environment())
    with closing(logs), managing(f"keep the log {group} for {days} days"):
        try:
            logs.create_log_group(logGroupName=group)
        except logs.exceptions.ResourceAlreadyExistsException:
            logger.debug("log_group_exists", extra={"log_group": group})
        logs.put_retention_policy(logGroupName=group, retentionInDays=days)


def _usual_role(region: str) -> str:
    sts = open_aws_client("sts", region, Settings.from_environment())
    with closing(sts), managing("ask AWS whose credentials these are"):
        identity = sts.get_caller_identity()
    partition = identity["Arn"].split(":")[1]
    return f"arn:{partition}:iam::{identity['Account']}:role/{ROLE_NAME}"


def _code(code: ImageCode | ZipCode) -> dict[str, Any]:
    """What CreateFunction says of the code."""
    if isinstance(code, ImageCode):
        return {"PackageType": "Image", "Code": {"ImageUri": code.uri}}
    source = code.source
    if isinstance(source, BucketZip):
        archive: dict[str, Any] = {"S3Bucket": source.bucket, "S3Key": source.key}
    else:
        archive = {"ZipFile": _read_archive(source)}
    layers = {"Layers": list(code.layers)} if code.layers else {}
    return {
        "PackageType": "Zip", "Code": archive, "Runtime": _RUNTIME, "Handler": _HANDLER, **layers,
    }  # fmt: skip


def _read_archive(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > _MOST_ZIP_BYTES:
            raise OptionError(
                f"{path} has {size} bytes, but Lambda takes {_MOST_ZIP_BYTES} at most this way.",
                hint="Put it into a bucket of the region: code_zip (--code-zip) s3://BUCKET/KEY.",
            )
        return path.read_bytes()
    except OSError as exc:
        raise OptionError(f"{path} cannot be read: {exc.strerror}.") from exc


def _create(client: Any, *, deployment: Deployment, code: dict[str, Any], role: str) -> None:
    name, vpc = deployment.name, deployment.vpc
    network = (
        {
            "VpcConfig": {
                "SubnetIds": list(vpc.subnet_ids),
                "SecurityGroupIds": list(vpc.security_group_ids),
            }
        }
        if vpc
        else {}
    )
    with managing(f"create the function {name}", name=name):
        made = client.create_function(
            FunctionName=name,
            Role=role,
            Description=_DESCRIPTION,
            Timeout=deployment.timeout_in_seconds,
            MemorySize=deployment.memory_size_in_mb,
            EphemeralStorage={"Size": deployment.disk_size_in_mb},
            Architectures=[str(deployment.architecture)],
            **code,
            **network,
        )
    # Before anybody can call it: one that died is called again once, and goes on with its render.
    with managing(f"have AWS repeat events of the function {name} once only", name=name):
        client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    try:
        with managing(f"tag the function {name}", name=name):
            client.tag_resource(Resource=made["FunctionArn"], Tags=_tags(deployment))
    except (FunctionError, AccessDeniedError) as exc:
        logger.warning("function_not_tagged", extra={"function": name, "text": str(exc)})


def _tags(deployment: Deployment) -> dict[str, str]:
    return {
        "remotion-lambda": "true",
        "remotion-version": deployment.version,
        "remotion-memory-in-mb": str(deployment.memory_size_in_mb),
        "remotion-timeout-in-seconds": str(deployment.timeout_in_seconds),
        # The reference spells it so.
        "remotion-ephemereal-storage-in-mb": str(deployment.disk_size_in_mb),
    }


def _warn_of_other_code(client: Any, *, existing: FunctionInfo, deployment: Deployment) -> None:
    """Another image is no other function to the reference, but whoever deploys one means it."""
    name = existing.function_name
    with managing(f"look up the function {name}", name=name):
        image = client.get_function(FunctionName=name)["Code"].get("ImageUri")
    wanted = deployment.code.uri if isinstance(deployment.code, ImageCode) else None
    if wanted is not None and image != wanted:
        text = (
            f"The function {name} exists and keeps its code ({image or 'an archive'}): delete it "
            f"first to have it run {wanted}."
        )
        logger.warning("function_has_other_code", extra={"function": name, "text": text})


async def _wait_until_ready(name: str, region: str, *, poll_s: float, wait_s: float) -> None:
    def state(client: Any) -> tuple[str, str]:
        with managing(f"look up the function {name}", name=name):
            found = client.get_function(FunctionName=name)["Configuration"]
        reasons = (found.get("StateReasonCode"), found.get("StateReason"))
        return found.get("State", "Active"), ": ".join(filter(None, reasons))

    deadline = time.monotonic() + wait_s
    while True:
        found, reason = await with_lambda(region, state)
        if found == "Active":
            return
        said = f" ({reason})" if reason else ""
        if found != "Pending":
            raise FunctionError(
                f"The function {name} was made, but is {found}{said}.",
                hint="Delete it before you try again: framefleet lambda functions rm.",
                function=name,
            )
        if time.monotonic() >= deadline:
            raise FunctionError(
                f"The function {name} was made, but is not ready after {wait_s:.0f} s{said}.",
                hint="It may still become so: framefleet lambda functions ls tells.",
                function=name,
            )
        await anyio.sleep(poll_s)
