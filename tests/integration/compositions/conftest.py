"""A site with the pages of tests/compositions and the files they need, and a browser to film it."""

from __future__ import annotations

import io
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
async def browser(anyio_backend: str) -> AsyncIterator[BrowserProcess]:
    process = await BrowserProcess.start(find_browser(), BrowserOptions())
    yield process
    await process.aclose()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all test pages."""
    folder = tmp_path_factory.mktemp("pages")
    shutil.copytree(PAGES, folder, dirs_exist_ok=True)
    for library in LIBRARIES:
        if library.is_file():
            shutil.copy(library, folder)
    (folder / "speed.json").write_text(json.dumps({"to": 100}))
    steps = [Image.new("RGB", (80, 80), (n * 25, 0, 255 - n * 25)) for n in range(10)]
    for name in ("steps.gif", "steps.png"):
        steps[0].save(
            folder / name, save_all=True, append_images=steps[1:], duration=100, loop=0
        )
    write_clip(folder / "clip.mp4", 25)
    return folder


@pytest.fixture
def site_of(tmp_path: Path) -> Callable[[str], Path]:
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
    """`(height, 320, 3) uint8, RGB`: the bits of `number`, lowest first, black for 1."""
    bits = [0 if number >> bit & 1 else 255 for bit in range(16)]
    row = np.repeat(np.array(bits, np.uint8), BLOCK)
    return np.broadcast_to(row[None, :, None], (height, row.size, 3)).copy()


def read_stamp(picture: bytes, y: int = 10) -> int:
    """The number a picture carries in its row `y`."""
    row = grey(picture)[y]
    return sum(int(row[bit * BLOCK + BLOCK // 2] < 128) << bit for bit in range(16))


def grey(picture: bytes) -> np.ndarray:
    """`(height, width) uint8`: luma of an encoded picture."""
    return np.array(Image.open(io.BytesIO(picture)).convert("L"))


def dark(picture: bytes, y: int) -> int:
    """How many pixels of row `y` are dark."""
    return int((grey(picture)[y] < 128).sum())
