"""Quotas of Lambda, of which moto knows none: what AWS answers is in the test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from framefleet.account.quotas import Quotas, get_quotas, increase_concurrency
from framefleet.errors import AccessDeniedError, StorageError
from tests.services.scripted_aws import Answer, AwsRequest, ScriptedAws, scripted_aws

pytestmark = pytest.mark.anyio

REGION = "eu-central-1"
QUOTA = {"ServiceCode": "lambda", "QuotaCode": "L-B99A9384"}


def change(value: float, status: str, case: str | None = None) -> dict[str, Any]:
    return {"DesiredValue": value, "Status": status, **({"CaseId": case} if case else {})}


@dataclass
class ServiceQuotas:
    """An account; its requests for more come in pages of one."""

    current: float = 10.0
    default: float = 1000.0
    history: list[dict[str, Any]] = field(default_factory=list)
    refusal: str | None = None

    def answer(self, request: AwsRequest) -> Answer:
        assert {key: request.arguments[key] for key in QUOTA} == QUOTA
        match request.action:
            case "GetServiceQuota":
                body: Any = {"Quota": {**QUOTA, "Value": self.current}}
            case "GetAWSDefaultServiceQuota":
                body = {"Quota": {**QUOTA, "Value": self.default}}
            case "ListRequestedServiceQuotaChangeHistoryByQuota":
                start = int(request.arguments.get("NextToken", 0))
                body = {"RequestedQuotas": self.history[start : start + 1]}
                if start + 1 < len(self.history):
                    body["NextToken"] = str(start + 1)
            case "RequestServiceQuotaIncrease":
                if self.refusal:
                    return 400, json.dumps({"__type": self.refusal, "message": "no"})
                body = {"RequestedQuota": change(request.arguments["DesiredValue"], "PENDING")}
        return 200, json.dumps(body)


@pytest.fixture
def account() -> ServiceQuotas:
    return ServiceQuotas()


@pytest.fixture
def server(account, monkeypatch) -> Iterator[ScriptedAws]:
    for name in ("AWS_PROFILE", "REMOTION_AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    with scripted_aws(account.answer) as served:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SERVICE_QUOTAS", served.endpoint)
        yield served


async def test_a_new_account_has_little(server):
    found = await get_quotas(REGION)
    assert found == Quotas(
        concurrency=10, default_concurrency=1000, burst_concurrency=1000, pending=None
    )
    assert found.to_dict() == {
        "concurrencyLimit": 10,
        "defaultConcurrencyLimit": 1000,
        "burstConcurrency": 1000,
        "increaseRecommended": True,
        "pending": None,
    }


@pytest.mark.parametrize(
    ("current", "is_recommended", "following"),
    [(10, True, 5000), (1000, True, 5000), (1001, False, 5000), (4999, False, 5000),
     (5000, False, 10000), (12345, False, 15000)],
)  # fmt: skip
async def test_how_many_to_ask_for(server, account, current, is_recommended, following):
    account.current = float(current)
    found = await get_quotas(REGION)
    assert (found.is_increase_recommended, found.next_concurrency) == (is_recommended, following)


async def test_a_pending_request_is_found_among_the_others(server, account):
    account.history = [
        change(2000.0, "APPROVED", "1"),
        change(3000.0, "DENIED", "2"),
        change(5000.0, "CASE_OPENED", "34"),
        change(4000.0, "CASE_CLOSED", "5"),
    ]
    found = (await get_quotas(REGION)).to_dict()["pending"]
    assert found == {
        "desiredValue": 5000,
        "status": "CASE_OPENED",
        "supportUrl": (
            "https://eu-central-1.console.aws.amazon.com/support/home#/case/?displayId=34"
        ),
    }
    del account.history[2]
    assert (await get_quotas(REGION)).pending is None


async def test_a_request_may_have_no_case_yet(server, account):
    account.history = [change(5000.0, "PENDING")]
    pending = (await get_quotas(REGION)).pending
    assert pending is not None
    assert (pending.desired_value, pending.support_url) == (5000, None)


async def test_more_is_asked_for(server):
    found = await increase_concurrency(REGION, 5000)
    assert found.to_dict() == {"desiredValue": 5000, "status": "PENDING", "supportUrl": None}
    (asked,) = server.asked("RequestServiceQuotaIncrease")
    assert asked.arguments == {**QUOTA, "DesiredValue": 5000.0}


async def test_accounts_below_another_cannot_ask(server, account):
    account.refusal = "DependencyAccessDeniedException"
    with pytest.raises(AccessDeniedError) as caught:
        await increase_concurrency(REGION, 5000)
    assert caught.value.message == (
        "Could not request increase because this is a sub-account of another AWS account."
    )


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        ("AccessDeniedException", AccessDeniedError),
        ("ResourceAlreadyExistsException", StorageError),
    ],
)
async def test_other_refusals_are_told(server, account, refusal, kind):
    account.refusal = refusal
    with pytest.raises(StorageError, match=f"in eu-central-1: {refusal}: no") as caught:
        await increase_concurrency(REGION, 5000)
    assert type(caught.value) is kind


async def test_aws_knows_of_no_quota(moto, monkeypatch):
    """As moto, which has that of another service only."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", moto.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", moto.secret_key)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.endpoint)
    with pytest.raises(StorageError, match="Cannot read the quotas of Lambda in eu-central-1"):
        await get_quotas(REGION)
