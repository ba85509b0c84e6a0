"""A probe that finds a frame unchanged is held against a picture of every frame."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from framefleet.browser.camera import Camera, Unchanged
from framefleet.browser.page import Page
from framefleet.browser.process import BrowserProcess
from framefleet.domain.output import CaptureOptions, ImageFormat

pytestmark = pytest.mark.anyio

PAGE = Path(__file__).parent / "changes.html"
KINDS = re.findall(r"^    (?:'([^']+)'|(\w+)): ", PAGE.read_text(), re.MULTILINE)
NAMES = [quoted or plain for quoted, plain in KINDS]
INVISIBLE = {"nothing", "nothing to be seen"}
# The number of the change to make before each frame; None leaves the page alone. A hold begins
# with two equal pictures, and a change must be seen wherever in a hold it comes.
SCRIPT = (0, None, None, 1, None, None, None, 2, 3, None, None, None, None, 4, None)


@pytest.fixture(params=[ImageFormat.PNG])
def capture(request) -> CaptureOptions:
    return CaptureOptions(image_format=request.param)


async def film(page: Page, camera: Camera, kind: str) -> list[bytes]:
    """The picture of each frame of the script."""
    await page.call("begin", kind, await_promise=True)
    if "worker" in kind:
        # The first picture a worker drew is shown a frame late, the later ones are not.
        await camera.shoot()
    camera.forget()
    pictures: list[bytes] = []
    for change in SCRIPT:
        if change is not None:
            await page.call("change", change, await_promise=True)
        shot = await camera.shoot()
        pictures.append(pictures[-1] if isinstance(shot, Unchanged) else shot)
    return pictures


@pytest.mark.parametrize("kind", NAMES)
async def test_a_probe_sees_what_a_picture_sees(browser: BrowserProcess, page_of, capture, kind):
    async with page_of(browser, PAGE) as page:
        assert sorted(await page.evaluate("kinds")) == sorted(NAMES)
        careful, probing = Camera(page, capture), Camera(page, capture)
        careful.may_probe = False
        expected = await film(page, careful, kind)
        found = await film(page, probing, kind)
    assert careful.probes == 0
    changes = [index for index, (a, b) in enumerate(pairwise(expected), 1) if a != b]
    visible = [] if kind in INVISIBLE else [i for i, n in enumerate(SCRIPT) if n]
    assert changes == visible, "the page does not change its picture where the script says"
    assert [a == b for a, b in zip(found, expected, strict=True)] == [True] * len(SCRIPT)
    assert probing.probes >= (4 if visible else len(SCRIPT) - 3)
    assert probing.screenshots < careful.screenshots


async def test_a_page_that_always_moves_pays_for_no_probe(
    browser: BrowserProcess, page_of, capture, monkeypatch
):
    async with page_of(browser, PAGE) as page:
        camera = Camera(page, capture)
        await page.call("begin", "transform", await_promise=True)
        await camera.shoot()
        sent: list[str] = []
        send = page.session.send

        def note(method: str, **more: object):
            sent.append(method)
            return send(method, **more)

        monkeypatch.setattr(page.session, "send", note)
        for number in range(1, 13):
            await page.call("change", number)
            assert not isinstance(await camera.shoot(), Unchanged)
    assert sent.count("HeadlessExperimental.beginFrame") == 12
