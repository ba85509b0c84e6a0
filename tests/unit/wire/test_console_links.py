"""Links into the AWS console, as the reference's client builds them."""

from __future__ import annotations

import pytest

from framefleet.wire.console_links import (
    insights_url,
    logs_url,
    progress_json_url,
    render_folder_url,
)

ID = "4h1xz9c0ab"
CONSOLES = [
    ("eu-west-1", "eu-west-1.console.aws.amazon.com", "s3.console.aws.amazon.com"),
    ("cn-north-1", "cn-north-1.console.amazonaws.cn", "cn-north-1.console.amazonaws.cn"),
]
in_both = pytest.mark.parametrize(("region", "host", "folders"), CONSOLES)


@in_both
@pytest.mark.parametrize(
    ("method", "chunk", "pattern"),
    [
        ("launch", None, f"$2522method$253Dlaunch$252CrenderId$253D{ID}$2522"),
        ("renderer", None, f"$2522method$253Drenderer$252CrenderId$253D{ID}$2522"),
        (
            "renderer",
            0,
            f"$2522method$253Drenderer$252CrenderId$253D{ID}$252Cchunk$253D0$252C$2522",
        ),
        (
            "renderer",
            3,
            f"$2522method$253Drenderer$252CrenderId$253D{ID}$252Cchunk$253D3$252C$2522",
        ),
    ],
)
def test_logs_of_a_method_or_a_chunk(region, host, folders, method, chunk, pattern):
    url = logs_url(region=region, function_name="fn", render_id=ID, method=method, chunk=chunk)
    assert url == (
        f"https://{host}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/"
        f"$252Faws$252Flambda$252Ffn/log-events$3FfilterPattern$3D{pattern}"
    )


@in_both
def test_insights_of_a_function(region, host, folders):
    assert insights_url(region=region, function_name="fn") == (
        f"https://{host}/cloudwatch/home?region={region}#lambda-insights:functions/fn"
    )


@in_both
def test_folder_of_a_render(region, host, folders):
    assert render_folder_url(region=region, bucket="remotionlambda-x", render_id=ID) == (
        f"https://{folders}/s3/buckets/remotionlambda-x?region={region}&prefix=renders/{ID}/"
    )


@in_both
def test_record_of_a_render(region, host, folders):
    assert progress_json_url(region=region, bucket="remotionlambda-x", render_id=ID) == (
        f"https://{host}/s3/object/remotionlambda-x?region={region}&bucketType=general"
        f"&prefix=renders/{ID}/progress.json"
    )
