"""Sounds that a page keeps in itself, as `blob:` and `data:`: every machine can hear them."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import wave
from collections.abc import AsyncIterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from framefleet.browser.process import BrowserProcess
from framefleet.compositions.location import SiteLocation
from framefleet.compositions.opening import set_stage
from framefleet.compositions.site import OpenSite, open_site
from framefleet.compositions.stage import Scene, Stage
from framefleet.domain.composition import Composition, CompositionKind
from framefleet.domain.output import CaptureOptions, ImageFormat
from framefleet.domain.plan import PageOptions
from framefleet.domain.sound import Sound
from framefleet.errors import MediaError

pytestmark = pytest.mark.anyio

RATE = 8000


def tone() -> bytes:
    """A second of a WAV file whose bytes are all different ones."""
    samples = (np.sin(np.arange(RATE) * 0.7) * 20_000).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return file.getvalue()


BYTES = tone()
BLOB = (
    f"const text = atob({json.dumps(base64.b64encode(BYTES).decode())});"
    "const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));"
    "const url = URL.createObjectURL(new Blob([bytes], {type: 'audio/wav'}));"
)
SEEK = "window.framefleet = {seek() {}};"
REVOKE = "URL.revokeObjectURL(url);"
PAGES = {
    "framefleet": f"<audio id=a data-start=0.1></audio><script>{BLOB} a.src = url; {SEEK}</script>",
    "framefleet, revoked": "<audio id=a data-start=0.1></audio>"
    f"<script>{BLOB} a.src = url; a.onloadedmetadata = () => {{ {REVOKE} }}; {SEEK}</script>",
    "page": f"<script>{BLOB} const a = new Audio(url); setTimeout(() => a.play(), 100)</script>",
    "page, revoked": f"<script>{BLOB} const a = new Audio(url);"
    f"setTimeout(() => {{ a.play(); {REVOKE} }}, 100)</script>",
    "page, in a frame": '<iframe srcdoc="'
    f"<script>{BLOB.replace(chr(34), chr(39))} const a = new Audio(url);"
    'setTimeout(() => a.play(), 100)</script>"></iframe>',
}


@contextlib.asynccontextmanager
async def stage_of(
    browser: BrowserProcess, page: Path, kind: CompositionKind, **changes
) -> AsyncIterator[tuple[Stage, OpenSite]]:
    async with open_site(SiteLocation.parse(str(page))) as site:
        scene = Scene(
            site=site,
            composition=Composition(
                id="Sounds",
                kind=kind,
                width=160,
                height=90,
                fps=Fraction(30),
                duration_in_frames=60,
            ),
            input_props="{}",
            capture=CaptureOptions(image_format=ImageFormat.NONE),
            page=PageOptions(timeout_s=8),
        )
        async with set_stage(browser, replace(scene, **changes)) as stage:
            yield stage, site


async def sound_at(stage: Stage, frame: int) -> Sound:
    [sound] = (await stage.listen(frame)).sounds.sounds
    return sound


@pytest.mark.parametrize("name", PAGES)
async def test_a_blob_is_heard_under_a_name_that_every_machine_understands(browser, page_of, name):
    page = page_of(PAGES[name])
    kind = CompositionKind(name.partition(",")[0])
    found = []
    for frames in ((5, 12), (12,)):
        async with stage_of(browser, page, kind) as (stage, site):
            found += [await sound_at(stage, frame) for frame in frames]
            assert (await site.media.path(found[-1].source)).read_bytes() == BYTES
    assert [sound.media_time_s for sound in found] == pytest.approx([2 / 30, 0.3, 0.3])
    assert len({(sound.source, sound.id) for sound in found}) == 1
    assert found[0].source.startswith("data:audio/wav;base64,")
    assert len(found[0].id) < 60


async def test_a_muted_render_reads_no_blob(browser, page_of):
    page = page_of(PAGES["page"])
    async with stage_of(browser, page, CompositionKind.PAGE, muted=True) as (stage, _):
        assert (await stage.listen(5)).sounds.sounds == ()


async def test_a_blob_that_cannot_be_read_is_an_error_that_says_so(browser, page_of):
    policy = "<meta http-equiv=Content-Security-Policy content=\"connect-src 'none'\">"
    page = page_of(policy + PAGES["framefleet"])
    async with stage_of(browser, page, CompositionKind.FRAMEFLEET) as (stage, _):
        with pytest.raises(MediaError, match=r"blob:.* cannot be read"):
            await stage.listen(4)


async def test_data_urls_are_heard_by_what_they_hold(browser, page_of):
    sound = f"data:audio/wav;base64,{base64.b64encode(BYTES).decode()}"
    # A picture of no sound at all.
    still = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
    page = page_of(
        f'<audio src="{sound}" data-start=0></audio><audio src="{still}" data-start=0></audio>'
        f"<script>{SEEK}</script>"
    )
    async with stage_of(browser, page, CompositionKind.FRAMEFLEET) as (stage, _):
        heard = await sound_at(stage, 3)
    assert heard.source == sound
    assert len(heard.id) < 60


async def test_a_remotion_composition_may_play_a_blob(browser, remotion_site, tmp_path):
    """Beyond the reference, which refuses it."""
    site = tmp_path / "site"
    site.mkdir()
    for entry in remotion_site.iterdir():
        (site / entry.name).symlink_to(entry)
    html = (remotion_site / "index.html").read_text()
    (site / "index.html").unlink()
    (site / "index.html").write_text(
        html.replace("<body>", f"<body><script>{BLOB} window.blobUrl = url</script>", 1)
    )
    script = (remotion_site / "bundle.js").read_text()
    plays = '(0,esm.staticFile)("steps.wav")'
    assert plays in script
    (site / "bundle.js").unlink()
    (site / "bundle.js").write_text(script.replace(plays, "window.blobUrl"))
    async with stage_of(browser, site, CompositionKind.REMOTION) as (stage, opened):
        heard = await sound_at(stage, 10)
        assert (await opened.media.path(heard.source)).read_bytes() == BYTES
    assert heard.media_time_s == pytest.approx(1 / 3)
