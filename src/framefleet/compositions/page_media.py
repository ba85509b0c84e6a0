"""Media elements of a page: the picture rates they need, and what of them sounds."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framefleet.compositions.blobs import BLOB_SCHEME, blob_source
from framefleet.compositions.documents import Documents
from framefleet.compositions.location import SITE_SCHEME
from framefleet.compositions.stage import Scene
from framefleet.domain.sound import FrameSounds, Sound
from framefleet.errors import MediaError


@dataclass(frozen=True, slots=True)
class _Container:
    """What a media file holds; `rate` is in frames a second, None if it varies or is unknown."""

    rate: float | None
    has_audio: bool


_UNKNOWN = _Container(None, True)


@dataclass(frozen=True, slots=True)
class _Media:
    """A media file a page names: its source and its name in ids, alike for every worker."""

    source: str
    name: str
    container: _Container


class PageMedia:
    """The driver's side of `media.js`, for the documents of one tab."""

    def __init__(self, documents: Documents, scene: Scene) -> None:
        self._documents = documents
        self._scene = scene
        self._known: dict[str, _Media] = {}

    async def measure_rates(self) -> None:
        """Tell the page the picture rates of the videos it holds, blobs excepted."""
        unknown = {url for found in await self._call("media.unknown()") for url in found}
        if unknown:
            rates = {
                url: None
                if url.startswith(BLOB_SCHEME)
                else (await self._media(url)).container.rate
                for url in unknown
            }
            await self._call(f"media.know({json.dumps(rates)})")

    async def sounds(self, frame: int) -> FrameSounds:
        """What sounds during `frame`.

        Raises:
            MediaError: a blob that sounds cannot be read.
        """
        if self._scene.muted:
            return FrameSounds(frame=frame)
        fps = self._scene.composition.fps
        answers = await self._call(f"media.sounds({float(frame / fps)!r}, {float(1 / fps)!r})")
        sounds, seen = [], dict[str, int]()
        for found in (sound for document in answers for sound in document):
            media = await self._media(found["source"])
            if not media.container.has_audio:
                continue
            # The same on every worker, whichever frames it sees first.
            run = f"{media.name}@{found['start']:.4f}+{found['from']:.4f}"
            seen[run] = seen.get(run, 0) + 1
            sounds.append(
                Sound(
                    id=f"{run}#{seen[run]}",
                    source=media.source,
                    media_time_s=float(found["time"]),
                    volume=float(found["volume"]),
                    playback_rate=float(found["rate"]),
                    preserve_pitch=found["preservesPitch"],
                    loop=found["loop"],
                    media_end_s=None if found["end"] is None else float(found["end"]),
                )
            )
        return FrameSounds(frame=frame, sounds=tuple(sounds))

    async def _media(self, url: str) -> _Media:
        if url not in self._known:
            self._known[url] = await self._look_at(url)
        return self._known[url]

    async def _look_at(self, url: str) -> _Media:
        source = self._scene.site.canonical(url)
        if url.startswith(BLOB_SCHEME):
            found = await self._call(f"readBlob({json.dumps(url)})")
            source = blob_source(url, next(filter(None, found), None))
        container = _UNKNOWN
        if source.startswith((SITE_SCHEME, "data:")):
            with contextlib.suppress(MediaError):
                file = await self._scene.site.media.path(source)
                container = await asyncio.to_thread(_probe, file)
        return _Media(source, _short(source), container)

    async def _call(self, call: str) -> list[Any]:
        return await self._documents.evaluate(
            f"__framefleet.{call}", timeout_s=self._scene.page.timeout_s
        )


def _short(source: str) -> str:
    """A `data:` URL may be as long as a film."""
    if not source.startswith("data:"):
        return source
    return f"data:{hashlib.sha256(source.encode()).hexdigest()[:16]}"


def _probe(file: Path) -> _Container:
    # FFmpeg takes long to load, and most sites that are opened need none here.
    import av

    with contextlib.suppress(av.FFmpegError), av.open(str(file)) as container:
        rate = None
        if container.streams.video:
            stream = container.streams.video[0]
            # The two agree only where the rate is constant.
            if stream.average_rate and stream.average_rate == stream.base_rate:
                rate = float(stream.average_rate)
        return _Container(rate, bool(container.streams.audio))
    return _UNKNOWN
