"""What a user may do: STS is moto's, and IAM, whose simulation moto lacks, is in the test."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from framefleet.account.aws_clients import open_aws_client, translated
from framefleet.account.permissions import SimulatedPermission, role_arn, simulate_permissions
from framefleet.domain.policies import get_user_policy
from framefleet.errors import (
    AccessDeniedError,
    CredentialsError,
    StorageError,
    StorageUnavailableError,
)
from framefleet.settings import Settings
from framefleet.storages.s3.options import S3Options
from tests.services.scripted_aws import (
    Answer,
    AwsRequest,
    ScriptedAws,
    scripted_aws,
    xml_answer,
    xml_error,
)

pytestmark = pytest.mark.anyio

ACTION = "SimulatePrincipalPolicy"
REGION = "us-east-1"
STATEMENTS = json.loads(get_user_policy())["Statement"]
ACTIONS = [action for statement in STATEMENTS for action in statement["Action"]]


@dataclass
class Iam:
    """Allows all but what the test says; the first answers may be errors; pages of a few."""

    decisions: dict[str, str] = field(default_factory=dict)
    errors: list[Answer] = field(default_factory=list)
    page: int = 100

    def answer(self, request: AwsRequest) -> Answer:
        if self.errors:
            return self.errors.pop(0)
        names = request.members("ActionNames")
        start = int(request.arguments.get("Marker", 0))
        end = start + self.page
        results = "".join(
            f"<member><EvalActionName>{name}</EvalActionName>"
            f"<EvalDecision>{self.decisions.get(name, 'allowed')}</EvalDecision></member>"
            for name in names[start:end]
        )
        more = end < len(names)
        return xml_answer(
            ACTION,
            f"<EvaluationResults>{results}</EvaluationResults>"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>"
            + (f"<Marker>{end}</Marker>" if more else ""),
        )


@pytest.fixture
def iam() -> Iam:
    return Iam()


@pytest.fixture
def server(iam, moto, monkeypatch) -> Iterator[ScriptedAws]:
    """The account's IAM; its STS is moto."""
    for name in ("AWS_PROFILE", "REMOTION_AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", moto.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", moto.secret_key)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto.endpoint)
    with scripted_aws(iam.answer) as served:
        monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", served.endpoint)
        yield served


async def test_every_action_of_the_user_policy_is_asked_for_on_its_resources(server):
    heard: list[SimulatedPermission] = []
    found = await simulate_permissions(REGION, on_simulation=heard.append)
    assert found.to_dict() == {
        "results": [{"decision": "allowed", "name": action} for action in ACTIONS]
    }
    assert heard == list(found.results)
    asked = [
        (request.members("ActionNames"), request.members("ResourceArns"))
        for request in server.asked(ACTION)
    ]
    assert asked == [(found["Action"], found["Resource"]) for found in STATEMENTS]


async def test_what_is_denied_is_told(server, iam):
    iam.decisions = {"s3:PutObject": "explicitDeny", "lambda:GetFunction": "implicitDeny"}
    found = await simulate_permissions(REGION)
    denied = {result.name: result.decision for result in found.results if result.decision[0] != "a"}
    assert denied == iam.decisions


async def test_answers_in_pages_are_all_read(server, iam):
    iam.page = 3
    found = await simulate_permissions(REGION)
    assert [result.name for result in found.results] == ACTIONS


async def test_a_session_is_asked_about_as_its_role(server, moto, monkeypatch):
    sts = boto3.client("sts", region_name=REGION)
    role = "arn:aws:iam::123456789012:role/path/deployer"
    session = sts.assume_role(RoleArn=role, RoleSessionName="of.me@x")["Credentials"]
    sts.close()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", session["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", session["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", session["SessionToken"])
    await simulate_permissions(REGION)
    users = {request.arguments["PolicySourceArn"] for request in server.requests}
    assert users == {"arn:aws:iam::123456789012:role/deployer"}


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("arn:aws:sts::1:assumed-role/r/s", "arn:aws:iam::1:role/r"),
        ("arn:aws-cn:sts::12:assumed-role/r-1.x/i-0", "arn:aws-cn:iam::12:role/r-1.x"),
        ("arn:aws:iam::1:user/u", "arn:aws:iam::1:user/u"),
        ("arn:aws:iam::1:role/r", "arn:aws:iam::1:role/r"),
        ("arn:aws:iam::1:root", "arn:aws:iam::1:root"),
    ],
)
def test_roles_of_sessions(arn, expected):
    assert role_arn(arn) == expected


async def test_a_question_is_asked_twice_more(server, iam):
    iam.errors = [xml_error(404, "NoSuchEntity", "no such user"), xml_error(400, "Odd", "odd")]
    found = await simulate_permissions(REGION, retry_pause_s=0)
    assert [result.name for result in found.results] == ACTIONS
    assert len(server.requests) == len(STATEMENTS) + 2


async def test_it_is_asked_again_after_a_while(server, iam):
    iam.errors = [xml_error(404, "NoSuchEntity", "no such user")]
    began_s = time.monotonic()
    await simulate_permissions(REGION, retry_pause_s=0.3)
    assert time.monotonic() - began_s >= 0.3


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (xml_error(403, "AccessDenied", "you may not"), AccessDeniedError),
        (xml_error(403, "AccessDeniedException", "you may not"), AccessDeniedError),
        (xml_error(403, "InvalidClientTokenId", "who?"), CredentialsError),
        (xml_error(404, "NoSuchEntity", "no such user"), StorageError),
    ],
)
async def test_after_that_the_error_is_ours(server, iam, answer, kind):
    iam.errors = [answer] * 3
    with pytest.raises(StorageError, match=r"Cannot ask AWS what arn:aws:.* may do") as caught:
        await simulate_permissions(REGION, retry_pause_s=0)
    assert type(caught.value) is kind


async def test_without_an_identity_nothing_is_asked(server, monkeypatch):
    with scripted_aws(lambda request: xml_answer(request.action, "<Account>1</Account>")) as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.endpoint)
        with pytest.raises(CredentialsError, match=r"^No valid AWS Caller Identity detected$"):
            await simulate_permissions(REGION)
    assert server.requests == []


async def test_china_has_a_partition_of_its_own(server, monkeypatch):
    arn = "<Arn>arn:aws-cn:iam::1:user/me</Arn>"
    with scripted_aws(lambda request: xml_answer(request.action, arn)) as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.endpoint)
        await simulate_permissions("cn-north-1")
    resources = {name for request in server.requests for name in request.members("ResourceArns")}
    assert "arn:aws-cn:s3:::remotionlambda-*" in resources
    assert not any(name.startswith("arn:aws:") for name in resources)


class TestClients:
    def settings(self, **options: Any) -> Settings:
        return Settings(s3=S3Options(**options))

    def test_they_have_the_credentials_of_the_settings(self):
        settings = self.settings(access_key_id="a", secret_access_key="b", session_token="c")
        client = open_aws_client("iam", REGION, settings)
        keys = client._request_signer._credentials
        assert (keys.access_key, keys.secret_key, keys.token) == ("a", "b", "c")
        client.close()

    def test_they_are_as_patient_as_is_wanted(self):
        client = open_aws_client(
            "sts", "eu-west-1", self.settings(), attempts=1, read_timeout_s=900, connections=200
        )
        config = client.meta.config
        assert client.meta.region_name == "eu-west-1"
        assert config.retries == {"mode": "standard", "total_max_attempts": 1}
        assert (config.read_timeout, config.max_pool_connections) == (900, 200)
        client.close()

    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            ("TooManyRequestsException", StorageUnavailableError),
            ("ServiceException", StorageUnavailableError),
            ("Throttling", StorageUnavailableError),
            ("UnrecognizedClientException", CredentialsError),
            ("ExpiredTokenException", CredentialsError),
            ("AccessDeniedException", AccessDeniedError),
            ("AccessDenied", AccessDeniedError),
            ("ValidationException", StorageError),
        ],
    )
    def test_errors_are_translated_by_their_code(self, code, kind):
        answer: Any = {"Error": {"Code": code, "Message": "no"}}
        with (
            pytest.raises(StorageError, match=f"^Cannot list it: {code}: no") as caught,
            translated("list it"),
        ):
            raise ClientError(answer, "List")
        assert type(caught.value) is kind

    def test_a_profile_that_is_not_there_is_told(self):
        with pytest.raises(CredentialsError, match="nobody"):
            open_aws_client("iam", REGION, self.settings(profile="nobody"))

    def test_an_endpoint_that_is_none_is_told(self, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", "nothing")
        with pytest.raises(StorageError, match=r"The endpoint of iam cannot be used: .*nothing"):
            open_aws_client("iam", REGION, self.settings())

    def test_boto3_may_be_missing(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "boto3", None)
        monkeypatch.delitem(sys.modules, "framefleet.storages.s3.client", raising=False)
        with pytest.raises(StorageError) as caught:
            open_aws_client("iam", REGION, self.settings())
        assert str(caught.value) == (
            "This needs boto3, which is not installed. Install it: pip install 'framefleet[aws]'"
        )
