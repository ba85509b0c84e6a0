"""What every kind of composition offers the renderer: a stage that films any frame."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from framefleet.browser.camera import Camera, Shot
from framefleet.browser.page import PageLog
from framefleet.browser.process import BrowserProcess
from framefleet.compositions.site import OpenSite
from framefleet.domain.composition import Composition
from framefleet.domain.destination import DownloadBehavior
from framefleet.domain.output import DEFAULT_SAMPLE_RATE, CaptureOptions
from framefleet.domain.plan import PageOptions
from framefleet.domain.sound import FrameSounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file the page itself emitted at composition frame `frame`.

    `download` is what browsers do with it; None is what they do with the output.
    """

    filename: str
    content: bytes
    frame: int
    download: DownloadBehavior | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmedFrame:
    """One frame: its picture or *unchanged*, what sounds in it, what the page emitted.

    `shot` None: nothing was photographed.
    """

    shot: Shot | None
    sounds: FrameSounds
    artifacts: tuple[Artifact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything a stage is set with.

    `first_frame` is the frame that will be filmed first. `zero_s` is the page time of frame 0 for
    pages on our clock (None: find it). `attempt` counts the tries at this piece of work from 1.
    """

    site: OpenSite
    composition: Composition
    input_props: str
    capture: CaptureOptions
    page: PageOptions
    muted: bool = False
    sample_rate: int = DEFAULT_SAMPLE_RATE
    first_frame: int = 0
    attempt: int = 1
    zero_s: float | None = None
    on_log: Callable[[PageLog], None] = field(default=lambda log: None)


class Stage(Protocol):
    """One page that shows one composition."""

    @property
    def camera(self) -> Camera:
        """What photographs the page."""
        ...

    async def film(self, frame: int) -> FilmedFrame:
        """Show frame `frame` and photograph it.

        Frames may come in any order, but rising order is cheapest. `shot` is UNCHANGED only if the
        picture equals that of the frame filmed just before on this stage.

        Raises:
            PageError: the page failed; the stage cannot be used again.
            BrowserCrashedError: the browser did.
        """
        ...

    async def listen(self, frame: int) -> FilmedFrame:
        """Show frame `frame` as `film` does, but take no picture: `shot` is None."""
        ...


SetStage = Callable[[BrowserProcess, Scene], AbstractAsyncContextManager[Stage]]
