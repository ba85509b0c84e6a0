"""Where AWS shows what becomes of a render."""

from __future__ import annotations

from framefleet.account.function_calls import FunctionAddress
from framefleet.account.lambda_renders import started_render


def test_logs_are_those_of_the_function_that_writes_them():
    function = FunctionAddress(name="main", region="eu-west-1")
    found = started_render("abc", "bucket", function=function, renderer="renderer")
    logs = "#logsV2:log-groups/log-group/$252Faws$252Flambda$252F"
    assert f"{logs}renderer/" in found.cloud_watch_logs
    assert "method$253Drenderer$252CrenderId$253Dabc" in found.cloud_watch_logs
    assert f"{logs}main/" in found.cloud_watch_main_logs
    assert "method$253Dlaunch$252CrenderId$253Dabc" in found.cloud_watch_main_logs
