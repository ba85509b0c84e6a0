"""Functions deployed, listed and deleted at a Lambda on this machine, in which ours run."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from typing import Any

import pytest

from framefleet.account.aws_clients import open_aws_client
from framefleet.account.deployment import DeployedFunction, deploy_function
from framefleet.account.functions import FunctionInfo, managing
from framefleet.account.permissions import SimulatedPermission
from framefleet.aws import functions as aws
from framefleet.domain.functions import Deployment, ImageCode
from framefleet.errors import (
    AccessDeniedError,
    CredentialsError,
    FunctionError,
    FunctionLostError,
    FunctionNotFoundError,
    FunctionThrottledError,
    OptionError,
    OptionTypeError,
)
from framefleet.settings import Settings
from framefleet.testing.local_lambda import LambdaFunction
from tests.services.faults import Answer
from tests.services.faulty_proxy import FaultyProxy, faulty_proxy
from tests.services.lambda_server import LambdaServer

pytestmark = pytest.mark.anyio

OURS = version("framefleet")
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/framefleet:latest"
NAME = "remotion-render-4-0-527-mem2048mb-disk2048mb-120sec"
ROLE = "arn:aws:iam::123456789012:role/remotion-lambda-role"
LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:chromium:7"


@pytest.fixture
def server(lambda_server, monkeypatch) -> LambdaServer:
    """The account, with an image in its settings."""
    monkeypatch.setenv("FRAMEFLEET_LAMBDA_IMAGE", IMAGE)
    found: LambdaServer = lambda_server
    return found


@pytest.fixture
def proxy(server, monkeypatch) -> Iterator[FaultyProxy]:
    """What is between us and Lambda."""
    with faulty_proxy(server.service.url) as found:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", found.endpoint)
        yield found


def open_client_that_tries_once():
    settings = Settings.from_environment()
    return closing(open_aws_client("lambda", "us-east-1", settings, attempts=1))


def refusal(status: int, kind: str, message: str = "no") -> Answer:
    return Answer(status, json.dumps({"Message": message}).encode(), {"x-amzn-ErrorType": kind})


def configured(**configuration) -> Answer:
    body = {"Configuration": {"FunctionName": NAME, **configuration}, "Code": {}}
    return Answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})


def log_groups(server: LambdaServer) -> dict[str, int]:
    with server.client("logs") as logs:
        found = logs.describe_log_groups()["logGroups"]
    return {group["logGroupName"]: group.get("retentionInDays") for group in found}


def deployment(**changes) -> Deployment:
    values = {
        "version": "4.0.527",
        "memory_size_in_mb": 2048,
        "disk_size_in_mb": 2048,
        "timeout_in_seconds": 120,
        "code": ImageCode(uri=IMAGE),
    }
    return Deployment(**{**values, **changes})


async def test_an_image_becomes_a_function_that_says_whom_it_serves(server):
    found = await aws.deploy_function(version="4.0.527")
    assert found.to_dict() == {"functionName": NAME, "alreadyExisted": False}
    made: LambdaFunction = server.function(NAME)
    assert (made.image_uri, made.architectures, made.role) == (IMAGE, ["arm64"], ROLE)
    assert (made.memory_mb, made.disk_mb, made.timeout_s) == (2048, 2048, 120)
    # One that dies is called again, and goes on with its render.
    assert made.event_retries == 1
    assert made.tags == {
        "remotion-lambda": "true",
        "remotion-version": "4.0.527",
        "remotion-memory-in-mb": "2048",
        "remotion-timeout-in-seconds": "120",
        "remotion-ephemereal-storage-in-mb": "2048",
    }
    assert log_groups(server) == {f"/aws/lambda/{NAME}": 14}
    assert await aws.get_function_version(function_name=NAME) == "4.0.527"


async def test_a_second_deployment_finds_the_first(server, caplog):
    await aws.deploy_function()
    name = aws.speculate_function_name(
        memory_size_in_mb=2048, disk_size_in_mb=2048, timeout_in_seconds=120
    )
    before = server.function(name)
    again = await aws.deploy_function(cloud_watch_log_retention_period_in_days=7)
    assert again == DeployedFunction(function_name=name, already_existed=True)
    assert server.function(name) == before
    assert log_groups(server) == {f"/aws/lambda/{name}": 7}
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    "options",
    [
        {"memory_size_in_mb": 3008},
        {"disk_size_in_mb": 512},
        {"timeout_in_seconds": 900},
        {"version": "4.0.528"},
    ],
)
async def test_another_size_or_version_is_another_function(server, options):
    await aws.deploy_function(version="4.0.527")
    found = await aws.deploy_function(**{"version": "4.0.527", **options})
    assert not found.already_existed
    assert set(server.service.functions) == {NAME, found.function_name}


async def test_a_long_version_is_found_by_what_its_name_keeps_of_it(server):
    first = await aws.deploy_function(version="4.0.0-alpha.205")
    assert first.function_name == "remotion-render-4-0-0-alph-mem2048mb-disk2048mb-120sec"
    assert server.function(first.function_name).tags["remotion-version"] == "4.0.0-alpha.205"
    assert (await aws.deploy_function(version="4.0.0-alpha.205")).already_existed


async def test_another_image_is_warned_of(server, caplog):
    await aws.deploy_function(version="4.0.527")
    found = await aws.deploy_function(version="4.0.527", image_uri="other:1")
    assert found.already_existed
    assert server.function(NAME).image_uri == IMAGE
    (warning,) = (record for record in caplog.records if record.levelno == logging.WARNING)
    assert warning.getMessage() == "function_has_other_code"
    assert vars(warning)["text"] == (
        f"The function {NAME} exists and keeps its code ({IMAGE}): delete it first to have it run "
        "other:1."
    )


async def test_options_reach_the_function(server, proxy):
    found = await aws.deploy_function(
        region="us-east-1",
        memory_size_in_mb=10240,
        disk_size_in_mb=10240,
        timeout_in_seconds=15,
        architecture="x86_64",
        image_uri="registry.local/mine",
        custom_role_arn="arn:aws:iam::123456789012:role/mine",
        create_cloud_watch_log_group=False,
        version="4.0.527",
    )
    made = server.function(found.function_name)
    assert found.function_name.endswith("-mem10240mb-disk10240mb-15sec")
    assert (made.memory_mb, made.disk_mb, made.timeout_s) == (10240, 10240, 15)
    assert (made.image_uri, made.architectures) == ("registry.local/mine", ["x86_64"])
    assert made.role == "arn:aws:iam::123456789012:role/mine"
    assert log_groups(server) == {}


async def test_an_archive_becomes_a_function_with_layers(server, tmp_path):
    archive = tmp_path / "code.zip"
    archive.write_bytes(b"PK" * 3000)
    found = await aws.deploy_function(code_zip=archive, custom_layer_arns=[LAYER])
    made = server.function(found.function_name)
    assert (made.image_uri, made.code_bytes, made.layers) == (None, 6000, [LAYER])
    assert (made.runtime, made.handler) == (
        "python3.13",
        "framefleet.handlers.aws_lambda.handler",
    )
    second = await aws.deploy_function(code_zip="s3://bucket/a.zip", timeout_in_seconds=30)
    assert server.function(second.function_name).code_bytes == 0


async def test_archives_that_cannot_be_sent_are_told(server, tmp_path):
    with pytest.raises(OptionError, match=r"none\.zip cannot be read: No such file"):
        await aws.deploy_function(code_zip=tmp_path / "none.zip")
    archive = tmp_path / "code.zip"
    with archive.open("wb") as file:
        file.truncate((50 << 20) + 1)
    with pytest.raises(OptionError, match="52428801 bytes, but Lambda takes 52428800") as caught:
        await aws.deploy_function(code_zip=archive)
    assert "s3://BUCKET/KEY" in str(caught.value)
    assert server.service.functions == {}


async def test_it_is_told_that_there_is_no_image(lambda_server):
    with pytest.raises(OptionError, match="There is no image to make a function of"):
        await aws.deploy_function()
    assert lambda_server.service.functions == {}


async def test_tags_are_only_wished_for(proxy, server, caplog):
    proxy.inject(refusal(403, "AccessDeniedException", "no tags"), method="POST", target="/tags/")
    found = await aws.deploy_function(version="4.0.527")
    assert not found.already_existed
    assert server.function(NAME).tags == {}
    (warning,) = (record for record in caplog.records if record.levelno == logging.WARNING)
    assert warning.getMessage() == "function_not_tagged"
    assert "AccessDeniedException: no tags" in vars(warning)["text"]


@pytest.mark.parametrize(
    ("answer", "kind", "hint"),
    [
        (
            refusal(
                400,
                "InvalidParameterValueException",
                "The role defined for the function cannot be assumed by Lambda.",
            ),
            FunctionError,
            "framefleet lambda policies role",
        ),
        (
            refusal(
                400,
                "InvalidParameterValueException",
                f"Source image {IMAGE} does not exist. Provide a valid source image.",
            ),
            FunctionError,
            "docker/README.md",
        ),
        (
            refusal(
                400,
                "InvalidParameterValueException",
                "The image manifest, config or layer media type for the source image is not "
                "supported.",
            ),
            FunctionError,
            "--provenance=false",
        ),
        (
            refusal(403, "AccessDeniedException", "you may not lambda:CreateFunction"),
            AccessDeniedError,
            "framefleet lambda policies user",
        ),
        (
            refusal(403, "UnrecognizedClientException", "The security token is invalid."),
            CredentialsError,
            "Check the keys",
        ),
        (
            refusal(400, "InvalidParameterValueException", "'Timeout' is odd"),
            FunctionError,
            "'Timeout' is odd",
        ),
    ],
)
async def test_what_aws_refuses_is_told_with_what_mends_it(proxy, server, answer, kind, hint):
    proxy.inject(answer, method="POST", target="/2015-03-31/functions")
    with pytest.raises(kind) as caught:
        await aws.deploy_function(version="4.0.527")
    assert type(caught.value) is kind
    assert caught.value.message.startswith(f"Cannot create the function {NAME}: ")
    assert hint in str(caught.value)
    assert server.service.functions == {}


async def test_a_function_of_the_name_that_does_not_answer_is_in_the_way(proxy, server):
    await aws.deploy_function(version="4.0.527")
    proxy.inject(refusal(500, "ServiceException"), target=f"{NAME}/invocations")
    with pytest.raises(FunctionError, match="ResourceConflictException") as caught:
        await aws.deploy_function(version="4.0.527")
    assert "framefleet lambda functions rm deletes one" in str(caught.value)


class TestUntilItIsReady:
    async def test_a_function_is_waited_for(self, proxy):
        pending = configured(State="Pending", StateReasonCode="Creating")
        proxy.inject(pending, method="GET", target=f"/functions/{NAME}", times=3)
        found = await deploy_function(deployment(), "us-east-1", poll_s=0.01)
        assert found == DeployedFunction(function_name=NAME, already_existed=False)
        assert len(proxy.seen("GET", f"/functions/{NAME}")) == 4

    async def test_one_that_failed_is_told_with_the_reason(self, proxy):
        failed = configured(
            State="Failed", StateReasonCode="ImageDeleted", StateReason="The image is gone."
        )
        proxy.inject(failed, method="GET", target=f"/functions/{NAME}")
        with pytest.raises(FunctionError) as caught:
            await deploy_function(deployment(), "us-east-1")
        assert caught.value.message == (
            f"The function {NAME} was made, but is Failed (ImageDeleted: The image is gone.)."
        )

    async def test_the_wait_has_an_end(self, proxy):
        proxy.inject(configured(State="Pending"), method="GET", target=NAME, times=None)
        with pytest.raises(FunctionError, match="is not ready after 0 s"):
            await deploy_function(deployment(), "us-east-1", poll_s=0.01, wait_s=0.1)


class TestList:
    async def test_two_versions_of_clients_each_find_their_functions(self, server):
        for each in ("4.0.527", "4.0.541"):
            await aws.deploy_function(version=each)
        server.service.create_function("something-else")
        found = await aws.get_functions()
        assert [(info.function_name, info.version) for info in found] == [
            (NAME, "4.0.527"),
            (NAME.replace("527", "541"), "4.0.541"),
        ]
        for each in ("4.0.527", "4.0.541"):
            (only,) = await aws.get_functions(compatible_only=True, version=each)
            assert only.version == each
        assert await aws.get_functions(compatible_only=True) == []

    async def test_our_own_version_is_the_usual_one(self, server):
        await aws.deploy_function()
        (found,) = await aws.get_functions(compatible_only=True)
        assert found.version == OURS
        assert found.to_dict() == {
            "functionName": found.function_name,
            "version": OURS,
            "memorySizeInMb": 2048,
            "timeoutInSeconds": 120,
            "diskSizeInMb": 2048,
        }

    async def test_one_that_cannot_say_its_version_is_listed_without(self, proxy, server):
        await aws.deploy_function(version="4.0.527")
        proxy.inject(refusal(429, "TooManyRequestsException"), target=f"{NAME}/invocations")
        (found,) = await aws.get_functions()
        assert (found.function_name, found.version) == (NAME, None)

    async def test_there_may_be_more_than_a_page(self, server):
        names = [f"remotion-render-4-0-{n}-mem512mb-disk512mb-30sec" for n in range(100, 170)]
        for name in names:
            server.service.create_function(name, memory_mb=512, timeout_s=30, disk_mb=512)
        # None of them would be asked for its version: it is not of the size.
        found = await aws.deploy_function(version="4.0.527")
        assert not found.already_existed
        assert len(server.service.functions) == 71

    async def test_there_may_be_none(self, server):
        assert await aws.get_functions() == []


async def test_a_function_is_described(server):
    await aws.deploy_function(version="4.0.527", memory_size_in_mb=3009)
    name = "remotion-render-4-0-527-mem3009mb-disk2048mb-120sec"
    expected = FunctionInfo(
        function_name=name,
        version="4.0.527",
        memory_size_in_mb=3009,
        timeout_in_seconds=120,
        disk_size_in_mb=2048,
    )
    assert await aws.get_function_info(function_name=name) == expected
    arn = server.function(name).arn
    assert await aws.get_function_info(function_name=arn) == expected


async def test_a_function_is_deleted_once(server):
    await aws.deploy_function(version="4.0.527")
    await aws.delete_function(function_name=NAME)
    assert await aws.get_functions() == []
    for call in (aws.delete_function, aws.get_function_info, aws.get_function_version):
        with pytest.raises(FunctionNotFoundError, match=f"Function not found: .*{NAME}") as caught:
            await call(function_name=NAME)
        assert "framefleet lambda functions deploy" in str(caught.value)


@pytest.mark.parametrize("name", ["", 7, None])
async def test_a_function_has_a_name(server, name):
    with pytest.raises(OptionTypeError, match='"functionName" parameter must be a string'):
        await aws.get_function_info(function_name=name)


async def test_an_answer_without_a_version_is_an_error(proxy, server):
    await aws.deploy_function(version="4.0.527")
    target = f"{NAME}/invocations"
    for body, says in [
        (b'{"type":"success"}', "does not say its version"),
        (b'{"type":"error","message":"boom","stack":"boom"}', "boom"),
        (b"oops", "Invalid JSON"),
    ]:
        proxy.inject(Answer(200, body), target=target)
        with pytest.raises(FunctionError, match=says):
            await aws.get_function_version(function_name=NAME)


def test_a_lambda_that_is_too_busy_is_told(proxy):
    proxy.inject(refusal(429, "TooManyRequestsException"), target="/functions")
    with (
        open_client_that_tries_once() as client,
        pytest.raises(FunctionThrottledError, match="Cannot list: TooManyRequestsException: no"),
        managing("list"),
    ):
        client.list_functions()


def test_a_lambda_that_does_not_listen_is_told(server, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")
    with (
        open_client_that_tries_once() as client,
        pytest.raises(FunctionLostError, match="Cannot list: Could not connect") as caught,
        managing("list", name="x"),
    ):
        client.list_functions()
    assert caught.value.retryable
    assert caught.value.context["function"] == "x"


async def test_permissions_are_simulated(server):
    heard: list[SimulatedPermission] = []
    found = await aws.simulate_permissions(region="eu-west-1", on_simulation=heard.append)
    names = [
        action
        for statement in json.loads(aws.get_user_policy())["Statement"]
        for action in statement["Action"]
    ]
    assert [result.name for result in found.results] == names
    assert {result.decision for result in heard} == {"allowed"}


async def test_quotas_are_told(server):
    found = await aws.get_quotas()
    assert (found.concurrency, found.pending) == (1000, None)
    with pytest.raises(OptionTypeError, match='"value" must be a positive integer, but is 0'):
        await aws.increase_concurrency(value=0)


async def test_other_options_are_refused_by_name(server):
    with pytest.raises(OptionError, match='"log_level" is not supported'):
        await aws.get_functions(log_level="verbose")  # type: ignore[call-arg] # as callers may
    with pytest.raises(OptionError, match='no option "memory_size"'):
        await aws.deploy_function(memory_size=512)  # type: ignore[call-arg] # as callers may
    with pytest.raises(OptionError, match='"region" parameter must be one of eu-central-1'):
        await aws.get_functions(region="moon")


class TestWithoutAws:
    def test_a_price_is_estimated_whatever_the_duration_is_called(self):
        sizes: dict[str, Any] = {
            "region": "us-east-1",
            "memory_size_in_mb": 2048,
            "disk_size_in_mb": 10240,
            "lambdas_invoked": 1,
        }
        assert aws.estimate_price(**sizes, duration_in_milliseconds=60_000) == 0.00162
        assert aws.estimate_price(**sizes, duration_in_miliseconds=60_000) == 0.00162
        with pytest.raises(OptionError, match="give one"):
            aws.estimate_price(**sizes, duration_in_milliseconds=1, duration_in_miliseconds=1)
        with pytest.raises(OptionTypeError, match="'durationInMilliseconds' must be a number"):
            aws.estimate_price(**sizes)

    def test_a_name_is_speculated_for_a_version(self):
        sizes: dict[str, Any] = {
            "memory_size_in_mb": 2048,
            "disk_size_in_mb": 2048,
            "timeout_in_seconds": 120,
        }
        assert aws.speculate_function_name(**sizes, version="4.0.527") == NAME
        ours = aws.speculate_function_name(**sizes)
        assert ours == NAME.replace("4-0-527", OURS.replace(".", "-"))
        with pytest.raises(OptionError, match="Memory size must be a positive integer"):
            aws.speculate_function_name(**{**sizes, "memory_size_in_mb": 0})

    def test_policies_are_of_a_partition(self):
        assert "arn:aws:lambda:*:*:function:remotion-render-*" in aws.get_role_policy()
        assert "arn:aws-cn:s3:::remotionlambda-*" in aws.get_user_policy(partition="aws-cn")


class TestClients:
    @pytest.mark.parametrize(
        ("service", "name"),
        [
            ("lambda", "lambda"),
            ("cloudwatch", "logs"),
            ("iam", "iam"),
            ("servicequotas", "service-quotas"),
            ("sts", "sts"),
        ],
    )
    def test_each_service_has_one(self, server, service, name):
        client = aws.get_aws_client(service=service, region="eu-west-1").client
        assert client.meta.service_model.endpoint_prefix in (name, "servicequotas")
        assert client.meta.endpoint_url == server.service.url
        client.close()

    def test_s3_may_be_another_store(self, server):
        client = aws.get_aws_client(
            service="s3",
            custom_credentials={
                "endpoint": "https://fra1.digitaloceanspaces.com",
                "access_key_id": "a",
                "secret_access_key": "b",
            },
        ).client
        assert client.meta.endpoint_url == "https://fra1.digitaloceanspaces.com"
        client.close()
        client = aws.get_aws_client(service="s3", region="eu-west-1", force_path_style=True).client
        assert client.meta.region_name == "eu-west-1"
        assert client.meta.config.s3["addressing_style"] == "path"
        client.close()

    def test_others_are_unknown(self):
        with pytest.raises(OptionTypeError, match="unknown client ec2"):
            aws.get_aws_client(service="ec2")  # type: ignore[arg-type] # as callers may
        with pytest.raises(OptionError, match="for the service s3 only"):
            aws.get_aws_client(service="sts", force_path_style=True)
