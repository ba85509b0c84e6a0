"""How Chromium behaves towards pages: each option does what it says, for every kind of page."""

from __future__ import annotations

import contextlib
import io
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from PIL import Image

from framefleet.browser.executable import find_browser
from framefleet.browser.flags import BrowserOptions
from framefleet.browser.page import Page, PageSetup
from framefleet.browser.process import BrowserProcess
from framefleet.compositions.location import SiteLocation
from framefleet.compositions.site import open_site
from framefleet.domain.events import Log
from framefleet.domain.plan import ChromiumOptions, PageOptions
from framefleet.errors import MediaError, SiteUnreachableError
from framefleet.rendering.still import render_still

pytestmark = pytest.mark.anyio

AGENT = "Test Agent/1.0 (of ours)"
RED, BLUE = (255, 0, 0), (0, 0, 255)
# Says what it sees on the console and as a colour.
WITNESS = """
<style>
  #witness { position: fixed; inset: 0; z-index: 9999; background: rgb(255, 0, 0) }
  @media (prefers-color-scheme: dark) { #witness { background: rgb(0, 0, 255) } }
</style>
<div id=witness></div>
<script>
  console.warn('dark', matchMedia('(prefers-color-scheme: dark)').matches);
  console.warn('agent', navigator.userAgent);
</script>
"""


class Server:
    """Answers everything with a text, without leave for other origins, and notes who asks."""

    def __init__(self) -> None:
        self.port = 0
        self.agents: dict[str, str] = {}

    async def answer(self, request: web.Request) -> web.Response:
        self.agents[request.path] = request.headers["User-Agent"]
        if request.path == "/worker.js":
            script = "fetch('/of-worker').then(() => postMessage(navigator.userAgent))"
            return web.Response(text=script, content_type="text/javascript")
        return web.Response(text="<title>plain</title>", content_type="text/html")


@contextlib.asynccontextmanager
async def serving(certificate: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_get("/{path:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate).start()
    server.port = runner.addresses[0][1]
    yield server
    await runner.cleanup()


@contextlib.asynccontextmanager
async def blank(**chromium) -> AsyncIterator[Page]:
    """A tab of a browser that is started with these options."""
    options = BrowserOptions(chromium=ChromiumOptions(**chromium), answer_timeout_s=20)
    process = await BrowserProcess.start(find_browser(), options)
    try:
        async with Page.open(process, PageSetup(width=200, height=150)) as page:
            yield page
    finally:
        await process.aclose()


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@pytest.mark.parametrize("is_off", [False, True])
async def test_web_security_off_lets_a_page_read_from_elsewhere(is_off):
    async with (
        serving() as home,
        serving() as elsewhere,
        blank(disable_web_security=is_off) as page,
    ):
        await page.navigate(f"http://localhost:{home.port}/", timeout_s=10)
        read = f"fetch('http://localhost:{elsewhere.port}/x').then((r) => r.text(), () => null)"
        found = await page.evaluate(read, await_promise=True)
    assert found == ("<title>plain</title>" if is_off else None)


@pytest.mark.parametrize("is_ignored", [False, True])
async def test_a_bad_certificate_counts_unless_ignored(self_signed, is_ignored):
    async with (
        serving(self_signed) as server,
        blank(ignore_certificate_errors=is_ignored) as page,
    ):
        url = f"https://localhost:{server.port}/"
        if is_ignored:
            assert await page.navigate(url, timeout_s=10) == 200
            assert await page.evaluate("document.title") == "plain"
        else:
            with pytest.raises(SiteUnreachableError, match="ERR_CERT_AUTHORITY_INVALID"):
                await page.navigate(url, timeout_s=10)


@pytest.mark.parametrize("is_ignored", [False, True])
async def test_media_is_fetched_as_strictly_as_the_browser_would(tmp_path, self_signed, is_ignored):
    (tmp_path / "index.html").write_text("")
    page = PageOptions(chromium=ChromiumOptions(ignore_certificate_errors=is_ignored))
    async with (
        serving(self_signed) as server,
        open_site(SiteLocation.parse(str(tmp_path)), page) as site,
    ):
        url = f"https://localhost:{server.port}/sound.wav"
        if is_ignored:
            assert (await site.media.path(url)).read_text() == "<title>plain</title>"
        else:
            with pytest.raises(MediaError, match=r"certificate.*--ignore-certificate-errors"):
                await site.media.path(url)


async def test_the_user_agent_is_seen_by_page_worker_and_servers():
    async with serving() as server, blank(user_agent=AGENT) as page:
        await page.navigate(f"http://localhost:{server.port}/", timeout_s=10)
        in_worker = await page.evaluate(
            "new Promise((done) => { new Worker('/worker.js').onmessage = (e) => done(e.data) })",
            await_promise=True,
        )
        assert [await page.evaluate("navigator.userAgent"), in_worker] == [AGENT, AGENT]
    assert server.agents == dict.fromkeys(("/", "/worker.js", "/of-worker"), AGENT)


@pytest.mark.parametrize(("agent", "seen"), [(None, "Mozilla/5.0 (framefleet)"), (AGENT, AGENT)])
async def test_the_user_agent_is_that_of_media_and_of_frames_of_videos(tmp_path, agent, seen):
    (tmp_path / "index.html").write_text("")
    page = PageOptions(chromium=ChromiumOptions(user_agent=agent))
    async with (
        serving() as server,
        open_site(SiteLocation.parse(str(tmp_path)), page) as site,
        aiohttp.ClientSession() as client,
    ):
        await site.media.path(f"http://localhost:{server.port}/sound.wav")
        video = f"http://localhost:{server.port}/clip.mp4"
        async with client.get(f"{site.origin}/proxy", params={"src": video, "time": "0"}) as got:
            assert got.status == 500  # It is no video, but it was asked for.
    assert server.agents == {"/sound.wav": seen, "/clip.mp4": seen}


@pytest.mark.parametrize(
    ("chromium", "is_dark"),
    [(ChromiumOptions(), False), (ChromiumOptions(dark_mode=True, user_agent=AGENT), True)],
)
async def test_every_kind_of_page_sees_the_agent_and_the_scheme(
    kind, site_of, studio_of, chromium, is_dark
):
    site, logs = site_of(kind, WITNESS), list[Log]()
    plan = site.plan(page=PageOptions(timeout_s=8, chromium=chromium))
    async with studio_of(site, plan, logs=logs) as studio:
        picture = (await render_still(plan, 1, studio)).picture
    said = dict(log.text.split(" ", 1) for log in logs if log.text.startswith(("dark", "agent")))
    assert said["dark"] == str(is_dark).lower()
    assert (said["agent"] == AGENT) is is_dark
    assert "Headless" in said["agent"] or is_dark
    colour = Image.open(io.BytesIO(picture)).convert("RGB").getpixel((160, 90))
    assert colour == (BLUE if is_dark else RED)
