"""The calls of Lambda that deploy, list, describe and delete functions.

Requests: spec/serverless-wire.md 8. Code and layers are remembered, not used: what runs is the
command of the options.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC
from typing import Any

from aiohttp import web

from framefleet.testing.lambda_functions import (
    DEFAULT_DISK_MB,
    LATEST,
    AwsError,
    Functions,
    LambdaFunction,
)

_FUNCTIONS = "/2015-03-31/functions"
_FUNCTION = _FUNCTIONS + "/{fn}"
_TAGS = "/2017-03-31/tags/{fn}"
_EVENTS = "/2019-09-25/functions/{fn}/event-invoke-config"
_RUNTIME = "/2021-07-20/functions/{fn}/runtime-management-config"
_AWS_MEMORY_MB = 128
_AWS_TIMEOUT_S = 3
_AWS_DISK_MB = 512
_AWS_EVENT_AGE_S = 21600
_PAGE = 50
# Name of a number, its least and its largest value.
_RANGES = {"MemorySize": (128, 10240), "Timeout": (1, 900), "EphemeralStorage": (512, 10240)}


class ManagementApi:
    """Answers the calls that manage functions.

    Args:
        on_change: called with the name of a function that is another now, or gone.
    """

    def __init__(self, functions: Functions, on_change: Callable[[str], None]) -> None:
        self._functions = functions
        self._on_change = on_change

    def routes(self) -> Iterable[web.RouteDef]:
        """What this API serves."""
        return (
            web.post(_FUNCTIONS, self.create),
            web.post(_FUNCTIONS + "/", self.create),
            web.get(_FUNCTIONS, self.list),
            web.get(_FUNCTIONS + "/", self.list),
            web.get(_FUNCTION, self.get),
            web.delete(_FUNCTION, self.delete),
            web.get(_FUNCTION + "/configuration", self.get_configuration),
            web.put(_FUNCTION + "/configuration", self.update_configuration),
            web.put(_FUNCTION + "/code", self.update_code),
            web.get(_TAGS, self.get_tags),
            web.post(_TAGS, self.add_tags),
            web.delete(_TAGS, self.remove_tags),
            web.get(_EVENTS, self.get_events),
            web.put(_EVENTS, self.put_events),
            web.post(_EVENTS, self.put_events),
            web.delete(_EVENTS, self.delete_events),
            web.get(_RUNTIME, self.get_runtime),
            web.put(_RUNTIME, self.put_runtime),
        )

    async def create(self, request: web.Request) -> web.Response:
        """CreateFunction."""
        wanted = await _json(request)
        name, code = _required(wanted, "FunctionName"), _required(wanted, "Code")
        attributes = {
            "memory_mb": _AWS_MEMORY_MB,
            "timeout_s": _AWS_TIMEOUT_S,
            "disk_mb": _AWS_DISK_MB,
            "tags": wanted.get("Tags") or {},
            "architectures": wanted.get("Architectures") or ["x86_64"],
            **_code(code),
            **_attributes(wanted),
        }
        function = self._functions.add(name.rsplit(":", 1)[-1], **attributes)
        return web.json_response(configuration(function), status=201)

    async def list(self, request: web.Request) -> web.Response:
        """ListFunctions. A marker is the name that the page before ends with."""
        size = min(int(request.query.get("MaxItems", _PAGE)), _PAGE)
        after = request.query.get("Marker", "")
        found = [function for function in self._functions if function.name > after]
        page = found[:size]
        answer: dict[str, Any] = {"Functions": [configuration(function) for function in page]}
        if len(found) > size:
            answer["NextMarker"] = page[-1].name
        return web.json_response(answer)

    async def get(self, request: web.Request) -> web.Response:
        """GetFunction."""
        function = self._function(request)
        answer = {
            "Configuration": configuration(function),
            "Code": {"RepositoryType": "S3", "Location": str(request.url)},
        }
        if function.image_uri:
            uri = function.image_uri
            answer["Code"] = {"RepositoryType": "ECR", "ImageUri": uri, "ResolvedImageUri": uri}
        if function.tags:
            answer["Tags"] = dict(function.tags)
        return web.json_response(answer)

    async def delete(self, request: web.Request) -> web.Response:
        """DeleteFunction."""
        function = self._function(request)
        self._functions.remove(function)
        self._on_change(function.name)
        return web.Response(status=204)

    async def get_configuration(self, request: web.Request) -> web.Response:
        """GetFunctionConfiguration."""
        return web.json_response(configuration(self._function(request)))

    async def update_configuration(self, request: web.Request) -> web.Response:
        """UpdateFunctionConfiguration."""
        return self._changed(self._function(request), _attributes(await _json(request)))

    async def update_code(self, request: web.Request) -> web.Response:
        """UpdateFunctionCode."""
        wanted = await _json(request)
        attributes = _code(wanted)
        if "Architectures" in wanted:
            attributes["architectures"] = wanted["Architectures"]
        return self._changed(self._function(request), attributes)

    async def get_tags(self, request: web.Request) -> web.Response:
        """ListTags."""
        return web.json_response({"Tags": dict(self._function(request).tags)})

    async def add_tags(self, request: web.Request) -> web.Response:
        """TagResource."""
        function = self._function(request)
        added = _required(await _json(request), "Tags")
        self._functions.change(function, tags={**function.tags, **added})
        return web.Response(status=204)

    async def remove_tags(self, request: web.Request) -> web.Response:
        """UntagResource."""
        function = self._function(request)
        removed = set(request.query.getall("tagKeys", []))
        left = {key: value for key, value in function.tags.items() if key not in removed}
        self._functions.change(function, tags=left)
        return web.Response(status=204)

    async def get_events(self, request: web.Request) -> web.Response:
        """GetFunctionEventInvokeConfig."""
        function = self._function(request)
        if function.event_retries is None and function.event_age_s is None:
            raise AwsError(
                404,
                "ResourceNotFoundException",
                f"The function {function.arn} doesn't have an EventInvokeConfig",
            )
        return web.json_response(_events(function))

    async def put_events(self, request: web.Request) -> web.Response:
        """PutFunctionEventInvokeConfig replaces, UpdateFunctionEventInvokeConfig (POST) adds."""
        function, wanted = self._function(request), await _json(request)
        retries, age_s = wanted.get("MaximumRetryAttempts"), wanted.get("MaximumEventAgeInSeconds")
        if request.method == "POST":
            retries = function.event_retries if retries is None else retries
            age_s = function.event_age_s if age_s is None else age_s
        changed = self._functions.change(function, event_retries=retries, event_age_s=age_s)
        return web.json_response(_events(changed))

    async def delete_events(self, request: web.Request) -> web.Response:
        """DeleteFunctionEventInvokeConfig."""
        self._functions.change(self._function(request), event_retries=None, event_age_s=None)
        return web.Response(status=204)

    async def get_runtime(self, request: web.Request) -> web.Response:
        """GetRuntimeManagementConfig."""
        return web.json_response(_runtime(self._function(request)))

    async def put_runtime(self, request: web.Request) -> web.Response:
        """PutRuntimeManagementConfig."""
        wanted = await _json(request)
        changed = self._functions.change(
            self._function(request),
            update_runtime_on=_required(wanted, "UpdateRuntimeOn"),
            runtime_version=wanted.get("RuntimeVersionArn"),
        )
        return web.json_response(_runtime(changed))

    def _function(self, request: web.Request) -> LambdaFunction:
        return self._functions.find(request.match_info["fn"])

    def _changed(self, function: LambdaFunction, attributes: Mapping[str, Any]) -> web.Response:
        changed = self._functions.change(function, **attributes)
        self._on_change(function.name)
        return web.json_response(configuration(changed))


def configuration(function: LambdaFunction) -> dict[str, Any]:
    """A function as AWS describes it."""
    optional: dict[str, Any] = {}
    if function.image_uri is None:
        optional = {"Runtime": function.runtime or "provided.al2023", "Handler": function.handler}
    if function.environment:
        optional["Environment"] = {"Variables": dict(function.environment)}
    if function.layers:
        optional["Layers"] = [{"Arn": arn, "CodeSize": 0} for arn in function.layers]
    modified = function.modified.astimezone(UTC)
    return {
        **optional,
        "FunctionName": function.name,
        "FunctionArn": function.arn,
        "Version": LATEST,
        "Role": function.role,
        "Description": function.description,
        "CodeSize": function.code_bytes,
        "CodeSha256": base64.b64encode(hashlib.sha256(function.arn.encode()).digest()).decode(),
        "MemorySize": function.memory_mb,
        "Timeout": math.ceil(function.timeout_s),
        "EphemeralStorage": {"Size": function.disk_mb},
        "Architectures": list(function.architectures),
        "PackageType": "Image" if function.image_uri else "Zip",
        "LastModified": modified.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "RevisionId": function.revision,
        "TracingConfig": {"Mode": "PassThrough"},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": function.log_group},
        "State": "Active",
        "LastUpdateStatus": "Successful",
    }


def _attributes(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What a request says of a function, as attributes of ours; what it leaves out is absent."""
    values = dict(wanted)
    if "EphemeralStorage" in wanted:
        values["EphemeralStorage"] = (wanted["EphemeralStorage"] or {}).get("Size", DEFAULT_DISK_MB)
    if "Environment" in wanted:
        values["Environment"] = (wanted["Environment"] or {}).get("Variables") or {}
    for name, (least, largest) in _RANGES.items():
        value = values.get(name)
        if value is not None and not least <= value <= largest:
            raise AwsError(
                400,
                "InvalidParameterValueException",
                f"'{name}' value must be between {least} and {largest}, it is {value}",
            )
    names = {
        "MemorySize": "memory_mb",
        "Timeout": "timeout_s",
        "EphemeralStorage": "disk_mb",
        "Environment": "environment",
        "Role": "role",
        "Handler": "handler",
        "Runtime": "runtime",
        "Description": "description",
        "Layers": "layers",
    }
    return {ours: values[name] for name, ours in names.items() if values.get(name) is not None}


def _code(code: Mapping[str, Any]) -> dict[str, Any]:
    uri, archive = code.get("ImageUri"), code.get("ZipFile")
    if uri:
        return {"image_uri": uri}
    return {"image_uri": None, "code_bytes": len(base64.b64decode(archive or ""))}


def _events(function: LambdaFunction) -> dict[str, Any]:
    retries, age_s = function.event_retries, function.event_age_s
    return {
        "FunctionArn": f"{function.arn}:{LATEST}",
        "LastModified": function.modified.timestamp(),
        "MaximumRetryAttempts": 2 if retries is None else retries,
        "MaximumEventAgeInSeconds": _AWS_EVENT_AGE_S if age_s is None else age_s,
        "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}},
    }


def _runtime(function: LambdaFunction) -> dict[str, Any]:
    answer = {"FunctionArn": function.arn, "UpdateRuntimeOn": function.update_runtime_on}
    if function.runtime_version:
        answer["RuntimeVersionArn"] = function.runtime_version
    return answer


async def _json(request: web.Request) -> dict[str, Any]:
    with suppress(ValueError):
        content = json.loads(await request.read() or b"{}")
        if isinstance(content, dict):
            return content
    raise AwsError(400, "InvalidRequestContentException", "The request body is no JSON object.")


def _required(wanted: Mapping[str, Any], name: str) -> Any:
    if wanted.get(name) is None:
        raise AwsError(400, "InvalidParameterValueException", f"{name} is missing.")
    return wanted[name]
