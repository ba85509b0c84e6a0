"""The installed command, from outside."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import time
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import psutil
import pytest

from framefleet.testing.video import frames_of
from tests.services.serving import serving

COMMAND = Path(sys.executable).parent / "framefleet"
PAGE = """<!doctype html>
<body style="margin: 0"><h1>0</h1>
<script>
  console.info("a line of the page");
  console.warn("mind the \\x1b[31mgap");
  window.framefleet = {
    compositions: [
      {id: "count", width: 160, height: 90, fps: 30, durationInFrames: 10},
      {id: "long", width: 160, height: 90, fps: 29.97, durationInFrames: 100000},
    ],
    seek(frame, {props}) { document.querySelector("h1").textContent = `${frame} ${props.name}`; },
  };
</script>
"""


def start(*arguments, **options):
    return subprocess.Popen(
        [COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def framefleet(*arguments, **options):
    """The finished command with `returncode`, `stdout` and `stderr`."""
    with start(*arguments, **options) as process:
        process.stdout_text, process.stderr_text = process.communicate(timeout=200)
    return process


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "index.html").write_text(PAGE)
    return folder


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def site_url(site):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            if self.path.startswith("/broken"):
                self.send_error(500)
            else:
                super().do_GET()

    with serving(functools.partial(Quiet, directory=site)) as url:
        yield url


def fails(done, *, code, says, kind=None):
    """The command ended with this exit code and one error without a traceback."""
    assert done.returncode == code, done.stderr_text
    assert "Error: " in done.stderr_text
    for text in [says] if isinstance(says, str) else says:
        assert text in done.stderr_text
    assert "Traceback" not in done.stderr_text
    if kind is not None:
        assert json.loads(done.stdout_text)["error"]["code"] == kind
    else:
        assert done.stdout_text == ""


# Help and options


@pytest.mark.alone
def test_help_names_every_command_and_costs_less_than_to_load_the_media_libraries():
    """Seconds of CPU in one run, so that neither a busy machine nor a slow one counts."""
    help_s, libraries_s = [], []
    for _ in range(3):
        before_s = children_s()
        done = framefleet("--help")
        after_s = children_s()
        subprocess.run([sys.executable, "-c", "import av, numpy"], check=True)
        help_s.append(after_s - before_s)
        libraries_s.append(children_s() - after_s)
    assert done.returncode == 0
    for command in ("render", "still", "compositions", "doctor"):
        assert f"  {command} " in done.stdout_text
    assert min(help_s) < min(libraries_s)


def children_s():
    """Processor time of the commands that have ended."""
    times = os.times()
    return times.children_user + times.children_system


@pytest.mark.parametrize("command", ["render", "still", "compositions", "doctor"])
def test_each_command_has_help(command):
    done = framefleet(command, "--help")
    assert done.returncode == 0
    assert done.stdout_text.startswith(f"Usage: framefleet {command} [OPTIONS]")


def test_version():
    assert framefleet("--version").stdout_text == "framefleet 0.1.0\n"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--frames", "ten"], "--frames flag must be a frame number, range"),
        (["--frames", "9-3"], "should be greater or equal than first"),
        (["--frames", "0-5,3-9"], "ordered and non-overlapping, but got 0-5 followed by 3-9"),
        (["--props", "{name: 1}"], "not valid JSON"),
        (["--props", "[1]"], "must be a JSON object"),
        (["--props", "missing.json"], "neither a JSON object nor a file"),
        (["--env", "NAME"], "'NAME' is not KEY=VALUE"),
        (["--codec", "h264", "--crf", "0"], "CRF to 0"),
        (["--codec", "h264", "--crf", "52"], "CRF must be between 1 and 51 for codec h264"),
        (["--codec", "gif", "--crf", "18"], "does not support the --crf option"),
        (["--crf", "20", "--video-bitrate", "1M"], "can not both be set"),
        (["--max-rate", "1M"], "without also setting"),
        (["--audio-bitrate", "320"], 'must end in "K", "k" or "M"'),
        (["--metadata", "title"], "must be in the format of key=value, but got title"),
        (["--every-nth-frame", "0"], "cannot be below 1, but is 0"),
        (["--codec", "mp3", "--muted"], "neither audio nor video"),
        (["--hardware-acceleration", "required"], "is not available in your FFmpeg build"),
        (["--sequence", "--crf", "18"], "--crf means nothing with --sequence"),
        (["--image-sequence-pattern", "[frame]"], "--image-sequence-pattern needs --sequence"),
        (["--sequence", "-o", "out.png"], "cannot have an extension. Got: png"),
        (["--scale", "0"], '"scale" must be bigger than 0'),
        (["--width", "0"], "must be positive, but got 0"),
        (["--fps", "fast"], '"fps" must be a finite number above 0'),
        (["--timeout", "100"], "7000"),
        (["--concurrency", "0"], "Minimum for concurrency is 1"),
        (["--concurrency", "some"], "concurrency must be a number or percentage"),
        (["--codec", "mpeg2"], 'Got unexpected codec "mpeg2"'),
        (["--pixel-format", "rgb24"], "rgb24 is not valid as a pixel format"),
        (["--jpeg-quality", "101"], "between 0 and 100"),
        (["--gl", "metal"], '"gl" must be one of angle'),
        (["--log-level", "loud"], "'--log-level'"),
        (["--chunk-frames", "0"], '"chunk_frames" must be a whole number above 0'),
        (["--fraems", "1"], "No such option"),
        (["-o", "out.avi"], "mp4, mkv, mov"),
    ],
    ids=lambda value: "=".join(value) if isinstance(value, list) else "",
)
def test_an_unusable_option_ends_with_2_before_a_browser_starts(site, options, says):
    browserless = {**os.environ, "FRAMEFLEET_BROWSER": "/no/browser"}
    fails(framefleet("render", site, *options, env=browserless), code=2, says=says)


def test_a_usage_error_is_json_as_well():
    done = framefleet("render", "--json")
    fails(done, code=2, says=["Missing argument 'SITE'", "framefleet render --help"],
          kind="invalid_option")  # fmt: skip


# What goes well


def test_a_render_prints_its_path_and_shows_progress(site, out):
    done = framefleet("render", site, "count", "-o", out / "a.mp4", "--props", '{"name": "x"}')
    assert done.returncode == 0, done.stderr_text
    assert done.stdout_text == f"{out / 'a.mp4'}\n"
    assert f"Opening {site}" in done.stderr_text
    assert "Rendering 10 frames in 1 chunk\n" in done.stderr_text
    assert f"{out / 'a.mp4'}  10 frames, 0.3 s of video in " in done.stderr_text
    frames = list(frames_of(out / "a.mp4"))
    assert [(frame.width, frame.height) for frame in frames] == [(160, 90)] * 10
    assert os.listdir(out) == ["a.mp4"]


@pytest.mark.parametrize(
    ("frames", "count"), [("3", 1), ("2-4", 3), ("7-", 3), ("-4", 5)], ids=lambda value: str(value)
)
def test_part_of_a_composition(site, out, frames, count):
    done = framefleet("render", site, "count", "--frames", frames, "-o", out / "a.mp4", "--json")
    assert done.returncode == 0, done.stderr_text
    assert json.loads(done.stdout_text)["frames"] == count


def test_json_describes_the_result(site, out, tmp_path):
    props = tmp_path / "props.json"
    props.write_text('{"name": "Grüße"}', encoding="utf-8")
    done = framefleet(
        "render", site, "count", "-o", out / "a.mp4", "--json", "--props", props,
        "--scale", "2", "--crf", "30", "--x264-preset", "ultrafast", "--image-format", "png",
        "--pixel-format", "yuv444p", "--color-space", "default", "--muted", "--duration", "4",
        "--fps", "30000/1001", "--chunk-frames", "2", "--executor", "inline",
        "--concurrency", "50%",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr_text
    result = json.loads(done.stdout_text)
    assert result["output"] == str(out / "a.mp4")
    assert (result["frames"], result["chunks"], result["retries"]) == (4, 2, 0)
    assert result["composition"]["props"] == {"name": "Grüße"}
    assert [frame.width for frame in frames_of(out / "a.mp4")] == [320] * 4


def test_the_output_is_named_after_the_composition(site, tmp_path):
    done = framefleet("render", site, "count", "--frames", "0", cwd=tmp_path)
    assert done.stdout_text == "out/count.mp4\n"
    assert (tmp_path / "out/count.mp4").is_file()


def test_an_animated_page_needs_size_rate_and_length(pages, out):
    page = pages / "css_keyframes.html"
    given = ["--width", "160", "--fps", "25"]
    done = framefleet("render", page, "-o", out / "a.mp4", *given)
    fails(done, code=2, says="Give --height, --duration as well")
    done = framefleet("render", page, "-o", out / "a.mp4", *given, "--height", 90, "--duration", 3)
    assert done.returncode == 0, done.stderr_text
    assert len(list(frames_of(out / "a.mp4"))) == 3


def test_a_remotion_site(remotion_site, out):
    done = framefleet(
        "render", remotion_site, "EnvVars", "-o", out / "a.mp4", "--frames", "0-1", "--json",
        "--env", "GREETING=hello",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr_text
    assert json.loads(done.stdout_text)["frames"] == 2


def test_a_still_counts_from_the_end_too(site, out):
    done = framefleet("still", site, "count", "--frame", "-1", "-o", out / "a.png", "--json")
    assert done.returncode == 0, done.stderr_text
    result = json.loads(done.stdout_text)
    assert (result["frame"], result["width"], result["height"]) == (9, 160, 90)
    assert (out / "a.png").read_bytes().startswith(b"\x89PNG")


def test_compositions_are_a_table_ids_or_json(site):
    lines = framefleet("compositions", site).stdout_text.splitlines()
    assert [line.split() for line in lines] == [
        ["id", "size", "fps", "frames", "seconds"],
        ["count", "160x90", "30", "10", "0.33"],
        ["long", "160x90", "29.97", "100000", "3336.67"],
    ]
    assert framefleet("compositions", site, "--quiet").stdout_text == "count long\n"
    listed = json.loads(framefleet("compositions", site, "--json").stdout_text)
    assert [found["durationInFrames"] for found in listed] == [10, 100_000]


def test_a_url_is_a_site(site_url):
    assert framefleet("compositions", f"{site_url}/", "-q").stdout_text == "count long\n"


def test_what_the_page_logs_is_shown_by_level(site):
    said = framefleet("compositions", site).stderr_text
    assert "info a line of the page" in said
    # No escape sequence of a page reaches the terminal.
    assert "warn mind the \\x1b[31mgap" in said
    said = framefleet("compositions", site, "--log-level", "error").stderr_text
    assert "a line of the page" not in said
    assert "mind the" not in said


def test_doctor_finds_everything_the_tests_need():
    done = framefleet("doctor", "--json")
    report = json.loads(done.stdout_text)
    found = {check["name"]: check["status"] for check in report["checks"]}
    assert (done.returncode, report["ok"]) == (0, True)
    for name in ("python", "chromium", "frame control", "video encoder", "sound encoder", "fonts"):
        assert found[name] in ("ok", "warn"), report
    assert {"webgl", "emoji font", "cores", "memory", "shared memory", "disk", "node"} <= set(found)


def test_doctor_names_the_command_that_mends_a_missing_browser(tmp_path):
    done = framefleet("doctor", "--browser-executable", tmp_path / "chromium")
    assert done.returncode == 1
    assert "missing  chromium" in done.stdout_text
    assert "To mend:" in done.stdout_text
    assert "headless-shell" in done.stdout_text


# What goes wrong


def test_an_existing_output_is_kept(site, out):
    (out / "a.mp4").write_text("mine")
    arguments = ("render", site, "count", "--frames", "0", "-o", out / "a.mp4")
    done = framefleet(*arguments, "--json")
    fails(done, code=7, says="--overwrite", kind="output_exists")
    assert (out / "a.mp4").read_text() == "mine"
    assert framefleet(*arguments, "--overwrite").returncode == 0
    assert (out / "a.mp4").stat().st_size > 100


def test_a_missing_folder_is_not_made(site, out):
    done = framefleet("render", site, "count", "-o", out / "no/a.mp4")
    fails(done, code=7, says=f"mkdir -p {out / 'no'}")
    assert not (out / "no").exists()


def test_an_unknown_composition_lists_the_known_ones(site, out):
    done = framefleet("render", site, "cuont", "-o", out / "a.mp4", "--json")
    fails(done, code=3, says="count, long", kind="composition_not_found")
    assert json.loads(done.stdout_text)["error"]["context"]["known"] == ["count", "long"]


def test_a_composition_must_be_named_where_there_are_several(site, out):
    fails(framefleet("render", site, "-o", out / "a.mp4"), code=3, says="count, long")


def test_frames_beyond_the_end(site, out):
    done = framefleet("render", site, "count", "--frames", "5-10", "-o", out / "a.mp4")
    fails(done, code=2, says=["5-10", "0-9"])
    done = framefleet("still", site, "count", "--frame", "10", "-o", out / "a.png")
    fails(done, code=2, says="highest")
    assert os.listdir(out) == []


@pytest.mark.parametrize("name", ["missing", "empty", "notes.txt"])
def test_a_site_that_is_none(tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("no page")
    fails(framefleet("compositions", tmp_path / name), code=3, says="site")


@pytest.mark.parametrize(("path", "status"), [("nothing.html", "404"), ("broken", "500")])
def test_a_url_that_answers_with_an_error(site_url, path, status):
    done = framefleet("compositions", f"{site_url}/{path}", "--json")
    fails(done, code=3, says=status, kind="site_unreachable")


def test_an_address_nobody_listens_at():
    fails(framefleet("compositions", "http://127.0.0.1:9/"), code=3, says="127.0.0.1:9")


def test_an_error_of_the_page_is_told_with_its_source(remotion_site, out):
    done = framefleet("render", remotion_site, "Throws", "-o", out / "a.mp4")
    fails(done, code=4, says=["frame seven is broken", "src/compositions/Failures.tsx"])
    assert os.listdir(out) == []


def test_verbose_shows_the_traceback(tmp_path):
    done = framefleet("compositions", tmp_path, "--log-level", "verbose")
    assert done.returncode == 3
    assert "Traceback" in done.stderr_text


# Being stopped


def until_rendering(process):
    """Wait until browsers film; what was printed until then."""
    said = ""
    while "%" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    return said


@pytest.mark.parametrize(
    ("signals", "code"),
    [
        ([signal.SIGINT], 130),
        ([signal.SIGTERM], 143),
        ([signal.SIGHUP], 129),
        ([signal.SIGINT, signal.SIGINT, signal.SIGINT], 130),
    ],
    ids=["ctrl-c", "sigterm", "sighup", "impatient ctrl-c"],
)
@pytest.mark.parametrize("executor", ["process", "inline"])
def test_a_stopped_render_leaves_nothing(site, out, executor, signals, code):
    process = start(
        "render", site, "long", "-o", out / "a.mp4", "--executor", executor,
        "--chunk-frames", "50000", "--json",
    )  # fmt: skip
    until_rendering(process)
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    for number in signals:
        process.send_signal(number)
        time.sleep(0.05)
    result, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert said.endswith("Cancelled.\n")
    assert "Traceback" not in said
    assert json.loads(result)["error"]["code"] == "cancelled"
    _, alive = psutil.wait_procs(children, timeout=5)
    assert [child for child in alive if child.status() != psutil.STATUS_ZOMBIE] == []
    assert os.listdir(out) == []


def test_a_render_stopped_while_it_opens_leaves_nothing(site, out):
    process = start("render", site, "long", "-o", out / "a.mp4")
    assert process.stderr.readline().startswith("Opening")
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 143
    assert said.endswith("Cancelled.\n")
    assert "Traceback" not in said
    assert os.listdir(out) == []


@pytest.mark.parametrize("executor", ["process", "inline"])
def test_a_render_whose_progress_nobody_reads_ends(site, out, executor):
    """As with `2>&1 | head`."""
    process = start(
        "render", site, "long", "-o", out / "a.mp4", "--executor", executor,
        "--chunk-frames", "50000",
    )  # fmt: skip
    until_rendering(process)
    children = psutil.Process(process.pid).children(recursive=True)
    process.stderr.close()
    assert process.wait(timeout=30) == 1
    assert process.stdout.read() == ""
    process.stdout.close()
    _, alive = psutil.wait_procs(children, timeout=5)
    assert [child for child in alive if child.status() != psutil.STATUS_ZOMBIE] == []
    assert os.listdir(out) == []


def test_a_killed_render_leaves_no_process(site, out, tmp_path):
    # Nobody is left to remove its temporary folders.
    process = start(
        "render", site, "long", "-o", out / "a.mp4", "--chunk-frames", "50000",
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    until_rendering(process)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate(timeout=60)
    _, alive = psutil.wait_procs(children, timeout=20)
    assert [child for child in alive if child.status() != psutil.STATUS_ZOMBIE] == []
