"""The services that clients ask besides Lambda: STS, IAM, CloudWatch Logs and Service Quotas.

They answer at `POST /`, as far as deploying and rendering need them (spec/serverless-wire.md 1).
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from aiohttp import web

from framefleet.testing.lambda_functions import AwsError
from framefleet.testing.lambda_options import LocalLambdaOptions

_JSON_11 = "application/x-amz-json-1.1"
_CONCURRENCY_QUOTA = "L-B99A9384"
_STS = "https://sts.amazonaws.com/doc/2011-06-15/"
_IAM = "https://iam.amazonaws.com/doc/2010-05-08/"
_ACTION_NAME = re.compile(r"ActionNames\.member\.(\d+)")


class Neighbours:
    """Answers for the services next to Lambda."""

    def __init__(self, options: LocalLambdaOptions) -> None:
        self._options = options
        self._retention_days: dict[str, int | None] = {}
        self._by_target: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "Logs_20140328.CreateLogGroup": self._create_log_group,
            "Logs_20140328.PutRetentionPolicy": self._put_retention_policy,
            "Logs_20140328.DescribeLogGroups": self._describe_log_groups,
            "ServiceQuotasV20190624.GetServiceQuota": self._get_quota,
            "ServiceQuotasV20190624.GetAWSDefaultServiceQuota": self._get_quota,
            "ServiceQuotasV20190624.ListRequestedServiceQuotaChangeHistoryByQuota": (
                lambda _: {"RequestedQuotas": []}
            ),
        }

    def routes(self) -> Iterable[web.RouteDef]:
        """What these services serve."""
        return (web.post("/", self.answer),)

    async def answer(self, request: web.Request) -> web.Response:
        """Any call of any of them: JSON with a target, or a form with an action."""
        target = request.headers.get("X-Amz-Target")
        if target is not None:
            return self._answer_json(target, await request.read())
        form = {name: str(value) for name, value in (await request.post()).items()}
        match form.get("Action"):
            case "GetCallerIdentity":
                return _xml("GetCallerIdentity", _STS, self._identity())
            case "SimulatePrincipalPolicy":
                return _xml("SimulatePrincipalPolicy", _IAM, _simulation(form))
        return _xml_error("InvalidAction", f"Nothing here answers {form.get('Action')}.")

    def _answer_json(self, target: str, body: bytes) -> web.Response:
        call = self._by_target.get(target)
        if call is None:
            raise _json_error("UnknownOperationException", f"Nothing here answers {target}.")
        answer = json.dumps(call(json.loads(body or b"{}")))
        return web.Response(text=answer, content_type=_JSON_11)

    def _identity(self) -> str:
        account = self._options.account_id
        return (
            f"<Arn>arn:aws:iam::{account}:user/local</Arn>"
            f"<UserId>AIDALOCALLAMBDAUSER01</UserId><Account>{account}</Account>"
        )

    def _create_log_group(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        name = wanted["logGroupName"]
        if name in self._retention_days:
            raise _json_error(
                "ResourceAlreadyExistsException", "The specified log group already exists"
            )
        self._retention_days[name] = None
        return {}

    def _put_retention_policy(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        name = wanted["logGroupName"]
        if name not in self._retention_days:
            raise _json_error(
                "ResourceNotFoundException", "The specified log group does not exist."
            )
        self._retention_days[name] = wanted["retentionInDays"]
        return {}

    def _describe_log_groups(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        prefix = wanted.get("logGroupNamePrefix", "")
        groups = []
        for name, days in sorted(self._retention_days.items()):
            if name.startswith(prefix):
                kept = {} if days is None else {"retentionInDays": days}
                groups.append({"logGroupName": name, **kept})
        return {"logGroups": groups}

    def _get_quota(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        if (wanted.get("ServiceCode"), wanted.get("QuotaCode")) != ("lambda", _CONCURRENCY_QUOTA):
            raise _json_error(
                "NoSuchResourceException", "The only quota here is that of concurrent executions."
            )
        quota = {
            "ServiceCode": "lambda",
            "ServiceName": "AWS Lambda",
            "QuotaCode": _CONCURRENCY_QUOTA,
            "QuotaName": "Concurrent executions",
            "Value": float(self._options.concurrency_limit),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }
        return {"Quota": quota}


def _simulation(form: Mapping[str, str]) -> str:
    """Everything that was asked about is allowed, in the order of the question."""
    asked = {int(match[1]): form[name] for name in form if (match := _ACTION_NAME.fullmatch(name))}
    members = "".join(
        f"<member><EvalActionName>{escape(asked[at])}</EvalActionName>"
        "<EvalResourceName>*</EvalResourceName><EvalDecision>allowed</EvalDecision></member>"
        for at in sorted(asked)
    )
    return f"<IsTruncated>false</IsTruncated><EvaluationResults>{members}</EvaluationResults>"


def _xml(action: str, namespace: str, result: str) -> web.Response:
    text = (
        f'<{action}Response xmlns="{namespace}"><{action}Result>{result}</{action}Result>'
        f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>"
        f"</{action}Response>"
    )
    return web.Response(text=text, content_type="text/xml")


def _xml_error(code: str, message: str) -> web.Response:
    text = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>"
        f"<Message>{escape(message)}</Message></Error></ErrorResponse>"
    )
    return web.Response(status=400, text=text, content_type="text/xml")


def _json_error(kind: str, message: str) -> AwsError:
    return AwsError(400, kind, message, body={"__type": kind, "message": message})
