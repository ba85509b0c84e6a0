"""Whether the user of the credentials may do what deploying and rendering takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal, cast

import anyio
import anyio.to_thread

from framefleet.account.aws_clients import open_aws_client, translated
from framefleet.domain.policies import Statement, required_actions
from framefleet.errors import CredentialsError, StorageError
from framefleet.settings import Settings

Decision = Literal["allowed", "explicitDeny", "implicitDeny"]

_RETRIES = 2
_RETRY_PAUSE_S = 2.0
_ASSUMED_ROLE = re.compile(r"arn:([^:]+):sts::(\d+):assumed-role/([^/]+)/.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPermission:
    """What AWS would say to an action; `name` is as in `s3:GetObject`."""

    decision: Decision
    name: str

    def to_dict(self) -> dict[str, str]:
        """The permission under the reference's names."""
        return {"decision": self.decision, "name": self.name}


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPermissions:
    """What AWS would say to each action of the user policy, in its order."""

    results: tuple[SimulatedPermission, ...]

    def to_dict(self) -> dict[str, Any]:
        """The permissions under the reference's names."""
        return {"results": [result.to_dict() for result in self.results]}


OnSimulation = Callable[[SimulatedPermission], None]


async def simulate_permissions(
    region: str, *, on_simulation: OnSimulation | None = None, retry_pause_s: float = _RETRY_PAUSE_S
) -> SimulatedPermissions:
    """Ask AWS about each action of the user policy; none is done.

    Args:
        on_simulation: hears each answer as it comes.
        retry_pause_s: how long to wait before a question is asked again, which may be twice.

    Raises:
        CredentialsError: there are no credentials of a user.
        AccessDeniedError: not even that may be asked.
        StorageError: AWS does not answer, or does not know the user.
    """
    settings = Settings.from_environment()
    user = role_arn(await anyio.to_thread.run_sync(_caller, region, settings))
    iam = await anyio.to_thread.run_sync(open_aws_client, "iam", region, settings)
    results: list[SimulatedPermission] = []
    with closing(iam):
        for statement in required_actions(partition=user.split(":")[1]):
            found = await _simulate(iam, user, statement, retry_pause_s)
            for permission in found:
                if on_simulation:
                    on_simulation(permission)
            results += found
    return SimulatedPermissions(results=tuple(results))


def role_arn(arn: str) -> str:
    """The role that a session is of; of anything else, the same.

    A role's path is not in its session's name: the role is taken to have none.
    """
    found = _ASSUMED_ROLE.fullmatch(arn)
    return f"arn:{found[1]}:iam::{found[2]}:role/{found[3]}" if found else arn


def _caller(region: str, settings: Settings) -> str:
    sts = open_aws_client("sts", region, settings)
    with closing(sts), translated("ask AWS whose credentials these are"):
        arn = sts.get_caller_identity().get("Arn")
    if not arn:
        raise CredentialsError("No valid AWS Caller Identity detected")
    return str(arn)


async def _simulate(
    iam: Any, user: str, statement: Statement, retry_pause_s: float
) -> list[SimulatedPermission]:
    for _ in range(_RETRIES):
        try:
            return await anyio.to_thread.run_sync(_ask, iam, user, statement)
        except StorageError:
            # What IAM was told a moment ago is not known everywhere at once.
            await anyio.sleep(retry_pause_s)
    return await anyio.to_thread.run_sync(_ask, iam, user, statement)


def _ask(iam: Any, user: str, statement: Statement) -> list[SimulatedPermission]:
    with translated(f"ask AWS what {user} may do"):
        pages = iam.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=user,
            ActionNames=list(statement.actions),
            ResourceArns=list(statement.resources),
        )
        return [_read(result) for result in _results(pages)]


def _results(pages: Any) -> Iterator[dict[str, Any]]:
    for page in pages:
        yield from page.get("EvaluationResults", [])


def _read(result: dict[str, Any]) -> SimulatedPermission:
    return SimulatedPermission(
        decision=cast("Decision", result["EvalDecision"]), name=result["EvalActionName"]
    )
