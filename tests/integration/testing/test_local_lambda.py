"""A local Lambda behaves as AWS does, to boto3 and to the genuine runtime client."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import anyio.to_thread
import psutil
import pytest

from framefleet.testing.lambda_runtime_process import RuntimeProcess
from framefleet.testing.local_lambda import (
    Invocation,
    LambdaFunction,
    LocalLambda,
    LocalLambdaOptions,
)
from tests.integration.testing.calls import lines_of, refusal, until

HERE = Path(__file__).parent


# Synchronous invocations.


def test_a_response_comes_back_with_its_version_and_its_log(serve):
    answer = serve().invoke(do="echo", text="aloud", log="Tail")
    assert answer["StatusCode"] == 200
    assert answer["ExecutedVersion"] == "$LATEST"
    assert answer["Payload"]["event"] == {"do": "echo", "text": "aloud"}
    assert "FunctionError" not in answer
    log = base64.b64decode(answer["LogResult"]).decode().splitlines()
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert log[0] == f"START RequestId: {request_id} Version: $LATEST"
    assert log[1] == "said by the function aloud"
    assert log[2] == f"END RequestId: {request_id}"
    assert re.fullmatch(
        rf"REPORT RequestId: {request_id}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\t"
        r"Memory Size: 2048 MB",
        log[3],
    )


def test_a_function_knows_where_and_what_it_is(serve, monkeypatch):
    monkeypatch.setenv("AWS_EXECUTION_ENV", "of the test run")
    served = serve(
        function={"memory_mb": 512, "timeout_s": 7, "environment": {"OWN": "1"}},
        environment={"OWN": "0", "COMMON": "2"},
        region="eu-central-1",
        account_id="000000000042",
    )
    answer = served.invoke(do="describe")["Payload"]
    environment = answer["environment"]
    assert answer["arn"] == "arn:aws:lambda:eu-central-1:000000000042:function:under-test"
    assert answer["memory"] == "512"
    assert 6000 < answer["remaining_ms"] <= 7000
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "under-test"
    assert environment["AWS_REGION"] == "eu-central-1"
    assert environment["LAMBDA_TASK_ROOT"] == str(HERE)
    assert environment["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/under-test"
    assert (environment["OWN"], environment["COMMON"]) == ("1", "2")
    assert "AWS_EXECUTION_ENV" not in environment
    assert {Path(environment[name]).parent.parent.name[:17] for name in ("HOME", "TMPDIR")} == {
        "framefleet-lambda"
    }


def test_an_exception_of_the_handler_is_an_unhandled_error(serve):
    answer = serve().invoke(do="fail")
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert answer["Payload"]["errorType"] == "ValueError"
    assert answer["Payload"]["errorMessage"] == "no such luck"


@pytest.mark.parametrize(
    ("event", "ended"),
    [
        ({"do": "exit", "status": 7}, "Runtime exited with error: exit status 7"),
        ({"do": "exit", "status": 0}, "Runtime exited without providing a reason"),
        ({"do": "kill"}, "Runtime exited with error: signal: killed"),
    ],
)
def test_a_crash_is_an_exit_error_and_the_next_event_gets_a_new_sandbox(serve, event, ended):
    served = serve()
    before = served.invoke(do="echo")["Payload"]["pid"]
    answer = served.invoke(**event)
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"] == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {request_id} Error: {ended}",
    }
    assert served.invoke(do="echo")["Payload"]["pid"] != before


@pytest.mark.alone
def test_a_timeout_ends_the_sandbox(serve):
    served = serve(function={"timeout_s": 0.5})
    pid = served.invoke(do="echo")["Payload"]["pid"]
    start = time.monotonic()
    answer = served.invoke(do="sleep", seconds=30)
    assert 0.5 <= time.monotonic() - start < 2
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"] == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {request_id} Error: Task timed out after 0.50 seconds",
    }
    until(lambda: not psutil.pid_exists(pid))
    assert served.invoke(do="echo")["Payload"]["invocations"] == 1


@pytest.mark.parametrize(
    ("command", "kind", "message"),
    [
        (["-m", "awslambdaric", "no_such_module.handle"], "Runtime.ImportModuleError", "no_such"),
        (["-c", "import sys; sys.exit(3)"], "Runtime.ExitError", "exit status 3"),
    ],
)
def test_a_runtime_that_does_not_start_says_why(serve, command, kind, message):
    answer = serve(command=[sys.executable, *command]).invoke(do="echo")
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == kind
    assert message in answer["Payload"]["errorMessage"]


def test_a_command_that_does_not_exist_is_an_invalid_entrypoint(serve, monkeypatch):
    # With setpriv, its own message and status take the place of ours.
    monkeypatch.setattr("shutil.which", lambda _: None)
    answer = serve(command=["/no/such/program"]).invoke(do="echo")
    assert answer["Payload"]["errorType"] == "Runtime.InvalidEntrypoint"
    assert "/no/such/program" in answer["Payload"]["errorMessage"]


def test_a_runtime_that_never_asks_for_an_event_times_out(serve):
    served = serve(
        command=[sys.executable, "-c", "import time; time.sleep(60)"], init_timeout_s=0.3
    )
    assert served.invoke()["Payload"]["errorType"] == "Sandbox.Timedout"


@pytest.mark.parametrize("kind", ["RequestResponse", "Event"])
def test_a_payload_that_is_too_large_is_refused(serve, kind):
    served = serve()
    limit = {"RequestResponse": 6291456, "Event": 1048576}[kind]
    wrapping = len(json.dumps({"do": "echo", "text": ""}))
    answer = refusal(served.invoke, do="echo", text="x" * (limit - wrapping + 1), kind=kind)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert answer["Error"] == {
        "Code": "RequestTooLargeException",
        "Message": f"Request must be smaller than {limit} bytes for the InvokeFunction operation",
    }
    largest = served.invoke(do="echo", text="x" * (limit - wrapping), kind=kind)
    assert largest["StatusCode"] == {"RequestResponse": 200, "Event": 202}[kind]
    assert "FunctionError" not in largest


def test_a_response_that_is_too_large_is_an_error(serve):
    served = serve()
    # Quotes belong to the response.
    largest = served.invoke(do="big", size=6291556 - 2)
    assert len(largest["Payload"]) == 6291554
    answer = served.invoke(do="big", size=6291556 - 1)
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"] == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size"
        " (6291556 bytes).",
    }
    assert "FunctionError" not in served.invoke(do="echo")


def test_a_payload_must_be_json_and_none_is_an_empty_object(serve):
    served = serve(is_streaming=True)
    answer = refusal(served.lambda_.invoke, FunctionName=served.name, Payload=b"{no")
    assert answer["Error"]["Code"] == "InvalidRequestContentException"
    assert served.lambda_.invoke(FunctionName=served.name)["StatusCode"] == 200


@pytest.mark.parametrize(
    "name",
    [
        "arn:aws:lambda:us-east-1:123456789012:function:under-test",
        "arn:aws:lambda:us-east-1:123456789012:function:under-test:$LATEST",
        "123456789012:function:under-test",
        "under-test:$LATEST",
    ],
)
def test_functions_are_called_by_any_of_their_names(serve, name):
    assert serve().invoke(name, do="echo")["Payload"]["invocations"] == 1


def test_an_unknown_function_is_not_found(serve):
    answer = refusal(serve().invoke, "remotion-render-4-0-527-mem2048mb-disk2048mb-120sec")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert answer["Error"]["Code"] == "ResourceNotFoundException"
    assert answer["Error"]["Message"] == (
        "Function not found: arn:aws:lambda:us-east-1:123456789012:function:"
        "remotion-render-4-0-527-mem2048mb-disk2048mb-120sec"
    )


def test_a_name_of_the_convention_creates_its_function(serve):
    served = serve(auto_create=True)
    name = "remotion-render-4-0-527-mem3008mb-disk4096mb-240sec"
    assert served.invoke(name, do="describe")["Payload"]["memory"] == "3008"
    function = served.service.functions[name]
    assert (function.memory_mb, function.disk_mb, function.timeout_s) == (3008, 4096, 240)
    assert refusal(served.invoke, "another")["Error"]["Code"] == "ResourceNotFoundException"


def test_a_dry_run_runs_nothing(serve, tmp_path):
    answer = serve().invoke(do="note", file=str(tmp_path / "notes"), kind="DryRun")
    assert (answer["StatusCode"], answer["Payload"]) == (204, None)
    assert not lines_of(tmp_path / "notes")


def test_without_a_header_an_invocation_waits_for_its_response(serve):
    served = serve()
    connection = http.client.HTTPConnection(served.service.url.removeprefix("http://"))
    connection.request("POST", "/2015-03-31/functions/under-test/invocations", b'{"do": "echo"}')
    answer = connection.getresponse()
    assert json.loads(answer.read())["event"] == {"do": "echo"}
    connection.close()


# Sandboxes.


def test_a_warm_sandbox_is_used_again_and_only_for_its_function(serve):
    served = serve()
    served.service.create_function("another")
    first = [served.invoke(do="echo")["Payload"] for _ in range(5)]
    assert [answer["invocations"] for answer in first] == [1, 2, 3, 4, 5]
    assert served.invoke("another", do="echo")["Payload"]["invocations"] == 1
    assert served.invoke(do="echo")["Payload"]["pid"] == first[0]["pid"]


def test_between_events_every_process_stands_still(serve):
    served = serve()
    pids = served.invoke(do="start ticking")["Payload"]["pids"]
    processes = [psutil.Process(pid) for pid in pids]
    until(lambda: {process.status() for process in processes} == {psutil.STATUS_STOPPED})
    before = served.invoke(do="ticks")["Payload"]
    assert before["later"] > before["at_start"], "the thread does not run during an event"
    time.sleep(0.5)
    after = served.invoke(do="ticks")["Payload"]["at_start"]
    assert after - before["later"] < 50, "half a second has 100 ticks"


def test_without_freezing_processes_go_on(serve):
    served = serve(freeze=False)
    served.invoke(do="start ticking")
    before = served.invoke(do="ticks")["Payload"]["later"]
    time.sleep(0.5)
    assert served.invoke(do="ticks")["Payload"]["at_start"] - before > 30


def test_events_at_one_time_have_sandboxes_of_their_own_and_few_are_kept(serve):
    served = serve(max_idle=2)
    with ThreadPoolExecutor(4) as threads:
        sleeps = [threads.submit(served.invoke, do="sleep", seconds=0.5) for _ in range(4)]
        pids = {sleep.result()["Payload"]["pid"] for sleep in sleeps}
    assert len(pids) == 4
    until(lambda: sum(map(psutil.pid_exists, pids)) == 2)


def test_a_sandbox_that_takes_too_much_memory_is_killed(serve):
    served = serve(function={"memory_mb": 128}, memory_limit=True)
    answer = served.invoke(do="eat", mib=256)
    assert answer["Payload"]["errorType"] == "Runtime.ExitError"
    assert answer["Payload"]["errorMessage"].endswith(
        "Error: Runtime exited with error: signal: killed"
    )


def test_logs_are_kept_in_a_folder_of_the_caller(serve, tmp_path):
    serve(log_folder=tmp_path / "logs").invoke(do="echo", text="kept")
    [log] = (tmp_path / "logs").iterdir()
    assert "said by the function kept\n" in log.read_text()


# Limits and events.


def test_beyond_the_limit_invocations_are_refused_and_events_wait(serve, tmp_path):
    served = serve(concurrency_limit=1)
    notes = tmp_path / "notes"
    with ThreadPoolExecutor(1) as threads:
        busy = threads.submit(served.invoke, do="note", file=str(notes), seconds=0.7)
        until(lambda: lines_of(notes))
        answer = refusal(served.invoke, do="echo")
        assert served.invoke(do="note", file=str(notes), kind="Event")["StatusCode"] == 202
        assert len(lines_of(notes)) == 1
        busy.result()
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert answer["Error"] == {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."}
    assert answer["Reason"] == "ConcurrentInvocationLimitExceeded"
    until(lambda: len(lines_of(notes)) == 2)


def test_one_invocation_after_another_stays_within_a_limit_of_one(serve):
    served = serve(concurrency_limit=1)
    assert [served.invoke(do="echo")["StatusCode"] for _ in range(10)] == [200] * 10


def test_an_event_is_accepted_at_once_and_runs_later(serve, tmp_path):
    served, notes = serve(), tmp_path / "notes"
    answer = served.invoke(do="note", file=str(notes), seconds=5, kind="Event")
    assert (answer["StatusCode"], answer["Payload"]) == (202, None)
    assert until(lambda: lines_of(notes)) == [answer["ResponseMetadata"]["RequestId"]]


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (2, 3)])
def test_an_event_that_fails_is_tried_again(serve, tmp_path, retries, attempts):
    notes = tmp_path / "notes"
    asked: list[Invocation] = []
    served = serve(event_retries=retries, event_retry_pause_s=0.05, on_invoke=asked.append)
    served.invoke(do="note", file=str(notes), fail=True, kind="Event")
    until(lambda: len(lines_of(notes)) == attempts)
    time.sleep(0.3)
    assert len(set(lines_of(notes))) == 1, "all attempts have one request id"
    assert [invocation.attempt for invocation in asked] == list(range(1, attempts + 1))


def test_retries_of_a_function_win_over_those_of_the_server(serve, tmp_path):
    served, notes = serve(event_retries=0, event_retry_pause_s=0.02), tmp_path / "notes"
    served.lambda_.put_function_event_invoke_config(
        FunctionName=served.name, MaximumRetryAttempts=1
    )
    served.invoke(do="note", file=str(notes), fail=True, kind="Event")
    until(lambda: len(lines_of(notes)) == 2)


# The end.


def options(**others):
    command = [sys.executable, "-m", "awslambdaric", "handlers.handle"]
    return LocalLambdaOptions(command=command, task_root=HERE, **others)


def post(url, event):
    """Invoke without a client library; None if the connection breaks."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    with contextlib.closing(connection), contextlib.suppress(ConnectionError):
        path = "/2015-03-31/functions/under-test/invocations"
        connection.request("POST", path, json.dumps(event))
        return connection.getresponse().read()


@pytest.mark.anyio
async def test_cancelled_at_work_it_leaves_nothing(tmp_path):
    notes = tmp_path / "notes"
    event = {"do": "note", "file": str(notes), "seconds": 60}
    # Servers of other tests may run on.
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with anyio.CancelScope() as scope:
        async with LocalLambda(options()) as service:
            service.create_function("under-test")
            caller = threading.Thread(target=post, args=(service.url, event))
            caller.start()
            await anyio.to_thread.run_sync(until, lambda: lines_of(notes))
            scope.cancel()
            await anyio.sleep_forever()
    caller.join(5)
    assert not caller.is_alive()
    left = {child.pid for child in psutil.Process().children(recursive=True)}
    assert left <= before
    with pytest.raises(ConnectionError):
        http.client.HTTPConnection(service.url.removeprefix("http://")).connect()


@pytest.mark.anyio
async def test_an_error_within_the_context_comes_out_as_it_is():
    with pytest.raises(KeyError, match="of the test"):
        async with LocalLambda(options()):
            raise KeyError("of the test")


def test_ctrl_c_leaves_nothing(tmp_path):
    code = """
import anyio, sys
from framefleet.testing.local_lambda import LocalLambda, LocalLambdaOptions

async def main():
    command = [sys.executable, "-m", "awslambdaric", "handlers.handle"]
    async with LocalLambda(LocalLambdaOptions(command=command)) as service:
        service.create_function("under-test")
        print(service.url, flush=True)
        await anyio.sleep_forever()

anyio.run(main)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=HERE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        text=True,
    )
    with process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        answer = json.loads(post(url, {"do": "start ticking"}))
        assert all(psutil.pid_exists(pid) for pid in answer["pids"])
        process.send_signal(signal.SIGINT)
        assert process.wait(10) != 0
    assert not [pid for pid in answer["pids"] if _is_running(pid)]
    assert not list(tmp_path.iterdir())


@pytest.mark.anyio
async def test_whoever_has_got_the_port_since_lives_on(tmp_path):
    function = LambdaFunction(name="under-test", arn="")
    first, second = (
        RuntimeProcess(function, options(), folder=tmp_path / name, log=tmp_path / f"{name}.log")
        for name in ("first", "second")
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        await first.start(port)
        await second.start(port)
        await first.aclose()
        assert not first.resident_bytes()
        assert second.resident_bytes()
        await second.aclose()
        assert not second.resident_bytes()


def _is_running(pid):
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False
