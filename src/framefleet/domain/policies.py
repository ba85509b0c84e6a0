"""What AWS has to allow: to the user who deploys and renders, and to the role of functions.

Statements: spec/serverless-api.md 9. They are the reference's, to the letter, so that one set of
policies serves both; what its functions do not need, as they are no container images, is in a
statement of its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

ROLE_NAME = "remotion-lambda-role"
# What repositories of images are called that the user policy opens.
IMAGE_REPOSITORIES = "framefleet*"

_BUCKETS = "remotionlambda-*"
_FUNCTIONS = "remotion-render-*"
_LOGS = f"log-group:/aws/lambda/{_FUNCTIONS}"
_INSIGHTS_LOGS = "log-group:/aws/lambda-insights"
_ANYTHING = ("*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Actions that are allowed on some resources."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The statement as IAM knows it."""
        return {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }


def get_user_policy(partition: str = "aws") -> str:
    """The policy of whoever deploys and renders, as JSON.

    `ContainerImages` is ours: a function is made from an image of a repository whose name starts
    with `framefleet`, which Lambda reads in the name of that user, and which it opens to itself.

    Args:
        partition: `aws-cn` in China.
    """
    return _policy(required_actions(partition))


def get_role_policy(partition: str = "aws") -> str:
    """The policy of the role that functions have, as JSON.

    Args:
        partition: `aws-cn` in China.
    """
    buckets = _arn(partition, "s3", "", "", _BUCKETS)
    functions = _arn(partition, "lambda", "*", "*", f"function:{_FUNCTIONS}")
    logs = _arn(partition, "logs", "*", "*", _LOGS)
    insights = _arn(partition, "logs", "*", "*", _INSIGHTS_LOGS)
    grants = (
        (_of("s3", "ListAllMyBuckets"), _ANYTHING),
        (
            _of("s3", "CreateBucket", "ListBucket", "PutBucketAcl", "GetObject", "DeleteObject",
                "PutObjectAcl", "PutObject", "GetBucketLocation"),
            (buckets,),
        ),
        (_of("lambda", "InvokeFunction"), (functions,)),
        (_of("logs", "CreateLogGroup"), (insights,)),
        (_of("logs", "CreateLogStream", "PutLogEvents"), (logs, f"{insights}:*")),
    )  # fmt: skip
    return _policy(
        tuple(
            Statement(sid=str(index), actions=actions, resources=resources)
            for index, (actions, resources) in enumerate(grants)
        )
    )


def required_actions(partition: str = "aws") -> tuple[Statement, ...]:
    """The statements of the user policy: what a check of permissions has to ask for."""
    return (
        Statement(
            sid="HandleQuotas",
            actions=_of("servicequotas", "GetServiceQuota", "GetAWSDefaultServiceQuota",
                        "RequestServiceQuotaIncrease",
                        "ListRequestedServiceQuotaChangeHistoryByQuota"),
            resources=_ANYTHING,
        ),
        Statement(
            sid="PermissionValidation",
            actions=_of("iam", "SimulatePrincipalPolicy"),
            resources=_ANYTHING,
        ),
        Statement(
            sid="LambdaInvokation",
            actions=_of("iam", "PassRole"),
            resources=(_arn(partition, "iam", "", "*", f"role/{ROLE_NAME}"),),
        ),
        *_storage(partition),
        *_functions(partition),
        Statement(
            sid="ContainerImages",
            actions=_of("ecr", "GetRepositoryPolicy", "SetRepositoryPolicy", "BatchGetImage",
                        "GetDownloadUrlForLayer"),
            resources=(_arn(partition, "ecr", "*", "*", f"repository/{IMAGE_REPOSITORIES}"),),
        ),
    )  # fmt: skip


def _storage(partition: str) -> tuple[Statement, ...]:
    return (
        Statement(
            sid="Storage",
            actions=_of("s3", "GetObject", "DeleteObject", "PutObjectAcl", "PutObject",
                        "CreateBucket", "ListBucket", "GetBucketLocation", "PutBucketAcl",
                        "DeleteBucket", "PutBucketOwnershipControls",
                        "PutBucketPublicAccessBlock", "PutBucketPolicy",
                        "PutLifecycleConfiguration"),
            resources=(_arn(partition, "s3", "", "", _BUCKETS),),
        ),
        Statement(
            sid="BucketListing", actions=_of("s3", "ListAllMyBuckets"), resources=_ANYTHING
        ),
    )  # fmt: skip


def _functions(partition: str) -> tuple[Statement, ...]:
    return (
        Statement(
            sid="FunctionListing",
            actions=_of("lambda", "ListFunctions", "GetFunction"),
            resources=_ANYTHING,
        ),
        Statement(
            sid="FunctionManagement",
            actions=_of("lambda", "InvokeAsync", "InvokeFunction", "CreateFunction",
                        "DeleteFunction", "PutFunctionEventInvokeConfig",
                        "PutRuntimeManagementConfig", "TagResource"),
            resources=(_arn(partition, "lambda", "*", "*", f"function:{_FUNCTIONS}"),),
        ),
        Statement(
            sid="LogsRetention",
            actions=_of("logs", "CreateLogGroup", "PutRetentionPolicy"),
            resources=(_arn(partition, "logs", "*", "*", _LOGS),),
        ),
        Statement(
            sid="FetchBinaries",
            actions=_of("lambda", "GetLayerVersion"),
            resources=_layers(partition),
        ),
    )  # fmt: skip


def _layers(partition: str) -> tuple[str, ...]:
    """The reference's binaries are in no Chinese region; each has an insights layer of its own."""
    insights = "layer:LambdaInsightsExtension*"
    if partition == "aws-cn":
        return (_arn(partition, "lambda", "*", "488211338238", insights),)
    return (
        _arn("aws", "lambda", "*", "678892195805", "layer:remotion-binaries-*"),
        _arn("aws", "lambda", "*", "580247275435", insights),
    )


def _of(service: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{service}:{name}" for name in names)


def _arn(partition: str, service: str, region: str, account: str, resource: str) -> str:
    return f"arn:{partition}:{service}:{region}:{account}:{resource}"


def _policy(statements: tuple[Statement, ...]) -> str:
    policy = {"Version": "2012-10-17", "Statement": [found.to_dict() for found in statements]}
    return json.dumps(policy, indent=2)
