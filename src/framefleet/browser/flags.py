"""The command line Chromium is started with."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from framefleet.browser.executable import Executable
from framefleet.domain.options import GL_BACKENDS
from framefleet.domain.plan import ChromiumOptions
from framefleet.errors import OptionError

# Frames are made only when asked for, and are complete when they are drawn (capture.md,
# any-page-clock.md "Start").
_FRAME_CONTROL = (
    "--enable-begin-frame-control",
    "--run-all-compositor-stages-before-draw",
    "--disable-new-content-rendering-timeout",
    "--disable-threaded-animation",
    "--disable-threaded-scrolling",
    "--disable-checker-imaging",
    "--disable-image-animation-resync",
    "--enable-surface-synchronization",
)
_QUIET = (
    "--allow-pre-commit-input",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-background-media-suspend",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-hang-monitor",
    "--disable-ipc-flooding-protection",
    "--disable-popup-blocking",
    "--disable-print-preview",
    "--disable-prompt-on-repost",
    "--disable-renderer-backgrounding",
    "--disable-sync",
    "--enable-automation",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--hide-scrollbars",
    "--intensive-wake-up-throttling-policy=0",
    "--metrics-recording-only",
    "--mute-audio",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    "--no-proxy-server",
    "--password-store=basic",
    "--use-mock-keychain",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-running-insecure-content",
)
# One process for all frames of a page: virtual time and begin frames stop at a process border.
_DISABLED_FEATURES = (
    "AudioServiceOutOfProcess",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "BackForwardCache",
    "BlockInsecurePrivateNetworkRequests",
    "IntensiveWakeUpThrottling",
    "IsolateOrigins",
    "LocalNetworkAccessChecks",
    "PaintHolding",
    "PrivateNetworkAccessRespectPreflightResults",
    "PrivateNetworkAccessSendPreflights",
    "Translate",
    "site-per-process",
)
# Fewer bitmaps to make, share and put together than with tiles of 256 px: 1080p takes 42 ms of CPU
# in place of 45. Gradients, dithered tile by tile, differ by one level, edges that cross a border
# by more in 0.01 % of the pixels (decision 10).
_LARGE_TILES = ("--default-tile-width=1920", "--default-tile-height=544")
_GL_FLAGS: dict[str | None, tuple[str, ...]] = {
    None: ("--disable-gpu", "--enable-unsafe-swiftshader"),
    "swangle": ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
    "swiftshader": ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
    "angle": ("--use-gl=angle", "--ignore-gpu-blocklist"),
    "angle-egl": ("--use-gl=angle", "--use-angle=gl-egl", "--ignore-gpu-blocklist"),
    "egl": ("--use-gl=egl", "--ignore-gpu-blocklist"),
    "vulkan": (
        "--use-angle=vulkan",
        "--use-vulkan=native",
        "--disable-vulkan-fallback-to-gl-for-testing",
        "--disable-vulkan-surface",
        "--ignore-gpu-blocklist",
        "--enable-gpu",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserOptions:
    """How Chromium is started.

    `chromium` holds for every page of the browser. `frame_control` has frames drawn only when they
    are asked for, where the browser can do so; without it each picture is a screenshot.
    `raster_threads` paint the tiles of a page side by side. `start_timeout_s` bounds the start of
    the process, `answer_timeout_s` each of its answers.
    """

    executable: Path | None = None
    chromium: ChromiumOptions = field(default_factory=ChromiumOptions)
    frame_control: bool = True
    raster_threads: int = 1
    start_timeout_s: float = 25.0
    answer_timeout_s: float = 60.0

    def __post_init__(self) -> None:
        gl = self.chromium.gl
        if gl not in _GL_FLAGS:
            raise OptionError(
                f'"gl" must be one of {", ".join(GL_BACKENDS)}, but is "{gl}".', gl=str(gl)
            )


def command_line(executable: Executable, profile: Path, options: BrowserOptions) -> list[str]:
    """The arguments of one browser with `profile` as its own folder."""
    headless = "--headless" if executable.is_headless_shell else "--headless=new"
    frame_control = _FRAME_CONTROL if wants_frame_control(executable, options) else ()
    # Chromium's sandbox cannot run as root.
    sandbox = ("--no-sandbox", "--no-zygote") if os.geteuid() == 0 else ()
    return [
        str(executable.path),
        headless,
        *frame_control,
        *_QUIET,
        *_GL_FLAGS[options.chromium.gl],
        *_towards_pages(options.chromium),
        *(() if options.chromium.small_tiles else _LARGE_TILES),
        f"--num-raster-threads={options.raster_threads}",
        *sandbox,
        *_shared_memory(),
        "--disable-site-isolation-trials",
        "--enable-features=NetworkService,NetworkServiceInProcess,CanvasDrawElement",
        f"--disable-features={','.join(_DISABLED_FEATURES)}",
        "--remote-debugging-pipe",
        f"--user-data-dir={profile}",
        "about:blank",
    ]


def _towards_pages(chromium: ChromiumOptions) -> list[str]:
    """Switches hold for workers and for requests of the browser itself as well, unlike overrides of
    a page. Web security can be off only with a profile of one's own, which each browser has."""
    flags = {
        "--disable-web-security": chromium.disable_web_security,
        "--ignore-certificate-errors": chromium.ignore_certificate_errors,
        f"--user-agent={chromium.user_agent}": chromium.user_agent is not None,
    }
    return [flag for flag, is_set in flags.items() if is_set]


def wants_frame_control(executable: Executable, options: BrowserOptions) -> bool:
    """Whether to start the browser such that frames are drawn only when asked for."""
    return executable.is_headless_shell and options.frame_control


def _shared_memory() -> tuple[str, ...]:
    """Containers often have a /dev/shm of 64 MB: too small for a 4K page."""
    try:
        stat = os.statvfs("/dev/shm")  # noqa: S108 (asked for its size only)
    except OSError:
        return ()
    return ("--disable-dev-shm-usage",) if stat.f_bavail * stat.f_frsize < 512 << 20 else ()
