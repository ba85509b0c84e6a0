"""Functions of AWS Lambda: deployed, listed and deleted; what they cost and need.

The functions and their arguments are those of the reference, as Python spells them. Where `region`
is left out, it is REMOTION_AWS_REGION, AWS_REGION or us-east-1. AWS_ENDPOINT_URL_LAMBDA, _STS, _IAM
and _CLOUDWATCH_LOGS name another place than AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Unpack, get_args

from framefleet.account import deployment, functions, permissions, quotas
from framefleet.account.aws_clients import open_aws_client
from framefleet.account.deployment import DeployedFunction
from framefleet.account.function_calls import read_function_address
from framefleet.account.functions import FunctionInfo
from framefleet.account.permissions import OnSimulation, SimulatedPermissions
from framefleet.account.quotas import QuotaRequest, Quotas
from framefleet.domain import function_names, policies, pricing
from framefleet.domain.arguments import documented, naming
from framefleet.domain.destination import BucketAddress, Cloud
from framefleet.domain.function_options import DeployFunctionArguments
from framefleet.domain.rules import REFUSED_FOR_BUCKETS, read_flag
from framefleet.domain.rules.buckets import read_region, read_s3_provider
from framefleet.domain.rules.functions import read_client_version
from framefleet.domain.rules.values import text, whole
from framefleet.errors import OptionError, OptionTypeError
from framefleet.own_version import own_version
from framefleet.settings import Settings
from framefleet.wiring.libraries import library

__all__ = [
    "AwsClient",
    "delete_function",
    "deploy_function",
    "estimate_price",
    "get_aws_client",
    "get_function_info",
    "get_function_version",
    "get_functions",
    "get_quotas",
    "get_role_policy",
    "get_user_policy",
    "increase_concurrency",
    "simulate_permissions",
    "speculate_function_name",
]

AwsService = Literal["lambda", "cloudwatch", "iam", "s3", "servicequotas", "sts"]

# What boto3 calls them, where it is not the same.
_BOTO_NAMES = {"cloudwatch": "logs", "servicequotas": "service-quotas"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsClient:
    """A client of boto3's, with the credentials that framefleet has; whoever got it closes it."""

    client: Any


@naming(REFUSED_FOR_BUCKETS)
@documented(DeployFunctionArguments)
async def deploy_function(
    *, region: str | None = None, **options: Unpack[DeployFunctionArguments]
) -> DeployedFunction:
    """Have a function that renders: the one that is there, or a new one.

    A function of the same memory, disk, timeout and version that answers is left as it is.

    Raises:
        OptionError: one of the options cannot be used, or there is no image.
        FunctionError: the function cannot be made or, once made, be used.
        CredentialsError, AccessDeniedError: these credentials may not.
    """
    where = _region(region)
    return await deployment.deploy_function(deployment.read_request(options, where), where)


@naming(REFUSED_FOR_BUCKETS)
async def get_functions(
    *, region: str | None = None, compatible_only: bool = False, version: str | None = None
) -> list[FunctionInfo]:
    """The functions of a region whose names start as those of the reference and ours do.

    Args:
        compatible_only: only those that serve clients of one version.
        version: that version; by default framefleet's own.

    Raises:
        CredentialsError, AccessDeniedError: AWS does not tell these credentials.
    """
    return await functions.get_functions(
        _region(region),
        compatible_only=read_flag(compatible_only, "compatibleOnly"),
        version=read_client_version(version, default=own_version()),
    )


@naming(REFUSED_FOR_BUCKETS)
async def get_function_info(*, function_name: str, region: str | None = None) -> FunctionInfo:
    """What a function has, and the version of clients that it serves.

    Raises:
        FunctionNotFoundError: there is none of this name.
        FunctionError: it does not answer.
    """
    address = read_function_address(function_name, _region(region))
    return await functions.get_function_info(address.region, address.name)


@naming(REFUSED_FOR_BUCKETS)
async def get_function_version(*, function_name: str, region: str | None = None) -> str:
    """The version of clients that a function serves; raises as `get_function_info`."""
    address = read_function_address(function_name, _region(region))
    return await functions.get_function_version(address.region, address.name)


@naming(REFUSED_FOR_BUCKETS)
async def delete_function(*, function_name: str, region: str | None = None) -> None:
    """Delete a function; its log stays for as long as it is kept.

    Raises:
        FunctionNotFoundError: there is none of this name.
    """
    address = read_function_address(function_name, _region(region))
    await functions.delete_function(address.region, address.name)


@naming(REFUSED_FOR_BUCKETS)
async def simulate_permissions(
    *, region: str | None = None, on_simulation: OnSimulation | None = None
) -> SimulatedPermissions:
    """Ask AWS whether these credentials may do what the user policy allows; none of it is done.

    Args:
        on_simulation: called with a `SimulatedPermission` for each answer as it comes.

    Raises:
        CredentialsError: there are no credentials of a user.
        AccessDeniedError: not even that may be asked.
    """
    return await permissions.simulate_permissions(_region(region), on_simulation=on_simulation)


@naming(REFUSED_FOR_BUCKETS)
async def get_quotas(*, region: str | None = None) -> Quotas:
    """How many functions of the account may run at the same time.

    Raises:
        CredentialsError, AccessDeniedError: AWS does not tell these credentials.
    """
    return await quotas.get_quotas(_region(region))


@naming(REFUSED_FOR_BUCKETS)
async def increase_concurrency(*, value: int, region: str | None = None) -> QuotaRequest:
    """Ask AWS to let so many functions run at the same time, which people there decide upon.

    Args:
        value: how many, such as `next_concurrency` of `get_quotas`.

    Raises:
        AccessDeniedError: these credentials, or this account, may not ask.
        StorageError: there is such a request already.
    """
    wanted = whole(value)
    if wanted is None or wanted < 1:
        raise OptionTypeError(f'"value" must be a positive integer, but is {text(value)}')
    return await quotas.increase_concurrency(_region(region), wanted)


def speculate_function_name(
    *,
    memory_size_in_mb: int,
    disk_size_in_mb: int,
    timeout_in_seconds: int,
    version: str | None = None,
) -> str:
    """The name of the function that `deploy_function` makes of these.

    Args:
        version: of the clients that it serves; by default framefleet's own.

    Raises:
        OptionError: one of them is no positive whole number.
    """
    return function_names.speculate_function_name(
        memory_size_in_mb=memory_size_in_mb,
        disk_size_in_mb=disk_size_in_mb,
        timeout_in_seconds=timeout_in_seconds,
        version=read_client_version(version, default=own_version()),
    )


def estimate_price(
    *,
    region: str,
    memory_size_in_mb: int,
    disk_size_in_mb: int,
    lambdas_invoked: int,
    duration_in_milliseconds: float | None = None,
    duration_in_miliseconds: float | None = None,
) -> float:
    """The price of calls in the region's currency, without free tiers, storage and transfer.

    Args:
        duration_in_milliseconds: billed time of all calls together, not wall time.
        duration_in_miliseconds: an older spelling of it.

    Raises:
        OptionTypeError: an argument is of the wrong kind or out of range.
    """
    if duration_in_milliseconds is not None and duration_in_miliseconds is not None:
        raise OptionError(
            "duration_in_miliseconds is an older spelling of duration_in_milliseconds: give one."
        )
    # Any: without either it is for the rule to say what is missing.
    duration: Any = (
        duration_in_miliseconds if duration_in_milliseconds is None else duration_in_milliseconds
    )
    return pricing.estimate_price(
        region=region,
        duration_in_milliseconds=duration,
        memory_size_in_mb=memory_size_in_mb,
        disk_size_in_mb=disk_size_in_mb,
        lambdas_invoked=lambdas_invoked,
    )


def get_user_policy(*, partition: str = "aws") -> str:
    """The policy of whoever deploys and renders, as JSON.

    Args:
        partition: `aws-cn` in China.
    """
    return policies.get_user_policy(partition)


def get_role_policy(*, partition: str = "aws") -> str:
    """The policy of the role remotion-lambda-role, which functions have, as JSON.

    Args:
        partition: `aws-cn` in China.
    """
    return policies.get_role_policy(partition)


def get_aws_client(
    *,
    service: AwsService,
    region: str | None = None,
    custom_credentials: Mapping[str, Any] | None = None,
    force_path_style: bool = False,
) -> AwsClient:
    """A client of boto3's for what this package does not do.

    Args:
        service: `cloudwatch` is that of its logs.
        custom_credentials: another store that speaks S3, such as
            `{"endpoint": …, "access_key_id": …, "secret_access_key": …}`.
        force_path_style: name S3 buckets in the path of requests, not in their host.

    Raises:
        OptionTypeError: there is no such service.
        CredentialsError: there is no profile of the name that the environment has.
    """
    if service not in get_args(AwsService):
        raise OptionTypeError(
            f"unknown client {text(service)}", hint=f"There are: {', '.join(get_args(AwsService))}."
        )
    settings, provider = Settings.from_environment(), read_s3_provider(custom_credentials)
    if service == "s3":
        # Other stores have regions of their own, which are no region of AWS.
        where = (provider.region or region) if provider else _region(region)
        address = BucketAddress(
            cloud=Cloud.S3,
            name="",
            region=where,
            provider=replace(provider, region=where) if provider else None,
            force_path_style=read_flag(force_path_style, "forcePathStyle"),
        )
        with library("boto3", "aws"):
            from framefleet.storages.s3.client import open_client
        return AwsClient(client=open_client(settings.s3_options(address)))
    if provider is not None or force_path_style:
        raise OptionError("custom_credentials and force_path_style are for the service s3 only.")
    opened = open_aws_client(_BOTO_NAMES.get(service, service), _region(region), settings)
    return AwsClient(client=opened)


def _region(region: Any) -> str:
    return read_region(region, Cloud.S3, Settings.from_environment().regions[Cloud.S3])
