"""`framefleet lambda render`, `still`, `compositions` and `local`, from outside.

The functions are those of `framefleet lambda local`; their renders lie in radosgw.
"""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import boto3
import psutil
import pytest

from framefleet.aws import get_render_progress
from framefleet.cli.output import sized
from framefleet.testing.video import frames_of
from tests.services.gate import run_gate
from tests.services.processes import keep

COMMAND = Path(sys.executable).parent / "framefleet"
FUNCTION = f"remotion-render-{version('framefleet').replace('.', '-')}-mem2048mb-disk2048mb-120sec"
OTHER = "remotion-render-4-0-527-mem2048mb-disk2048mb-120sec"
PAGE = """<!doctype html>
<body style="margin: 0"><h1>0</h1>
<script>
  window.framefleet = {
    compositions: [
      {id: "count", width: 160, height: 90, fps: 30, durationInFrames: 12},
      {id: "picture", width: 160, height: 90, fps: 30, durationInFrames: 1},
      {id: "broken", width: 160, height: 90, fps: 30, durationInFrames: 5},
    ],
    async seek(frame, {composition, props}) {
      if (composition.id === "broken") throw new Error("no");
      if (props.asksAt?.includes(frame)) await fetch(props.asks);
      document.querySelector("h1").textContent = frame;
    },
  };
</script>
"""


@dataclass(frozen=True)
class Local:
    """`framefleet lambda local` at work."""

    process: subprocess.Popen[str]
    variables: dict[str, str]
    function_name: str
    log: Path


@contextmanager
def local(log: Path, *arguments: str, env: dict[str, str]) -> Iterator[Local]:
    """Start it, and end it as a person does."""
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [COMMAND, "lambda", "local", "--port=0", "--json", *arguments],
            stdout=subprocess.PIPE, stderr=errors, text=True, env=env,
        ) as process,
    ):  # fmt: skip
        assert process.stdout is not None
        text = ""
        for line in process.stdout:
            text += line
            if line == "}\n":
                break
        try:
            told = json.loads(text)
            yield Local(process, told["environment"], told["functionName"], log)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
    assert log.read_text().endswith("Ending the functions\n")


def clean_environment() -> dict[str, str]:
    """That of this process without what belongs to whoever runs the tests."""
    ours = ("AWS_", "REMOTION_", "FRAMEFLEET_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@pytest.fixture(scope="module")
def server(radosgw_server, tmp_path_factory):
    radosgw_server.remove_buckets()
    store = {
        "AWS_ENDPOINT_URL_S3": radosgw_server.endpoint,
        "AWS_ACCESS_KEY_ID": radosgw_server.access_key,
        "AWS_SECRET_ACCESS_KEY": radosgw_server.secret_key,
    }
    log = tmp_path_factory.mktemp("local") / "local.log"
    with local(log, env={**clean_environment(), **store}) as server:
        keep([server.process.pid])
        server.variables.update(store)
        yield server


@pytest.fixture(autouse=True)
def _sandboxes_stay(_nothing_left_behind, server):
    yield
    keep(child.pid for child in psutil.Process(server.process.pid).children(recursive=True))


@pytest.fixture(autouse=True)
def _finds_the_server(server, monkeypatch, tmp_path):
    for name in set(os.environ) - set(clean_environment()):
        monkeypatch.delenv(name)
    for name, value in server.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def url(server, tmp_path_factory):
    """The address of the site `film`."""
    page = tmp_path_factory.mktemp("page")
    (page / "index.html").write_text(PAGE)
    env = {**clean_environment(), **server.variables}
    done = subprocess.run(
        [COMMAND, "lambda", "sites", "create", page, "--site-name=film", "-q"],
        capture_output=True, text=True, env=env, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def start(*arguments):
    return subprocess.Popen(
        [COMMAND, "lambda", *map(str, arguments)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def lambda_(*arguments):
    """The finished command with `returncode`, `stdout` and `stderr`."""
    with start(*arguments) as process:
        process.stdout_text, process.stderr_text = process.communicate(timeout=100)
    assert "Traceback" not in process.stderr_text
    return process


def interrupted(*arguments, after):
    """The command, ended by Ctrl-C after it has printed a line that begins so."""
    with start(*arguments) as process:
        said = ""
        for line in process.stderr:
            said += line
            if line.startswith(after):
                process.send_signal(signal.SIGINT)
                break
        out, rest = process.communicate(timeout=30)
    return process.returncode, out, said + rest


def render_id(said):
    found = re.search("Render ID: (.*)", said)
    assert found is not None, said
    return found[1]


BAR = "━" * 18


def test_a_render_comes_to_this_machine(url, tmp_path):
    done = lambda_("render", "film", "count", "out/film.mp4", "--crf=30", "--log=verbose")
    assert done.returncode == 0, done.stderr_text
    film = tmp_path / "out/film.mp4"
    assert done.stdout_text == f"{film}\n"
    assert len(list(frames_of(film))) == 12
    lines = done.stderr_text.splitlines()
    found = render_id(done.stderr_text)
    bucket = url.split("/")[3]
    assert [lines[0], lines[1:4], lines[5]] == [
        "Starting the render",
        [f"Bucket: {bucket}", f"Function: {FUNCTION}", f"Render ID: {found}"],
        "Codec: h264 (derived from the output's name)",
    ]
    assert lines[4].startswith("progress.json: https://us-east-1.console.aws.amazon.com/s3/object/")
    assert [line.partition(": https://")[0] for line in lines[6:9]] == [
        "CloudWatch logs (main function)",
        "CloudWatch logs (renderer functions)",
        "Lambda Insights (if enabled)",
    ]
    steps = [line for line in lines if BAR in line]
    assert [step.partition("━")[0].strip() for step in steps] == [
        "Got composition", "Invoked lambdas", "Rendered frames", "Encoded frames",
        "Combined chunks", "Downloaded video",
    ]  # fmt: skip
    size = sized(film.stat().st_size)
    end = lines[lines.index(steps[-1]) + 1 :]
    assert end[:4] == [
        "",
        f"+ S3                 renders/{found}/out.mp4 {size}",
        f"↓                    out/film.mp4 {size}",
        "",
    ]
    assert re.fullmatch(r"2 λ's used, \d+\.\d\dsec, Estimated cost (\$0|<\$0\.001)", end[4])
    assert end[5] == "Most expensive frame ranges:"
    assert re.fullmatch(r"0-11 \(Chunk 0, \d+ms\)", end[6])


def test_machines_get_the_progress_and_nothing_else(url):
    done = lambda_("render", url, "count", "--codec=gif", "--concurrency=1", "--json", "-q")
    assert (done.returncode, done.stderr_text) == (0, "")
    told = json.loads(done.stdout_text)
    assert (told["done"], told["framesRendered"], told["download"]) == (True, 12, None)
    assert told["outKey"] == f"renders/{told['renderId']}/out.gif"
    with urllib.request.urlopen(told["outputFile"]) as answer:
        assert answer.read(3) == b"GIF"


def test_an_error_says_what_and_what_it_has_cost(url):
    done = lambda_("render", "film", "broken", "--json")
    assert done.returncode == 4
    error = json.loads(done.stdout_text)["error"]
    assert error["code"] == "page_script"
    assert error["context"]["render_id"] == render_id(done.stderr_text)
    assert done.stderr_text.endswith(
        f"\n\nPageScriptError: {error['message']}\n\n"
        "Accrued costs until error was thrown: <$0.001.\n"
        "This is an estimate and continuing Lambda functions may incur additional costs.\n"
    )


def test_what_cannot_be_rendered_is_not_begun(url, tmp_path):
    (tmp_path / "film.mp4").write_bytes(b"")
    done = lambda_("render", "film", "count", "film.mp4")
    assert done.returncode == 7
    assert "film.mp4 exists already. Choose another name or give --overwrite." in done.stderr_text
    done = lambda_("render", "film", "count", "film.webm", "--codec=h264", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout_text)["error"]["code"] == "option_type"
    assert "Render ID" not in done.stderr_text


def test_ctrl_c_ends_the_waiting_only(url):
    code, out, said = interrupted(
        "render", "film", "count", "--frames=0-4", "--concurrency=1", after="Codec"
    )
    assert (code, out) == (130, "")
    assert said.endswith(
        "Codec: h264 (default)\n"
        "Stopped waiting. The Lambda render is still running.\n"
        "Use --enable-cancellation to allow Ctrl+C to cancel it.\n"
    )
    render = {"render_id": render_id(said), "bucket_name": url.split("/")[3]}
    assert wait_for(**render).done


def test_ctrl_c_cancels_the_render_that_may_be_cancelled(url):
    code, out, said = interrupted(
        "render", "film", "count", "--duration=3000", "--concurrency=1", "--enable-cancellation",
        "--json", after="Codec",
    )  # fmt: skip
    assert code == 130
    assert "Press Ctrl+C to cancel the render.\n" in said
    assert said.endswith("Cancelling Lambda render...\nCancellation signal sent.\n")
    error = json.loads(out)["error"]
    assert (error["code"], error["message"]) == ("cancelled", "Cancellation signal sent.")
    assert error["context"]["signal"] == "SIGINT"
    progress = wait_for(render_id=error["context"]["render_id"], bucket_name=url.split("/")[3])
    assert progress.error_message == "renderMedia() got cancelled"


def wait_for(**render):
    """The progress of a render that has ended."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        progress = get_render_progress(
            function_name=FUNCTION, skip_lambda_invocation=True, **render
        )
        if progress.done or progress.fatal_error_encountered:
            return progress
        time.sleep(0.2)
    raise AssertionError("the render goes on")


class TestStill:
    def test_a_still_comes_to_this_machine(self, url, tmp_path):
        done = lambda_("still", "film", "count", "a.jpeg", "--frame=3")
        assert done.returncode == 0, done.stderr_text
        picture = tmp_path / "a.jpeg"
        assert done.stdout_text == f"{picture}\n"
        found = render_id(done.stderr_text)
        size = sized(picture.stat().st_size)
        assert done.stderr_text.splitlines() == [
            "Starting the still",
            f"Function: {FUNCTION}",
            "Image Format = jpeg (derived from the output's name)",
            "Rendering the still",
            "Downloading the still",
            f"Render ID: {found}",
            f"Bucket: {url.split('/')[3]}",
            f"+ S3                 renders/{found}/out.jpeg {size}",
            f"↓                    a.jpeg {size}",
        ]

    def test_a_file_that_is_there_is_replaced_only_if_that_is_said(self, url, tmp_path):
        there = tmp_path / "a.png"
        there.write_bytes(b"")
        done = lambda_("still", "film", "picture", "a.png")
        assert done.returncode == 7
        assert "a.png exists already." in done.stderr_text
        assert lambda_("still", "film", "picture", "a.png", "--overwrite").returncode == 0
        assert there.read_bytes().startswith(b"\x89PNG")

    def test_it_goes_to_another_store(self, url, server, radosgw_server, monkeypatch):
        radosgw_server.client.create_bucket(Bucket="theirs")
        keys = {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "testtest"}
        for name, value in keys.items():
            monkeypatch.setenv(f"REMOTION_S3_OUTPUT_PROVIDER_{name}", value)
        endpoint = server.variables["AWS_ENDPOINT_URL_S3"]
        done = lambda_(
            "still", "film", "picture", "--quiet", f"--s3-output-provider-endpoint={endpoint}",
            "--force-bucket-name=theirs", "--out-name=a/b.png",
        )  # fmt: skip
        assert (done.returncode, done.stderr_text) == (0, "")
        assert done.stdout_text == f"{endpoint}/theirs/a/b.png\n"
        stored = radosgw_server.client.get_object(Bucket="theirs", Key="a/b.png")["Body"].read()
        assert stored.startswith(b"\x89PNG")


class TestCompositions:
    def test_they_are_listed(self, url, server):
        done = lambda_("compositions", "film")
        assert done.returncode == 0, done.stderr_text
        assert done.stderr_text.endswith("The following compositions are available:\n")
        assert done.stdout_text.splitlines() == [
            "count      30      160x90         12 (0.40 sec)",
            "picture            160x90         Still",
            "broken     30      160x90         5 (0.17 sec)",
        ]
        *_, begun, ended = server.log.read_text().splitlines()
        assert re.fullmatch(rf"\d\d:\d\d:\d\d {FUNCTION} compositions", begun)
        assert re.fullmatch(rf"\d\d:\d\d:\d\d {FUNCTION} compositions \d+ ms ok", ended)

    def test_another_function_is_warned_of_and_called(self, url):
        done = lambda_("compositions", "film", "-q", f"--function-name={OTHER}")
        assert done.stdout_text == "count picture broken\n"
        assert f'The name passed to --function-name "{OTHER}" does not match' in done.stderr_text
        assert f"  {FUNCTION}\n" in done.stderr_text

    def test_one_has_to_be_named_where_nobody_can_be_asked(self, url):
        done = lambda_("render", url)
        assert done.returncode == 2
        assert done.stderr_text.startswith("No compositions passed. Fetching compositions...\n")
        assert "No composition passed. There are: count, picture, broken." in done.stderr_text


@pytest.fixture
def gate():
    with run_gate() as opened:
        yield opened


def drawn(raw: bytes) -> str:
    """What a terminal shows, line by line."""
    codes = r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\]8;[^\x1b]*\x1b\\"
    return re.sub(codes, "", raw.decode(errors="replace")).replace("\r\n", "\n")


def test_a_terminal_asks_and_draws(url, gate):
    primary, secondary = pty.openpty()
    props = json.dumps(gate.props(2))
    has_drawn = threading.Event()
    # However fast the functions are, they are not done before their progress shows.
    gate.answer = lambda _: has_drawn.wait(30)
    steps = r"\d+% • 2 λ • <\$0\.001 • Timeout \d+s\n *Got composition"
    with subprocess.Popen(
        [COMMAND, "lambda", "render", url, "--frames=0-3", f"--props={props}"],
        stdin=secondary, stdout=secondary, stderr=secondary,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"},
    ) as process:  # fmt: skip
        os.close(secondary)
        raw = b""
        has_answered = False
        while True:
            try:
                raw += os.read(primary, 65536)
            except OSError:
                break
            if not has_answered and b"Which composition?" in raw:
                os.write(primary, b"count\n")
                has_answered = True
            if re.search(steps, drawn(raw)):
                has_drawn.set()
        os.close(primary)
    assert process.returncode == 0, drawn(raw)
    assert b"\x1b]8;" in raw, "addresses are links"
    plain = drawn(raw)
    assert "  1  count\n  2  picture\n  3  broken\n" in plain
    assert "progress.json: Click to view\n" in plain
    assert has_drawn.is_set()
    end = plain[plain.rindex("Got composition") :]
    assert end.splitlines()[1:5] == [
        line
        for label in ("Invoked lambdas", "Rendered frames", "Encoded frames", "Combined chunks")
        for line in re.findall(f"{label} +{BAR} .*", end)
    ]
    # The summary says where the output is: a result beside it would be said twice.
    assert re.search(r"\n2 λ's used, .*\n$", end)


class TestLocal:
    def test_it_has_an_s3_of_its_own(self, tmp_path):
        log = tmp_path / "log"
        with local(log, "--s3", "--memory=1024", "--timeout=30", env=clean_environment()) as server:
            assert server.function_name == FUNCTION.replace("2048mb-disk", "1024mb-disk").replace(
                "120sec", "30sec"
            )
            url = server.variables["AWS_ENDPOINT_URL_LAMBDA"]
            for name in ("STS", "IAM", "CLOUDWATCH_LOGS", "SERVICE_QUOTAS"):
                assert server.variables[f"AWS_ENDPOINT_URL_{name}"] == url
            client = boto3.client(
                "s3",
                region_name=server.variables["AWS_REGION"],
                endpoint_url=server.variables["AWS_ENDPOINT_URL_S3"],
                aws_access_key_id=server.variables["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=server.variables["AWS_SECRET_ACCESS_KEY"],
            )
            client.create_bucket(Bucket="mine")
            assert [each["Name"] for each in client.list_buckets()["Buckets"]] == ["mine"]
            client.close()

    def test_it_needs_a_store(self, monkeypatch):
        monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
        done = lambda_("local")
        assert done.returncode == 2
        assert "AWS_ENDPOINT_URL_S3 is not set: renders need a store." in done.stderr_text

    def test_a_port_may_be_taken(self, server):
        port = server.variables["AWS_ENDPOINT_URL_LAMBDA"].rpartition(":")[2]
        done = lambda_("local", "--port", port)
        assert done.returncode == 2
        assert f"Port {port} cannot be used: Address already in use." in done.stderr_text
