"""The official JavaScript client of Remotion Lambda manages functions beside us.

It is tests/remotion_client's 4.0.527. What it deploys and what we do for it is the same to both.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framefleet import blocking
from framefleet.aws import functions as aws
from framefleet.domain.policies import get_user_policy

PROGRAM = Path(__file__).parents[1] / "remotion_client/client.mjs"
REGION = "us-east-1"
VERSION = "4.0.527"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/framefleet:latest"
NAME = "remotion-render-4-0-527-mem2048mb-disk2048mb-120sec"
SIZES = {"memorySizeInMb": 2048, "timeoutInSeconds": 120, "diskSizeInMb": 2048}

deploy_function = blocking.blocking(aws.deploy_function)
get_function_info = blocking.blocking(aws.get_function_info)
get_functions = blocking.blocking(aws.get_functions)


@pytest.fixture
def server(lambda_server, monkeypatch):
    """Where both clients find Lambda and its neighbours, and nothing else of AWS."""
    kept = {*lambda_server.environment, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    for name in os.environ:
        if name.startswith(("AWS_", "REMOTION_")) and name not in kept:
            monkeypatch.delenv(name)
    monkeypatch.setenv("FRAMEFLEET_LAMBDA_IMAGE", IMAGE)
    return lambda_server


@pytest.fixture
def official(server) -> Callable[..., dict[str, Any]]:
    """Calls a function of the official client by its name: the result and calls, or the error."""

    def call(
        function: str, *callbacks: str, source: str = "@remotion/lambda", **arguments: Any
    ) -> dict[str, Any]:
        request = {
            "from": source,
            "function": function,
            "arguments": {"region": REGION, **arguments},
            "callbacks": callbacks,
        }
        done = subprocess.run(
            ["node", PROGRAM],
            input=json.dumps(request), capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    return call


def test_it_finds_our_function_if_that_is_of_its_version(official):
    for version in (VERSION, "4.0.541"):
        deploy_function(version=version)
    all_of_them = official("getFunctions", compatibleOnly=False)["result"]
    assert [(found["functionName"], found["version"]) for found in all_of_them] == [
        (NAME, VERSION),
        (NAME.replace("527", "541"), "4.0.541"),
    ]
    compatible = official("getFunctions", compatibleOnly=True)["result"]
    assert compatible == [{"functionName": NAME, "version": VERSION, **SIZES}]
    assert compatible == [
        found.to_dict() for found in get_functions(compatible_only=True, version=VERSION)
    ]


def test_it_reads_the_same_of_our_function_as_we_do(official):
    deploy_function(version=VERSION, memory_size_in_mb=3009, disk_size_in_mb=10240)
    name = "remotion-render-4-0-527-mem3009mb-disk10240mb-120sec"
    found = official("getFunctionInfo", functionName=name)["result"]
    assert found == get_function_info(function_name=name).to_dict()
    assert found == {
        "functionName": name, "version": VERSION, "memorySizeInMb": 3009,
        "timeoutInSeconds": 120, "diskSizeInMb": 10240,
    }  # fmt: skip


def test_it_leaves_our_function_as_it_is(official, server):
    deploy_function(version=VERSION)
    before = server.function(NAME)
    found = official("deployFunction", createCloudWatchLogGroup=True, **SIZES)["result"]
    assert found == {"functionName": NAME, "alreadyExisted": True}
    assert server.function(NAME).image_uri == before.image_uri == IMAGE


def test_it_deploys_once_and_so_do_we_after_it(official, server):
    first = official("deployFunction", createCloudWatchLogGroup=True, **SIZES)["result"]
    assert first == {"functionName": NAME, "alreadyExisted": False}
    theirs = server.function(NAME)
    second = official("deployFunction", createCloudWatchLogGroup=True, **SIZES)["result"]
    assert second == {"functionName": NAME, "alreadyExisted": True}
    assert deploy_function(version=VERSION).to_dict() == second

    official("deleteFunction", functionName=NAME)
    deploy_function(version=VERSION)
    ours = server.function(NAME)
    for fact in ("memory_mb", "disk_mb", "timeout_s", "role", "tags", "architectures",
                 "description"):  # fmt: skip
        assert getattr(ours, fact) == getattr(theirs, fact), fact
    # Ours goes on with a render whose main function has died (docs/decisions/0013).
    assert (theirs.event_retries, ours.event_retries) == (0, 1)


def test_what_it_deletes_is_gone(official, server):
    deploy_function(version=VERSION)
    assert "error" not in official("deleteFunction", functionName=NAME)
    assert server.service.functions == {}
    assert official("getFunctions", compatibleOnly=False)["result"] == []
    gone = official("getFunctionInfo", functionName=NAME)["error"]
    assert gone["name"] == "ResourceNotFoundException"


def test_it_is_allowed_everything_that_it_asks_about(official):
    found = official("simulatePermissions", "onSimulation")
    results = found["result"]["results"]
    assert found["calls"]["onSimulation"] == results
    assert {result["decision"] for result in results} == {"allowed"}
    ours = [
        action
        for statement in json.loads(get_user_policy())["Statement"]
        for action in statement["Action"]
        if not action.startswith("ecr:")
    ]
    assert [result["name"] for result in results] == ours


def test_it_speculates_the_name_that_we_give(official):
    for memory in (512, 10240):
        arguments = {**SIZES, "memorySizeInMb": memory}
        theirs = official("speculateFunctionName", source="@remotion/lambda/client", **arguments)
        assert theirs["result"] == aws.speculate_function_name(
            memory_size_in_mb=memory, disk_size_in_mb=2048, timeout_in_seconds=120, version=VERSION
        )
