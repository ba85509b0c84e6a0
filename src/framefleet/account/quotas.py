"""How many functions of an account may run at the same time, and asking AWS for more."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio.to_thread

from framefleet.account.aws_clients import open_aws_client, translated
from framefleet.errors import AccessDeniedError
from framefleet.settings import Settings

T = TypeVar("T")

# AWS's own name for it: concurrent executions.
_QUOTA = {"ServiceCode": "lambda", "QuotaCode": "L-B99A9384"}
# No quota, but the same for every function: AWS Lambda's manual, "Lambda scaling behavior".
BURST_CONCURRENCY = 1000
_STEP = 5000
_PENDING = ("PENDING", "CASE_OPENED")
_OF_ANOTHER_ACCOUNT = "DependencyAccessDeniedException"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaRequest:
    """A request for more. `support_url` is where AWS answers it, once it has a case there."""

    desired_value: int
    status: str
    support_url: str | None

    def to_dict(self) -> dict[str, Any]:
        """The request as JSON-ready values."""
        return {
            "desiredValue": self.desired_value,
            "status": self.status,
            "supportUrl": self.support_url,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """What an account has in a region.

    `concurrency` functions may run at the same time, `default_concurrency` in accounts that never
    asked for more. `burst_concurrency` of one function may be added within 10 s. `pending` is a
    request for more that AWS has not answered.
    """

    concurrency: int
    default_concurrency: int
    burst_concurrency: int
    pending: QuotaRequest | None

    @property
    def is_increase_recommended(self) -> bool:
        """Whether nobody has asked for more with success."""
        return self.concurrency <= self.default_concurrency

    @property
    def next_concurrency(self) -> int:
        """How many to ask for next."""
        return self.concurrency // _STEP * _STEP + _STEP

    def to_dict(self) -> dict[str, Any]:
        """The quotas as JSON-ready values."""
        return {
            "concurrencyLimit": self.concurrency,
            "defaultConcurrencyLimit": self.default_concurrency,
            "burstConcurrency": self.burst_concurrency,
            "increaseRecommended": self.is_increase_recommended,
            "pending": self.pending.to_dict() if self.pending else None,
        }


async def get_quotas(region: str) -> Quotas:
    """What the account has in a region.

    Raises:
        CredentialsError, AccessDeniedError: AWS does not tell these credentials.
        StorageError: it does not answer.
    """
    return await _with_client(region, _quotas)


async def increase_concurrency(region: str, value: int) -> QuotaRequest:
    """Ask AWS to let `value` functions run at the same time, which people there decide upon.

    Raises:
        CredentialsError, AccessDeniedError: these credentials, or this account, may not ask.
        StorageError: there is such a request already, or AWS does not answer.
    """
    return await _with_client(region, lambda client, region: _increase(client, region, value))


async def _with_client(region: str, ask: Callable[[Any, str], T]) -> T:
    settings = Settings.from_environment()

    def asked() -> T:
        with closing(open_aws_client("service-quotas", region, settings)) as client:
            return ask(client, region)

    return await anyio.to_thread.run_sync(asked)


def _quotas(client: Any, region: str) -> Quotas:
    with translated(f"read the quotas of Lambda in {region}"):
        current = client.get_service_quota(**_QUOTA)["Quota"]
        default = client.get_aws_default_service_quota(**_QUOTA)["Quota"]
        pages = client.get_paginator("list_requested_service_quota_change_history_by_quota")
        history = [
            request for page in pages.paginate(**_QUOTA) for request in page["RequestedQuotas"]
        ]
    pending = next((request for request in history if request["Status"] in _PENDING), None)
    return Quotas(
        concurrency=int(current["Value"]),
        default_concurrency=int(default["Value"]),
        burst_concurrency=BURST_CONCURRENCY,
        pending=_request(pending, region) if pending else None,
    )


def _increase(client: Any, region: str, value: int) -> QuotaRequest:
    with translated(f"ask for more functions at once in {region}"):
        try:
            answer = client.request_service_quota_increase(**_QUOTA, DesiredValue=float(value))
        except client.exceptions.ClientError as exc:
            if exc.response["Error"]["Code"] != _OF_ANOTHER_ACCOUNT:
                raise
            raise AccessDeniedError(
                "Could not request increase because this is a sub-account of another AWS account.",
                hint="Ask for it with credentials of that account.",
            ) from exc
    return _request(answer["RequestedQuota"], region)


def _request(request: dict[str, Any], region: str) -> QuotaRequest:
    case = request.get("CaseId")
    url = f"https://{region}.console.aws.amazon.com/support/home#/case/?displayId={case}"
    return QuotaRequest(
        desired_value=int(request["DesiredValue"]),
        status=request["Status"],
        support_url=url if case else None,
    )
