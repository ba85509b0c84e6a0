"""Chromium's player shows the right frame wherever it seeks in a film with skip pictures."""

from __future__ import annotations

import hashlib
import random
from fractions import Fraction

import numpy as np
import pytest

from framefleet.browser.executable import find_browser
from framefleet.browser.flags import BrowserOptions
from framefleet.browser.process import BrowserProcess
from framefleet.domain.codecs import Codec
from framefleet.domain.composition import FrameSize
from framefleet.domain.output import (
    AudioOptions,
    ColorSpace,
    ImageFormat,
    OutputOptions,
    VideoOptions,
)
from framefleet.encoding.join import ChunkVideo, join
from framefleet.encoding.video_encoder import ChunkEncoder
from framefleet.testing.pictures import jpeg
from framefleet.testing.video import frames_of

pytestmark = pytest.mark.anyio

SIZE = FrameSize(162, 90)
RATE = Fraction(30)
# Repeats of each picture, by chunk: the second hold crosses the border, the third one outlasts
# the distance of key frames.
CHUNKS = ((0, 0, 0, 45, 0, 0, 30), (25, 0, 0, 0), (0, 290, 0, 0))

# The luma of each of these frames, as hexadecimal SHA-256. A player that has sought may show the
# frame before for a moment longer.
SEEK = """async (numbers, rate) => {
    const shown = async (video, number) => {
        for (;;) {
            const frame = new VideoFrame(video);
            if (Math.round(frame.timestamp * rate / 1e6) === number) return frame;
            frame.close();
            await new Promise((resolve) => setTimeout(resolve, 5));
        }
    };
    const video = document.querySelector('video'), found = [];
    if (video.readyState < 2) {
        await new Promise((resolve, reject) => {
            video.onloadeddata = resolve;
            video.onerror = () => reject(Error(video.error.message));
        });
    }
    for (const number of numbers) {
        const sought = new Promise((resolve) => { video.onseeked = resolve });
        video.currentTime = (number + 0.5) / rate;
        await sought;
        const frame = await shown(video, number);
        const {width, height} = frame.visibleRect;
        const samples = new Uint8Array(frame.allocationSize());
        const [luma] = await frame.copyTo(samples);
        frame.close();
        const rows = new Uint8Array(width * height);
        for (let y = 0; y < height; y++) {
            const start = luma.offset + y * luma.stride;
            rows.set(samples.subarray(start, start + width), y * width);
        }
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', rows));
        found.push([...digest].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
    }
    return found;
}"""


@pytest.fixture
async def player():
    """A browser that draws by itself: players wait for its frames."""
    options = BrowserOptions(frame_control=False, answer_timeout_s=60)
    process = await BrowserProcess.start(find_browser(), options)
    yield process
    await process.aclose()


def picture(number: int) -> bytes:
    grey = np.random.default_rng(number).integers(0, 255, (SIZE.height // 6 + 1, SIZE.width // 6))
    pixels = grey.repeat(6, 0).repeat(6, 1)[: SIZE.height, : SIZE.width].astype(np.uint8)
    return jpeg(np.stack([pixels, pixels, pixels, np.full_like(pixels, 255)], -1))


@pytest.fixture(params=["medium", "ultrafast"])
def film(request, tmp_path):
    """A film of holds; the second hold's picture is that of the chunk before."""
    chunks, number = [], 0
    for index, holds in enumerate(CHUNKS):
        path = tmp_path / f"{index}.chunk"
        with ChunkEncoder(
            path,
            size=SIZE,
            rate=RATE,
            options=VideoOptions(preset=request.param, color_space=ColorSpace.DEFAULT),
            image_format=ImageFormat.JPEG,
        ) as encoder:
            for repeats in holds:
                for repeat in range(repeats + 1):
                    encoder.write(None if repeat else picture(number))
                number += 1
            encoder.finish()
            number -= index == 0
            chunks.append(ChunkVideo(path, encoder.frames))
    path = tmp_path / "film.mp4"
    target = OutputOptions(codec=Codec.H264, extension="mp4")
    join(chunks, path, rate=RATE, target=target, audio=AudioOptions(), sound=None)
    return path


async def test_every_seek_shows_the_frame_that_was_sought(film, player, page_of):
    frames = [frame.to_ndarray()[: SIZE.height] for frame in frames_of(film)]
    expected = [hashlib.sha256(luma.tobytes()).hexdigest() for luma in frames]
    starts = [start for chunk in CHUNKS for start in chunk]
    ends = np.cumsum([repeats + 1 for repeats in starts])
    borders = {int(n) for end in ends for n in (end - 2, end - 1, end, end + 1)}
    inside = {3 + n for n in (1, 20, 21, 22, 30, 44)} | {250 + n for n in range(0, 130, 17)}
    sought = sorted(n for n in borders | inside if 0 <= n < len(frames))
    random.Random(3).shuffle(sought)
    async with page_of(player, "<video src=film.mp4 preload=auto muted></video>") as page:
        found = await page.call(SEEK, sought, int(RATE), await_promise=True, timeout_s=60)
    wrong = {
        n: expected.index(digest) if digest in expected else None
        for n, digest in zip(sought, found, strict=True)
        if digest != expected[n]
    }
    assert not wrong
