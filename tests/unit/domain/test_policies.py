"""The policies are those of the reference (its 4.0.527), and what images of functions need."""

from __future__ import annotations

import json
from typing import Any

import pytest

from framefleet.domain.policies import get_role_policy, get_user_policy, required_actions

USER = """
HandleQuotas
  servicequotas:GetServiceQuota servicequotas:GetAWSDefaultServiceQuota
  servicequotas:RequestServiceQuotaIncrease
  servicequotas:ListRequestedServiceQuotaChangeHistoryByQuota
  on *
PermissionValidation iam:SimulatePrincipalPolicy on *
LambdaInvokation iam:PassRole on arn:PARTITION:iam::*:role/remotion-lambda-role
Storage
  s3:GetObject s3:DeleteObject s3:PutObjectAcl s3:PutObject s3:CreateBucket s3:ListBucket
  s3:GetBucketLocation s3:PutBucketAcl s3:DeleteBucket s3:PutBucketOwnershipControls
  s3:PutBucketPublicAccessBlock s3:PutBucketPolicy s3:PutLifecycleConfiguration
  on arn:PARTITION:s3:::remotionlambda-*
BucketListing s3:ListAllMyBuckets on *
FunctionListing lambda:ListFunctions lambda:GetFunction on *
FunctionManagement
  lambda:InvokeAsync lambda:InvokeFunction lambda:CreateFunction lambda:DeleteFunction
  lambda:PutFunctionEventInvokeConfig lambda:PutRuntimeManagementConfig lambda:TagResource
  on arn:PARTITION:lambda:*:*:function:remotion-render-*
LogsRetention
  logs:CreateLogGroup logs:PutRetentionPolicy
  on arn:PARTITION:logs:*:*:log-group:/aws/lambda/remotion-render-*
FetchBinaries lambda:GetLayerVersion on LAYERS
ContainerImages
  ecr:GetRepositoryPolicy ecr:SetRepositoryPolicy ecr:BatchGetImage ecr:GetDownloadUrlForLayer
  on arn:PARTITION:ecr:*:*:repository/framefleet*
"""
ROLE = """
0 s3:ListAllMyBuckets on *
1
  s3:CreateBucket s3:ListBucket s3:PutBucketAcl s3:GetObject s3:DeleteObject s3:PutObjectAcl
  s3:PutObject s3:GetBucketLocation
  on arn:PARTITION:s3:::remotionlambda-*
2 lambda:InvokeFunction on arn:PARTITION:lambda:*:*:function:remotion-render-*
3 logs:CreateLogGroup on arn:PARTITION:logs:*:*:log-group:/aws/lambda-insights
4
  logs:CreateLogStream logs:PutLogEvents
  on arn:PARTITION:logs:*:*:log-group:/aws/lambda/remotion-render-*
  arn:PARTITION:logs:*:*:log-group:/aws/lambda-insights:*
"""
LAYERS = {
    "aws": (
        "arn:aws:lambda:*:678892195805:layer:remotion-binaries-* "
        "arn:aws:lambda:*:580247275435:layer:LambdaInsightsExtension*"
    ),
    "aws-cn": "arn:aws-cn:lambda:*:488211338238:layer:LambdaInsightsExtension*",
}


def statements(drawn: str, partition: str) -> list[dict[str, Any]]:
    """A drawing as IAM's JSON: a name at the start of a line, actions, `on`, resources."""
    text = drawn.replace("LAYERS", LAYERS[partition]).replace("PARTITION", partition)
    found = []
    for part in text.strip().replace("\n  ", " ").splitlines():
        name, *actions = part.partition(" on ")[0].split()
        resources = part.partition(" on ")[2].split()
        found.append({"Sid": name, "Effect": "Allow", "Action": actions, "Resource": resources})
    return found


@pytest.mark.parametrize("partition", ["aws", "aws-cn"])
@pytest.mark.parametrize(("policy", "drawn"), [(get_user_policy, USER), (get_role_policy, ROLE)])
def test_statements(policy, drawn, partition):
    expected = {"Version": "2012-10-17", "Statement": statements(drawn, partition)}
    assert policy(partition) == json.dumps(expected, indent=2)


@pytest.mark.parametrize("policy", [get_user_policy, get_role_policy])
def test_they_are_for_the_usual_partition(policy):
    assert policy() == policy("aws")
    assert policy().startswith('{\n  "Version": "2012-10-17",\n  "Statement": [\n    {\n')


def test_binaries_are_in_one_partition_only():
    assert "arn:aws:lambda:*:678892195805:layer" in get_user_policy("aws-us-gov")
    assert "arn:aws-us-gov:s3:::remotionlambda-*" in get_user_policy("aws-us-gov")


def test_what_has_to_be_allowed_is_the_user_policy():
    asked = [
        {"Action": list(found.actions), "Resource": list(found.resources)}
        for found in required_actions()
    ]
    told = json.loads(get_user_policy())["Statement"]
    assert asked == [{key: found[key] for key in ("Action", "Resource")} for found in told]
    assert sum(len(found["Action"]) for found in told) == 32 + 4
