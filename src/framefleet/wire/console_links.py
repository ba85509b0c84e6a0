"""Links into the AWS console that the reference's answers carry.

Forms: spec/serverless-progress-costs.md 7. Renders that do not run on AWS have the same links,
which lead nowhere.
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

from framefleet.domain.destination import render_prefix
from framefleet.wire.render_record import RECORD_NAME

Method = Literal["start", "launch", "renderer", "still"]
# What `encodeURIComponent` leaves as it is, besides letters and digits.
_UNQUOTED = "-_.!~*'()"


def logs_url(
    *, region: str, function_name: str, render_id: str, method: Method, chunk: int | None = None
) -> str:
    """The logs of one method of a render; of one chunk alone if it is given."""
    part = "" if chunk is None else f",chunk={chunk},"
    return _logs(region, function_name, f"method={method},renderId={render_id}{part}")


def invocation_logs_url(*, region: str, function_name: str, request_id: str) -> str:
    """The logs of one call of a function."""
    return _logs(region, function_name, request_id)


def insights_url(*, region: str, function_name: str) -> str:
    """What a function needs of time and memory."""
    return f"{_cloud_watch(region)}#lambda-insights:functions/{function_name}"


def render_folder_url(*, region: str, bucket: str, render_id: str) -> str:
    """All that a bucket keeps of a render."""
    host = _host(region) if _is_in_china(region) else f"s3.{_domain(region)}"
    prefix = render_prefix(render_id)
    return f"https://{host}/s3/buckets/{bucket}?region={region}&prefix={prefix}"


def progress_json_url(*, region: str, bucket: str, render_id: str) -> str:
    """The record of a render."""
    prefix = render_prefix(render_id) + RECORD_NAME
    return (
        f"https://{_host(region)}/s3/object/{bucket}?region={region}&bucketType=general"
        f"&prefix={prefix}"
    )


def _logs(region: str, function_name: str, text: str) -> str:
    pattern = quote(f'"{text}"', safe=_UNQUOTED)
    return (
        f"{_cloud_watch(region)}#logsV2:log-groups/log-group/$252Faws$252Flambda$252F"
        f"{function_name}/log-events$3FfilterPattern$3D{pattern.replace('%', '$25')}"
    )


def _cloud_watch(region: str) -> str:
    return f"https://{_host(region)}/cloudwatch/home?region={region}"


def _host(region: str) -> str:
    return f"{region}.{_domain(region)}"


def _domain(region: str) -> str:
    return "console.amazonaws.cn" if _is_in_china(region) else "console.aws.amazon.com"


def _is_in_china(region: str) -> bool:
    return region.startswith("cn-")
