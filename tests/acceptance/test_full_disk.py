"""Where an output cannot be written: a full disk, a taken name, a folder that is none."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import threading

import pytest

import framefleet
from framefleet.errors import OutputError, OutputExistsError
from framefleet.testing.video import read_stamps

# Disks of our own need mount, so each runs in a namespace of its own: nobody else sees them, and
# nothing has to be unmounted.
ALONE = ("unshare", "--user", "--map-root-user", "--mount", sys.executable, "-c")
PRELUDE = """
    import json, os, pathlib, subprocess, tempfile
    import framefleet
    from framefleet.errors import FramefleetError

    def mount(folder, options):
        pathlib.Path(folder).mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)

    def fill(folder):
        with open(os.path.join(folder, "filler"), "wb", buffering=0) as file:
            try:
                while file.write(bytes(1 << 16)):
                    pass
            except OSError:
                pass

    def render(output, frames=60, **options):
        try:
            framefleet.render_media(
                PAGE, output=output, x264_preset="ultrafast", chunk_frames=20,
                input_props={"durationInFrames": frames}, **options,
            )
            code, message = "none", ""
        except FramefleetError as error:
            code, message = error.code, str(error)
        left = [str(path) for folder in (output.parent, TMP) for path in folder.iterdir()]
        left = [path for path in left if "filler" not in path]
        print(json.dumps({"code": code, "message": message, "left": left}))
"""


@pytest.fixture
def alone(pages, tmp_path):
    """Runs a script in a namespace of its own; what it printed as JSON."""

    def run(script: str) -> dict[str, object]:
        tmp = tmp_path / "tmp"
        tmp.mkdir()
        given = (
            f"import pathlib\nPAGE, ROOT = {str(pages / 'stamped.html')!r}, "
            f"pathlib.Path({str(tmp_path)!r})\nTMP = ROOT / 'tmp'\n"
            "import os; os.environ['TMPDIR'] = str(TMP)\n"
        )
        done = subprocess.run(
            [*ALONE, given + textwrap.dedent(PRELUDE) + textwrap.dedent(script)],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, object] = json.loads(done.stdout)
        return found

    return run


@pytest.mark.parametrize("executor", ["inline", "process"])
def test_a_disk_for_temporary_files_that_fills_up(alone, executor):
    found = alone(f"""
        mount(TMP, "size=64m")
        (ROOT / "out").mkdir()
        render(
            ROOT / "out" / "out.mp4",
            # However late the first progress comes, there is much to be written after it.
            frames=1200,
            executor={executor!r},
            on_progress=lambda progress: progress.frames_rendered and fill(TMP),
        )
    """)
    assert found["code"] == "disk_full", found
    assert "TMPDIR" in str(found["message"])
    assert found["left"] == []


def test_a_disk_for_temporary_files_that_is_full_before_we_begin(alone):
    found = alone("""
        mount(TMP, "size=1m")
        assert tempfile.gettempdir() == str(TMP)
        fill(TMP)
        (ROOT / "out").mkdir()
        render(ROOT / "out" / "out.mp4")
    """)
    assert found["code"] == "disk_full", found
    assert found["left"] == []


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_a_disk_too_small_for_the_output(alone, ending):
    found = alone(f"""
        mount(ROOT / "small", "size=32k")
        render(ROOT / "small" / "out.{ending}")
    """)
    assert found["code"] == "disk_full", found
    assert f"out.{ending}" in str(found["message"])
    assert found["left"] == []


def test_a_disk_too_small_for_the_output_is_found_out_long_before_the_last_frame(alone):
    found = alone("""
        mount(ROOT / "small", "size=32k")
        seen = []
        try:
            framefleet.render_media(
                PAGE, output=ROOT / "small" / "out.mkv", x264_preset="ultrafast", chunk_frames=20,
                input_props={"durationInFrames": 3000},
                on_progress=lambda progress: seen.append(progress.frames_rendered),
            )
        except FramefleetError as error:
            left = [path.name for path in (*(ROOT / "small").iterdir(), *TMP.iterdir())]
            print(json.dumps({"code": error.code, "frames": seen[-1], "left": left}))
    """)
    assert found["code"] == "disk_full", found
    assert int(str(found["frames"])) < 1500
    assert found["left"] == []


def test_a_disk_that_cannot_be_written(alone):
    found = alone("""
        mount(ROOT / "readonly", "ro")
        render(ROOT / "readonly" / "out.mp4")
    """)
    assert found["code"] == "output_failed", found
    assert "cannot be written to" in str(found["message"])
    assert found["left"] == []


@pytest.fixture
def film(pages, tmp_path):
    def render(**options):
        defaults = {"output": tmp_path / "out.mp4", "frame_range": (0, 9), "executor": "inline"}
        return framefleet.render_media(
            pages / "stamped.html", x264_preset="ultrafast", **{**defaults, **options}
        )

    return render


def test_an_output_that_exists_is_kept(film, tmp_path):
    taken = tmp_path / "out.mp4"
    taken.write_bytes(b"precious")
    with pytest.raises(OutputExistsError, match="exists already"):
        film()
    assert taken.read_bytes() == b"precious"


def test_an_output_may_be_replaced(film, tmp_path):
    (tmp_path / "out.mp4").write_bytes(b"old")
    assert read_stamps(film(overwrite=True).output) == list(range(10))


def test_a_failed_render_does_not_touch_what_it_was_to_replace(film, tmp_path):
    (tmp_path / "out.mp4").write_bytes(b"old")
    cancel = framefleet.CancelSignal()
    with pytest.raises(framefleet.FramefleetError):
        film(overwrite=True, cancel_signal=cancel, on_progress=lambda progress: cancel.cancel())
    assert (tmp_path / "out.mp4").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_an_output_somebody_wrote_meanwhile_is_kept(film, tmp_path):
    written = threading.Event()

    def write(progress):
        if not written.is_set():
            (tmp_path / "out.mp4").write_bytes(b"theirs")
            written.set()

    with pytest.raises(OutputExistsError, match=r"exists already|by another process meanwhile"):
        film(on_progress=write)
    assert (tmp_path / "out.mp4").read_bytes() == b"theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


@pytest.mark.parametrize("overwrite", [True, False])
def test_disks_without_links_get_their_output_too(film, tmp_path, monkeypatch, overwrite):
    def refuse(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("pathlib.Path.hardlink_to", refuse)
    monkeypatch.setattr("os.link", refuse)
    assert read_stamps(film(overwrite=overwrite).output) == list(range(10))
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("missing/out.mp4", "does not exist. Create it: mkdir -p"),
        ("folder.mp4", "is a folder. Name a file"),
        ("file/out.mp4", "does not exist"),
    ],
)
def test_what_cannot_hold_an_output_is_refused_at_once(film, tmp_path, output, message):
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "file").write_bytes(b"")
    seen: list[object] = []
    with pytest.raises(OutputError) as caught:
        film(output=tmp_path / output, on_progress=seen.append)
    assert message in str(caught.value)
    assert seen == []
