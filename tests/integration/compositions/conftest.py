"""A site with the pages of tests/compositions and the files they need, and a browser to film it."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from framefleet.browser.executable import find_browser
from framefleet.browser.flags import BrowserOptions
from framefleet.browser.process import BrowserProcess

TESTS = Path(__file__).parents[2]
PAGES = TESTS / "compositions"
LIBRARIES = (
    TESTS / "pages/node_modules/gsap/dist/gsap.min.js",
    TESTS / "pages/node_modules/lottie-web/build/player/lottie.min.js",
)
BLOCK = 20
CLIP_SECONDS = 2


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """For the whole session here, as the browser lives that long."""
    return "asyncio"


@pytest.fixture(scope="session")
async def browser(anyio_backend: str) -> AsyncIterator[BrowserProcess]:
    process = await BrowserProcess.start(find_browser(), BrowserOptions())
    yield process
    await process.aclose()


@pytest.fixture(scope="session")
def page_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all test pages."""
    folder = tmp_path_factory.mktemp("pages")
    shutil.copytree(PAGES, folder, dirs_exist_ok=True)
    for library in LIBRARIES:
        if library.is_file():
            shutil.copy(library, folder)
    (folder / "speed.json").write_text(json.dumps({"to": 100}))
    steps = [Image.new("RGB", (80, 80), (n * 25, 0, 255 - n * 25)) for n in range(10)]
    for name in ("steps.gif", "steps.png"):
        steps[0].save(folder / name, save_all=True, append_images=steps[1:], duration=100, loop=0)
    write_clip(folder / "clip.mp4", 25)
    return folder


@pytest.fixture(scope="session", params=[24, 25, 30, 60])
def clip_folder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int]:
    """A folder with `video.html` and a clip of some rate, and the rate."""
    folder = tmp_path_factory.mktemp("clip")
    shutil.copy(PAGES / "video.html", folder)
    write_clip(folder / "clip.mp4", request.param)
    return folder, request.param


@pytest.fixture
def page_of(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a page of its own; its path."""

    def write(html: str) -> Path:
        page = tmp_path / "page.html"
        page.write_text(f"<!doctype html><meta charset=utf-8>{html}")
        return page

    return write


def write_clip(path: Path, rate: int) -> None:
    """A video whose frames carry their number as 16 blocks, with a tone."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=rate, options={"preset": "veryfast", "crf": "10"})
        video.width, video.height, video.pix_fmt = 16 * BLOCK, 80, "yuv420p"
        audio = out.add_stream("aac", rate=48_000, layout="stereo")
        for number in range(CLIP_SECONDS * rate):
            frame = av.VideoFrame.from_ndarray(stamp(number, 80), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            out.mux(video.encode(frame))
        out.mux(video.encode())
        for start in range(0, CLIP_SECONDS * 48_000, 1024):
            tone = np.sin(2 * np.pi * 440 * (np.arange(1024) + start) / 48_000) * 0.3
            sound = av.AudioFrame.from_ndarray(
                np.stack([tone, tone]).astype(np.float32), "fltp", "stereo"
            )
            sound.sample_rate, sound.pts = 48_000, start
            out.mux(audio.encode(sound))
        out.mux(audio.encode())


def stamp(number: int, height: int) -> np.ndarray:
    """`(height, 320, 3) uint8, RGB`: the bits of `number`, lowest first, white for 1."""
    bits = [255 if number >> bit & 1 else 0 for bit in range(16)]
    row = np.repeat(np.array(bits, np.uint8), BLOCK)
    return np.broadcast_to(row[None, :, None], (height, row.size, 3)).copy()
