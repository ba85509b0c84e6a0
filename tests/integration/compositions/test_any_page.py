"""Any animated page, on our clock: the same pictures every time, and the right ones."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Callable, Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framefleet.browser.executable import find_browser
from framefleet.browser.flags import BrowserOptions
from framefleet.browser.page import PageLog
from framefleet.browser.process import BrowserProcess
from framefleet.compositions.any_page import AnyPageStage, measure_zero, set_stage
from framefleet.compositions.location import SiteLocation
from framefleet.compositions.site import open_site
from framefleet.compositions.stage import Scene
from framefleet.domain.composition import Composition, CompositionKind
from framefleet.domain.output import CaptureOptions, ImageFormat
from framefleet.domain.plan import PageOptions
from framefleet.errors import PageRetryError, PageTimeoutError

pytestmark = pytest.mark.anyio

FPS = 30
PAGES = (
    "animated_images",
    "canvas",
    "css_keyframes",
    "css_transitions",
    "fetch_then_animate",
    "gsap",
    "lottie",
    "raf",
    "random",
    "svg_smil",
    "timers",
    "video",
    "waapi",
    "workers",
)
REPEATS_IN_NEW_PAGES = 9


@contextlib.asynccontextmanager
async def stage_of(
    browser: BrowserProcess,
    page: Path,
    *,
    zero_s: float | None = None,
    timeout_s: float = 10.0,
    logs: list[PageLog] | None = None,
) -> AsyncIterator[AnyPageStage]:
    async with open_site(SiteLocation.parse(str(page))) as site:
        scene = Scene(
            site=site,
            composition=Composition(
                id="page",
                kind=CompositionKind.PAGE,
                width=320,
                height=180,
                fps=Fraction(FPS),
                duration_in_frames=300,
            ),
            input_props="{}",
            capture=CaptureOptions(image_format=ImageFormat.PNG),
            page=PageOptions(timeout_s=timeout_s),
            zero_s=zero_s,
            on_log=([] if logs is None else logs).append,
        )
        async with set_stage(browser, scene) as stage:
            yield stage


async def pictures(stage: AnyPageStage, frames: Iterable[int]) -> dict[int, bytes]:
    """What each frame looks like; an unchanged one looks like the one before."""
    found: dict[int, bytes] = {}
    last = b""
    for frame in frames:
        shot = (await stage.film(frame)).shot
        found[frame] = last = shot if isinstance(shot, bytes) else last
    return found


def dark(picture: bytes, y: int) -> int:
    row = np.array(Image.open(io.BytesIO(picture)).convert("L"))[y]
    return int((row < 128).sum())


def read_stamp(picture: bytes, y: int) -> int:
    row = np.array(Image.open(io.BytesIO(picture)).convert("L"))[y]
    return sum(int(row[bit * 20 + 10] > 128) << bit for bit in range(16))


@pytest.mark.parametrize("name", PAGES)
async def test_repeats_and_later_starts_give_the_same_pictures(browser, page_folder, name):
    page = page_folder / f"{name}.html"
    async with stage_of(browser, page) as stage:
        whole = await pictures(stage, range(14))
    for _ in range(REPEATS_IN_NEW_PAGES):
        async with stage_of(browser, page) as stage:
            assert await pictures(stage, (0, 1, 7)) == {n: whole[n] for n in (0, 1, 7)}
    for start in (1, 2, 8, 12):
        async with stage_of(browser, page) as stage:
            chunk = range(start, start + 2)
            assert await pictures(stage, chunk) == {n: whole[n] for n in chunk}


@pytest.mark.parametrize("name", ["css_keyframes", "raf", "video", "workers"])
async def test_another_browser_gives_the_same_pictures(browser, page_folder, name):
    page = page_folder / f"{name}.html"
    async with stage_of(browser, page) as stage:
        expected = await pictures(stage, (0, 1, 10))
    for _ in range(2):
        other = await BrowserProcess.start(find_browser(), BrowserOptions())
        try:
            async with stage_of(other, page) as stage:
                assert await pictures(stage, (0, 1, 10)) == expected
        finally:
            await other.aclose()


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        # Row of the picture: dark pixels at frames 0, 1, 6, 9 and 30.
        ("css_keyframes", {10: (0, 3, 20, 30, 100)}),
        ("css_transitions", {10: (0, 0, 0, 10, 80)}),
        ("waapi", {10: (0, 3, 20, 30, 100), 60: (0, 0, 0, 10, 80)}),
        ("raf", {10: (0, 3, 20, 30, 100), 60: (0, 3, 20, 30, 100), 100: (0, 1, 6, 9, 30)}),
        ("svg_smil", {10: (0, 3, 20, 30, 100)}),
        ("gsap", {10: (0, 3, 20, 30, 100)}),
    ],
)
async def test_motion_is_where_its_time_puts_it(browser, page_folder, name, rows):
    async with stage_of(browser, page_folder / f"{name}.html") as stage:
        found = await pictures(stage, (0, 1, 6, 9, 30))
    assert {y: tuple(dark(shot, y) for shot in found.values()) for y in rows} == rows


async def test_timers_run_at_their_exact_times(browser, page_folder):
    async with stage_of(browser, page_folder / "timers.html") as stage:
        await stage.film(29)
        before = await stage.page.evaluate("log.map(([name]) => name)")
        await stage.film(30)
        log = await stage.page.evaluate("log")
    assert "one second" not in before
    assert [(name, now - 0.1) for name, now, _ in log] == [
        (name, pytest.approx(ms, abs=0.01))
        for name, ms in [
            ("chain", 70),
            ("beat", 100),
            ("chain", 140),
            ("beat", 200),
            ("chain", 210),
            ("promise", 250),
            ("beat", 300),
            ("one second", 1000),
        ]
    ]
    assert [date for *_, date in log] == [int(600_000 + now) for _, now, _ in log]


async def test_animated_images_change_on_time(browser, page_folder):
    async with stage_of(browser, page_folder / "animated_images.html") as stage:
        found = await pictures(stage, range(14))
    colours = {
        n: [Image.open(io.BytesIO(shot)).convert("RGB").getpixel((40, y)) for y in (40, 120)]
        for n, shot in found.items()
    }
    for frame, shown in colours.items():
        step = frame // 3
        assert shown == [pytest.approx((step * 25, 0, 255 - step * 25), abs=2)] * 2, frame


async def test_a_step_back_gives_the_same_picture(browser, page_folder):
    async with stage_of(browser, page_folder / "raf.html") as stage:
        found = await pictures(stage, (2, 7))
        assert await pictures(stage, (2,)) == {2: found[2]}


async def test_frame_zero_can_be_agreed_on(browser, page_folder):
    page = page_folder / "raf.html"
    async with stage_of(browser, page) as stage:
        zero_s = stage.zero_s
        expected = await pictures(stage, (0, 3))
    async with stage_of(browser, page, zero_s=zero_s + 0.2) as stage:
        assert stage.zero_s == pytest.approx(zero_s + 0.2)
        assert await pictures(stage, (0, 3)) == expected
    with pytest.raises(PageRetryError, match="frame 0 was planned at"):
        async with stage_of(browser, page, zero_s=0.01):
            pass


async def test_holds_are_found_unchanged(browser, page_of):
    page = page_of(
        "<style>div { width: 9px; height: 9px; background: black }</style><div></div>"
        "<script>setTimeout(() => document.querySelector('div').style.width = '20px', 500)</script>"
    )
    async with stage_of(browser, page) as stage:
        shots = [(await stage.film(frame)).shot for frame in range(30)]
    assert [n for n, shot in enumerate(shots) if isinstance(shot, bytes)] == [0, 15]
    async with stage_of(browser, page) as stage:
        shots = [(await stage.film(frame)).shot for frame in (0, 1, 2, 20, 21)]
    assert [isinstance(shot, bytes) for shot in shots] == [True, False, False, True, False]


async def test_videos_show_the_right_frame_and_sound(browser, clip_folder):
    folder, rate = clip_folder
    async with stage_of(browser, folder / "video.html") as stage:
        for frame in (*range(20), 40, 45):
            filmed = await stage.film(frame)
            if isinstance(filmed.shot, bytes):
                picture = filmed.shot
            time = Fraction(frame, FPS)
            late = 1 + max(time - Fraction(1, 2), Fraction(0))
            shown = [read_stamp(picture, 40), read_stamp(picture, 120)]
            assert shown == [int(time * rate), min(int(late * rate), 2 * rate - 1)], frame
            [sound] = filmed.sounds.sounds
            assert sound.id == "site:/clip.mp4@0.0000+0.0000#1"
            assert sound.source == "site:/clip.mp4"
            assert sound.media_time_s == pytest.approx(float(time))


async def test_media_times_by_attributes(browser, page_folder, page_of):
    page = page_of(
        '<audio src="clip.mp4" data-start="0.11" data-end="0.21" data-media-start="0.5"></audio>'
        '<audio src="clip.mp4" autoplay muted></audio>'
        '<script>const late = new Audio("clip.mp4"); late.volume = 0.5; late.playbackRate = 2;'
        "late.loop = true; setTimeout(() => late.play(), 100);"
        "setTimeout(() => late.pause(), 200)</script>"
    )
    (page.parent / "clip.mp4").write_bytes((page_folder / "clip.mp4").read_bytes())
    async with stage_of(browser, page) as stage:
        sounds = {frame: (await stage.film(frame)).sounds.sounds for frame in range(8)}
    by_start: dict[str, dict[int, float]] = {}
    for frame, found in sounds.items():
        for sound in found:
            by_start.setdefault(sound.id, {})[frame] = round(sound.media_time_s, 4)
    assert by_start == {
        "site:/clip.mp4@0.1100+0.5000#1": {n: round(0.5 + n / 30 - 0.11, 4) for n in (3, 4, 5, 6)},
        "site:/clip.mp4@0.1000+0.0000#1": {n: round(2 * (n / 30 - 0.1), 4) for n in (3, 4, 5)},
    }
    [timed, played] = sorted(sounds[4], key=lambda sound: sound.volume, reverse=True)
    assert timed.media_end_s == pytest.approx(0.6)
    assert (played.volume, played.playback_rate, played.loop) == (0.5, 2.0, True)


async def test_an_unanswered_request_is_named(browser, page_of):
    ended = asyncio.Event()

    async def keep_silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(keep_silent, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/never"
        page = page_of(f"<script>setTimeout(() => fetch('{url}'), 50)</script>")
        async with stage_of(browser, page, timeout_s=1.0) as stage:
            with pytest.raises(PageTimeoutError, match="/never"):
                await stage.film(3)
        ended.set()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("new WebSocket('ws://localhost:1').onclose = () => log.push('closed')", "WebSocket"),
        ("new EventSource('/x').onerror = () => log.push('closed')", "EventSource"),
        (
            "navigator.mediaDevices.getUserMedia({video: true}).catch(() => log.push('closed'))",
            "getUserMedia",
        ),
        ("log.push('closed', typeof SharedWorker)", "SharedWorker"),
        ("new AudioContext(); log.push('closed')", "AudioContext"),
    ],
)
async def test_real_time_input_is_refused_with_a_warning(
    browser, page_of: Callable[[str], Path], script, kind
):
    logs: list[PageLog] = []
    page = page_of(f"<script>window.log = []; {script}</script>")
    async with stage_of(browser, page, logs=logs) as stage:
        await stage.film(1)
        assert "closed" in await stage.page.evaluate("log")
    assert [log.level for log in logs if f"framefleet: {kind}" in log.text] == ["warn"]


async def test_documents_in_frames_share_the_clock(browser, page_of):
    inner = (
        "<style>body{margin:0;background:white} div{height:40px;width:0;background:black}</style>"
        "<div></div><script>"
        "const go = (t) => {document.querySelector('div').style.width = t / 10 + 'px';"
        "requestAnimationFrame(go)}; requestAnimationFrame(go)</script>"
    )
    page = page_of(
        "<style>body{margin:0;background:white} iframe{border:0;display:block;height:60px}</style>"
        f'<iframe srcdoc="{inner}"></iframe>'
        f'<iframe sandbox="allow-scripts" srcdoc="{inner}"></iframe>'
    )
    async with stage_of(browser, page) as stage:
        found = await pictures(stage, (0, 30))
    assert [dark(found[0], y) for y in (20, 80)] == [0, 0]
    assert [dark(found[30], y) for y in (20, 80)] == [100, 100]


async def test_zero_is_measured(browser, page_folder):
    async with open_site(SiteLocation.parse(str(page_folder / "raf.html"))) as site:
        scene = Scene(
            site=site,
            composition=Composition(
                id="page",
                kind=CompositionKind.PAGE,
                width=320,
                height=180,
                fps=Fraction(FPS),
                duration_in_frames=1,
            ),
            input_props="{}",
            capture=CaptureOptions(),
            page=PageOptions(),
        )
        assert await measure_zero(browser, scene) == pytest.approx(0.15)
