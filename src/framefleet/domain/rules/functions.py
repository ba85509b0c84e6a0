"""Functions of AWS Lambda: what a deployment may ask for.

Texts: spec/serverless-api.md 8, and serverless-progress-costs.md 6.1 for memory and disk.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from framefleet.domain.functions import Architecture, Deployment, Vpc
from framefleet.domain.rules.function_code import read_code
from framefleet.domain.rules.names import read_flag
from framefleet.domain.rules.values import json_text, member, number, text, typeof, whole
from framefleet.errors import OptionError, OptionRangeError, OptionTypeError

_LEAST_SIZE_IN_MB, _MOST_SIZE_IN_MB = 512, 10_240
LEAST_TIMEOUT_S, MOST_TIMEOUT_S = 15, 900
_LEAST_RETENTION_DAYS, _MOST_RETENTION_DAYS = 1, 3650
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]*")


def read_deployment(
    options: Mapping[str, Any], *, region: str, image: str | None, version: str
) -> Deployment:
    """The function that a caller wants.

    Args:
        options: every one of `DeployFunctionArguments`.
        image: the one of the settings, unless the options name code.
        version: the one of ours, unless the options name another.

    Raises:
        OptionError: one of them cannot be used; they come in the reference's order.
    """
    memory = read_memory_size(options["memory_size_in_mb"])
    timeout = read_function_timeout(options["timeout_in_seconds"])
    has_log = read_flag(options["create_cloud_watch_log_group"], "createCloudWatchLogGroup")
    retention = read_retention(options["cloud_watch_log_retention_period_in_days"])
    disk = read_disk_size(options["disk_size_in_mb"])
    return Deployment(
        memory_size_in_mb=memory,
        timeout_in_seconds=timeout,
        disk_size_in_mb=disk,
        log_retention_days=retention if has_log else None,
        role_arn=read_role(options["custom_role_arn"]),
        vpc=_vpc(options),
        code=read_code(options, region=region, image=image),
        architecture=read_architecture(options["architecture"]),
        version=read_client_version(options["version"], default=version),
    )


def read_memory_size(value: Any) -> int:
    """The memory of a function, in MB; raises OptionTypeError."""
    start = "parameter 'memorySizeInMb' must"
    return _within(value, start, "be a number, got a", _LEAST_SIZE_IN_MB, _MOST_SIZE_IN_MB)


def read_disk_size(value: Any) -> int:
    """The disk of a function, in MB; raises OptionTypeError."""
    start = "parameter 'diskSizeInMb' must"
    return _within(value, start, "be a number, got a", _LEAST_SIZE_IN_MB, _MOST_SIZE_IN_MB)


def read_function_timeout(value: Any) -> int:
    """How long a call may take, in seconds; raises OptionTypeError."""
    start = "parameter 'timeoutInSeconds' must"
    return _within(value, start, "be a number, but got a", LEAST_TIMEOUT_S, MOST_TIMEOUT_S)


def read_retention(value: Any) -> int:
    """How long a log is kept, in days.

    Raises:
        OptionTypeError, OptionRangeError: it is no whole number from 1 to 3650.
    """
    start = "CloudWatch retention period"
    found = number(value)
    if found is None:
        raise OptionTypeError(f"{start} should be a number, got: {json_text(value)}")
    if math.isnan(found):
        raise OptionTypeError(f"{start} must be an integer, but is NaN")
    if math.isinf(found):
        raise OptionRangeError(f"{start} must be finite, but is {text(value)}")
    days = whole(found)
    if days is None:
        raise OptionTypeError(f"{start} must be an integer, but is {text(value)}")
    if days < _LEAST_RETENTION_DAYS:
        raise OptionRangeError(
            f"{start} must be at least {_LEAST_RETENTION_DAYS}, but is {text(value)}"
        )
    if days > _MOST_RETENTION_DAYS:
        raise OptionRangeError(
            f"{start} must be at most {_MOST_RETENTION_DAYS}, but is {text(value)}"
        )
    return days


def read_role(value: Any) -> str | None:
    """The ARN of a role, or None; raises OptionTypeError."""
    if not isinstance(value, str | None):
        raise OptionTypeError(
            'A custom role ARN must either be "undefined" or a string, but instead got: '
            f"{json_text(value)}"
        )
    return value or None


def read_architecture(value: Any) -> Architecture:
    """The processor; raises OptionTypeError."""
    found = member(Architecture, value)
    if found is None:
        raise OptionTypeError(
            f'"architecture" must be one of {", ".join(Architecture)}, but is {json_text(value)}'
        )
    return found


def read_client_version(value: Any, *, default: str) -> str:
    """The version of the clients that a function serves; raises OptionTypeError."""
    version = default if value is None else value
    if not isinstance(version, str) or _VERSION.fullmatch(version) is None:
        raise OptionTypeError(
            f'"version" must be that of a client, such as "4.0.527", but is {json_text(value)}'
        )
    return version


def _vpc(options: Mapping[str, Any]) -> Vpc | None:
    subnets = _ids(options["vpc_subnet_ids"], "vpcSubnetIds", "VPC subnet IDs")
    groups = _ids(
        options["vpc_security_group_ids"], "vpcSecurityGroupIds", "VPC security group IDs"
    )
    if not subnets and not groups:
        return None
    if not subnets or not groups:
        raise OptionError(
            "vpc_subnet_ids (--vpc-subnet-ids) and vpc_security_group_ids "
            "(--vpc-security-group-ids) go together.",
            hint="Give both or none.",
        )
    return Vpc(subnet_ids=subnets, security_group_ids=groups)


def _ids(value: Any, name: str, what: str) -> tuple[str, ...]:
    if not isinstance(value, str | None):
        raise OptionTypeError(
            f"parameter '{name}' must either be 'undefined' or a comma-separated list of {what} "
            f"string, but instead got: {text(value)}"
        )
    return tuple(found.strip() for found in (value or "").split(",") if found.strip())


def _within(value: Any, start: str, be_a_number: str, least: int, most: int) -> int:
    found = number(value)
    if found is None:
        raise OptionTypeError(f"{start} {be_a_number} {typeof(value)}")
    if math.isnan(found):
        raise OptionTypeError(f"{start} not be NaN, but is")
    if math.isinf(found):
        raise OptionTypeError(f"{start} be finite, but is {text(value)}")
    if not least <= found <= most:
        raise OptionTypeError(f"{start} be between {least} and {most}, but got {text(value)}")
    exact = whole(found)
    if exact is None:
        raise OptionTypeError(f"{start} be an integer but got {text(value)}")
    return exact
