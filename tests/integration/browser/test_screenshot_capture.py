"""A browser without frame control draws by itself, and each picture is a screenshot of it."""

from __future__ import annotations

import pytest

import framefleet
from framefleet.browser.camera import UNCHANGED, Camera
from framefleet.browser.executable import find_browser
from framefleet.browser.flags import BrowserOptions
from framefleet.browser.process import BrowserProcess
from framefleet.domain.output import CaptureOptions, ImageFormat
from framefleet.errors import BrowserNotFoundError
from framefleet.testing.video import read_stamps

pytestmark = pytest.mark.anyio

PNG = CaptureOptions(image_format=ImageFormat.PNG)


@pytest.fixture
def full_browser(tmp_path):
    """Our headless shell under the name of a full Chromium, which gets no frame control."""
    path = tmp_path / "chromium"
    path.symlink_to(find_browser().path)
    assert not find_browser(path).is_headless_shell
    return path


@pytest.mark.parametrize("executor", ["inline", "process"])
def test_stamped_frames_come_out_right(full_browser, pages, tmp_path, executor):
    result = framefleet.render_media(
        pages / "stamped.html",
        "stamped",
        output=tmp_path / "out.mp4",
        frame_range=(0, 23),
        chunk_frames=12,
        x264_preset="ultrafast",
        browser_executable=full_browser,
        executor=executor,
    )
    assert result.capture == "screenshot"
    assert read_stamps(result.path) == list(range(24))


def test_a_page_on_our_clock_needs_frame_control(full_browser, pages, tmp_path):
    with pytest.raises(BrowserNotFoundError, match="only chromium-headless-shell can step"):
        framefleet.render_media(
            pages / "raf.html",
            output=tmp_path / "out.mp4",
            width=64,
            height=64,
            fps=30,
            duration_in_frames=3,
            browser_executable=full_browser,
        )


@pytest.fixture
async def free_running():
    options = BrowserOptions(frame_control=False)
    browser = await BrowserProcess.start(find_browser(), options)
    yield browser
    await browser.aclose()


async def test_frame_control_is_a_choice(free_running):
    assert free_running.executable.is_headless_shell
    assert not free_running.has_frame_control


async def test_changes_are_seen_and_holds_are_unchanged(free_running, page_of):
    async with page_of(free_running, "<body style='margin: 0'>") as page:
        camera = Camera(page, PNG)
        assert not camera.has_frame_control
        first = await camera.shoot()
        assert isinstance(first, bytes)
        assert await camera.shoot() is UNCHANGED
        for level in range(1, 8):
            await page.evaluate(f"document.body.style.background = 'rgb(0,0,{level})'")
            await camera.tick()
            assert isinstance(await camera.shoot(), bytes), level
            assert await camera.shoot() is UNCHANGED, level
        assert camera.probes == 0


async def test_both_ways_take_the_same_picture(browser, free_running, page_of):
    html = "<body style='margin: 0; background: #def'><p>Text, 3px <b>bold</b> &#x1F600;"
    pictures = []
    for one in (browser, free_running):
        async with page_of(one, html) as page:
            pictures.append(await Camera(page, PNG).shoot())
    assert pictures[0] == pictures[1]
