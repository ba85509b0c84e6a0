"""What deploys functions and looks after them, asked by boto3 as the official clients ask."""

from __future__ import annotations

import time

import psutil
import pytest
from botocore.exceptions import ClientError

NAME = "remotion-render-4-0-527-mem2048mb-disk2048mb-120sec"
ARN = f"arn:aws:lambda:us-east-1:123456789012:function:{NAME}"
DEPLOYMENT = {
    "FunctionName": NAME,
    "Role": "arn:aws:iam::123456789012:role/remotion-lambda-role",
    "Code": {"ZipFile": b"PK" * 1000},
    "Runtime": "nodejs24.x",
    "Handler": "index.handler",
    "Description": "Renders a Remotion video.",
    "Timeout": 120,
    "MemorySize": 2048,
    "Layers": ["arn:aws:lambda:us-east-1:678892195805:layer:remotion-binaries-fonts-arm64:15"],
    "Architectures": ["arm64"],
    "EphemeralStorage": {"Size": 4096},
}


@pytest.fixture
def served(serve):
    return serve()


@pytest.fixture
def lambda_(served):
    return served.lambda_


def refusal(call, **arguments):
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    response = raised.value.response
    error = response["Error"]
    return response["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]


def test_a_deployed_function_is_described_as_it_was_deployed(lambda_):
    created = lambda_.create_function(**DEPLOYMENT)
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (created["FunctionArn"], created["Version"]) == (ARN, "$LATEST")
    found = lambda_.get_function(FunctionName=NAME)["Configuration"]
    assert found == lambda_.get_function(FunctionName=ARN)["Configuration"]
    for name in set(DEPLOYMENT) - {"Code", "Layers"}:
        assert found[name] == DEPLOYMENT[name]
    assert [layer["Arn"] for layer in found["Layers"]] == DEPLOYMENT["Layers"]
    assert (found["State"], found["LastUpdateStatus"]) == ("Active", "Successful")
    assert (found["PackageType"], found["CodeSize"]) == ("Zip", 2000)
    lambda_.get_waiter("function_active_v2").wait(FunctionName=NAME)


def test_a_large_archive_is_accepted(lambda_):
    code = {"ZipFile": b"\0" * 20_000_000}
    assert lambda_.create_function(**{**DEPLOYMENT, "Code": code})["CodeSize"] == 20_000_000


def test_an_image_has_neither_runtime_nor_handler(lambda_):
    uri = "123456789012.dkr.ecr.us-east-1.amazonaws.com/framefleet:1"
    created = lambda_.create_function(
        FunctionName="image", Role="arn:aws:iam::123456789012:role/r", Code={"ImageUri": uri}
    )
    assert created["PackageType"] == "Image"
    assert not {"Runtime", "Handler"} & set(created)
    assert (created["MemorySize"], created["Timeout"]) == (128, 3)
    assert created["EphemeralStorage"] == {"Size": 512}
    assert lambda_.get_function(FunctionName="image")["Code"]["ImageUri"] == uri


def test_a_function_is_created_once(lambda_):
    lambda_.create_function(**DEPLOYMENT)
    assert refusal(lambda_.create_function, **DEPLOYMENT) == (
        409,
        "ResourceConflictException",
        f"Function already exist: {NAME}",
    )


@pytest.mark.parametrize("wrong", [{"MemorySize": 127 + 10240}, {"Timeout": 901}])
def test_limits_of_a_function_are_those_of_aws(lambda_, wrong):
    status, code, _ = refusal(lambda_.create_function, **{**DEPLOYMENT, **wrong})
    assert (status, code) == (400, "InvalidParameterValueException")


def test_a_list_comes_in_pages(lambda_, served):
    for number in range(7):
        served.service.create_function(f"f{number}", disk_mb=1024)
    first = lambda_.list_functions(MaxItems=3)
    assert [function["FunctionName"] for function in first["Functions"]] == ["f0", "f1", "f2"]
    assert first["Functions"][0]["EphemeralStorage"] == {"Size": 1024}
    pages = lambda_.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 3})
    names = [function["FunctionName"] for page in pages for function in page["Functions"]]
    assert names == [*(f"f{number}" for number in range(7)), served.name]


def test_a_deleted_function_is_gone_with_its_sandboxes(lambda_, served):
    pid = served.invoke(do="echo")["Payload"]["pid"]
    answer = lambda_.delete_function(FunctionName=served.name)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] in (200, 204)
    assert lambda_.list_functions()["Functions"] == []
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{served.name}"
    assert refusal(lambda_.get_function, FunctionName=served.name) == (
        404,
        "ResourceNotFoundException",
        f"Function not found: {arn}",
    )
    deadline = time.monotonic() + 5
    while psutil.pid_exists(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_changed_configuration_takes_new_sandboxes(lambda_, served):
    before = served.invoke(do="describe")["Payload"]
    assert before["memory"] == "2048"
    changed = lambda_.update_function_configuration(
        FunctionName=served.name, MemorySize=512, Environment={"Variables": {"A": "1"}}
    )
    assert (changed["MemorySize"], changed["Timeout"]) == (512, 120)
    assert changed["RevisionId"]
    after = served.invoke(do="describe")["Payload"]
    assert (after["memory"], after["environment"]["A"]) == ("512", "1")
    found = lambda_.get_function_configuration(FunctionName=served.name)
    assert found["Environment"] == {"Variables": {"A": "1"}}


def test_tags_are_added_and_removed(lambda_):
    lambda_.create_function(**DEPLOYMENT)
    lambda_.tag_resource(Resource=ARN, Tags={"remotion-lambda": "true", "other": "x"})
    assert lambda_.get_function(FunctionName=NAME)["Tags"] == {
        "remotion-lambda": "true",
        "other": "x",
    }
    lambda_.untag_resource(Resource=ARN, TagKeys=["other"])
    assert lambda_.list_tags(Resource=ARN)["Tags"] == {"remotion-lambda": "true"}


def test_retries_of_events_are_set_and_forgotten(lambda_):
    lambda_.create_function(**DEPLOYMENT)
    missing = refusal(lambda_.get_function_event_invoke_config, FunctionName=NAME)
    assert missing[:2] == (404, "ResourceNotFoundException")
    lambda_.put_function_event_invoke_config(FunctionName=NAME, MaximumRetryAttempts=0)
    lambda_.update_function_event_invoke_config(FunctionName=NAME, MaximumEventAgeInSeconds=60)
    found = lambda_.get_function_event_invoke_config(FunctionName=NAME)
    assert (found["MaximumRetryAttempts"], found["MaximumEventAgeInSeconds"]) == (0, 60)
    lambda_.delete_function_event_invoke_config(FunctionName=NAME)
    assert refusal(lambda_.get_function_event_invoke_config, FunctionName=NAME) == missing


def test_the_version_of_the_runtime_is_kept(lambda_):
    lambda_.create_function(**DEPLOYMENT)
    version = f"arn:aws:lambda:us-east-1::runtime:{'0' * 64}"
    lambda_.put_runtime_management_config(
        FunctionName=NAME, UpdateRuntimeOn="Manual", RuntimeVersionArn=version
    )
    found = lambda_.get_runtime_management_config(FunctionName=NAME)
    assert (found["UpdateRuntimeOn"], found["RuntimeVersionArn"]) == ("Manual", version)


# The other services.


def test_the_caller_has_an_account(serve):
    identity = serve(account_id="000000000042").client("sts").get_caller_identity()
    assert identity["Account"] == "000000000042"
    assert identity["Arn"] == "arn:aws:iam::000000000042:user/local"


def test_every_action_is_allowed(served):
    actions = [f"s3:Action{number}" for number in range(11)]
    results = served.client("iam").simulate_principal_policy(
        PolicySourceArn="arn:aws:iam::123456789012:user/local", ActionNames=actions
    )["EvaluationResults"]
    assert [(result["EvalActionName"], result["EvalDecision"]) for result in results] == [
        (action, "allowed") for action in actions
    ]


def test_log_groups_are_created_once_and_keep_their_retention(served):
    logs = served.client("logs")
    group = f"/aws/lambda/{NAME}"
    assert refusal(logs.put_retention_policy, logGroupName=group, retentionInDays=14)[1] == (
        "ResourceNotFoundException"
    )
    logs.create_log_group(logGroupName=group)
    assert refusal(logs.create_log_group, logGroupName=group)[:2] == (
        400,
        "ResourceAlreadyExistsException",
    )
    logs.put_retention_policy(logGroupName=group, retentionInDays=14)
    [found] = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
    assert (found["logGroupName"], found["retentionInDays"]) == (group, 14)


def test_the_quota_is_the_limit_of_the_server(serve):
    quotas = serve(concurrency_limit=17).client("service-quotas")
    asked = {"ServiceCode": "lambda", "QuotaCode": "L-B99A9384"}
    assert quotas.get_service_quota(**asked)["Quota"]["Value"] == 17.0
    default = quotas.get_aws_default_service_quota(**asked)["Quota"]
    assert default["QuotaName"] == "Concurrent executions"
    assert (
        refusal(quotas.get_service_quota, ServiceCode="lambda", QuotaCode="other")[1]
        == "NoSuchResourceException"
    )


def test_what_is_not_served_says_so(served):
    code = refusal(served.client("logs").delete_log_group, logGroupName="x")[1]
    assert code == "UnknownOperationException"
    assert refusal(served.client("sts").get_session_token)[1] == "InvalidAction"
