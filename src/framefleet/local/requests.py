"""From keyword arguments to requests: named, completed and checked before a browser starts.

Imports no media library and no server: the browser starts while those are loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from framefleet.browser.flags import BrowserOptions
from framefleet.domain import rules
from framefleet.domain.arguments import complete
from framefleet.domain.composition import Composition
from framefleet.domain.events import ArtifactFile, Log
from framefleet.domain.options import (
    ChromiumArguments,
    MediaArguments,
    SequenceArguments,
    SiteArguments,
    StillArguments,
)
from framefleet.domain.output import CaptureOptions
from framefleet.domain.overrides import Overrides
from framefleet.domain.plan import PageOptions
from framefleet.domain.progress import RenderProgress
from framefleet.domain.rules import Resolved
from framefleet.local.wanted import Wanted
from framefleet.machine import default_streams, usable_cores
from framefleet.rendering.planning import Division
from framefleet.settings import ExecutorName, Settings

# A frame costs one interpreter about 4 ms, against 80 ms of browser and encoder: four streams
# leave it mostly idle (docs/decisions/0001).
MAX_INLINE_STREAMS = 4
# What Chromium itself allows.
_MOST_RASTER_THREADS = 4

OnBrowserLog = Callable[[Log], None]
OnProgress = Callable[[RenderProgress], None]
OnArtifact = Callable[[ArtifactFile], None]
Given = Mapping[str, Any]
Site = str | Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRequest:
    """A site and how it is looked at. `site` is as the caller named it."""

    site: str
    input_props: str
    page: PageOptions
    overrides: Overrides
    browser: BrowserOptions
    on_log: OnBrowserLog


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRequest:
    """Frames somebody wants as a file, or as a folder of pictures.

    `provisional` are the options as far as they go without the composition; `resolve` has the
    defaults of one as well.
    """

    site: SiteRequest
    composition: str | None
    provisional: Resolved
    resolve: Callable[[Composition], Resolved]
    wanted: Wanted
    division: Division
    executor: ExecutorName | None
    on_progress: OnProgress
    on_artifact: OnArtifact

    @property
    def browsers(self) -> int:
        """How many browsers this process is likely to want: one where worker processes film."""
        streams = self.division.streams
        is_inline = self.executor == "inline" or streams <= MAX_INLINE_STREAMS
        return streams if is_inline and self.executor != "process" else 1

    def check_outputs(self) -> None:
        """Refuse outputs that cannot be written, before any work is done.

        Raises:
            OptionError, OutputError, OutputExistsError: says which one.
        """
        self.wanted.check_files(is_sequence=self.provisional.output.codec is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class StillRequest:
    """A picture somebody wants."""

    site: SiteRequest
    composition: str | None
    wanted: Wanted
    frame: int
    capture: CaptureOptions
    on_artifact: OnArtifact

    def check_outputs(self) -> None:
        """Refuse an output that cannot be written, before any work is done.

        Raises:
            OutputError, OutputExistsError: it cannot.
        """
        self.wanted.check_files()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """What a caller wants to be told of."""

    on_progress: OnProgress | None = None
    on_browser_log: OnBrowserLog | None = None
    on_artifact: OnArtifact | None = None


def site_request(site: Site, given: Given, listeners: Listeners) -> SiteRequest:
    """How a site is looked at.

    Raises:
        OptionError: an argument is unknown or cannot be used.
    """
    return _site_request(site, complete(SiteArguments, given), listeners)


def media_request(
    site: Site, composition: str | None, output: Site | None, given: Given, listeners: Listeners
) -> MediaRequest:
    """A file of video or sound.

    Raises:
        OptionError: an argument is unknown or cannot be used.
    """
    options = complete(MediaArguments, given)
    wanted = _wanted(output, options)
    # The rules go by names, wherever these are.
    named = {**options, "separate_audio_to": rules.sound_name(wanted.separate_audio)}
    resolve = partial(rules.resolve_media, named, rules.media_name(wanted.output))
    return _frames_request(site, composition, wanted, options, listeners, resolve)


def sequence_request(
    site: Site, composition: str | None, output: Site | None, given: Given, listeners: Listeners
) -> MediaRequest:
    """A folder of pictures.

    Raises:
        OptionError: an argument is unknown or cannot be used.
    """
    options = complete(SequenceArguments, given)
    resolve = partial(rules.resolve_sequence, options)
    return _frames_request(site, composition, _wanted(output, options), options, listeners, resolve)


def still_request(
    site: Site, composition: str | None, output: Site | None, given: Given, listeners: Listeners
) -> StillRequest:
    """A picture.

    Raises:
        OptionError: an argument is unknown or cannot be used.
    """
    options = complete(StillArguments, given)
    wanted = _wanted(output, options)
    return StillRequest(
        site=_site_request(site, options, listeners),
        composition=composition,
        wanted=wanted,
        frame=options["frame"],
        capture=rules.resolve_still(options, rules.media_name(wanted.output)),
        on_artifact=listeners.on_artifact or _ignore,
    )


def _frames_request(
    site: Site,
    composition: str | None,
    wanted: Wanted,
    options: dict[str, Any],
    listeners: Listeners,
    resolve: Callable[[Composition | None], Resolved],
) -> MediaRequest:
    rules.check_executor(options["executor"])
    streams = rules.read_concurrency(
        options["concurrency"], cores=usable_cores(), default=default_streams()
    )
    return MediaRequest(
        site=_site_request(site, options, listeners, streams=streams),
        composition=composition,
        provisional=resolve(None),
        resolve=resolve,
        wanted=wanted,
        division=Division(
            chunk_frames=rules.read_chunk_frames(options["chunk_frames"]), streams=streams
        ),
        executor=options["executor"] or Settings.from_environment().executor,
        on_progress=listeners.on_progress or _ignore,
        on_artifact=listeners.on_artifact or _ignore,
    )


def _site_request(
    site: Site, options: dict[str, Any], listeners: Listeners, *, streams: int = 1
) -> SiteRequest:
    chromium = rules.read_chromium(complete(ChromiumArguments, options["chromium_options"]))
    timeout_s = rules.read_timeout(options["timeout_in_milliseconds"])
    browser = Settings.from_environment().browser_options(
        chromium, executable=rules.read_path(options["browser_executable"], "browserExecutable")
    )
    return SiteRequest(
        site=str(site),
        input_props=rules.serialize_props(options["input_props"]),
        page=PageOptions(
            timeout_s=timeout_s,
            env=rules.read_texts(options["env_variables"], "envVariables"),
            log_level=rules.check_log_level(options["log_level"]),
            media_cache_bytes=rules.read_cache_size(options["offthread_video_cache_size_in_bytes"]),
            chromium=chromium,
        ),
        overrides=Overrides(
            **rules.read_overrides(
                options["width"], options["height"], options["fps"], options["duration_in_frames"]
            )
        ),
        browser=replace(
            browser, answer_timeout_s=timeout_s, raster_threads=raster_threads(streams)
        ),
        on_log=listeners.on_browser_log or _ignore,
    )


def _wanted(output: Any, options: dict[str, Any]) -> Wanted:
    regions = Settings.from_environment().regions
    sound = options.get("separate_audio_to")
    return Wanted(
        output=rules.read_place(output, options, regions=regions),
        separate_audio=rules.read_separate_place(sound, options, regions=regions),
        overwrite=rules.read_flag(options["overwrite"], "overwrite"),
    )


def raster_threads(streams: int) -> int:
    """Chromium's share of the cores that other streams leave: it paints 1080p in two tiles."""
    return max(1, min(_MOST_RASTER_THREADS, usable_cores() // streams))


def _ignore(_: object) -> None:
    """Nobody wants to know."""
