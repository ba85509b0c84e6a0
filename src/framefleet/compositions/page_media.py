"""Media elements of a page: the picture rates they need, and what of them sounds."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from framefleet.compositions.documents import Documents
from framefleet.compositions.stage import Scene
from framefleet.domain.sound import FrameSounds, Sound


@dataclass(frozen=True, slots=True)
class _Container:
    """What a media file holds; `rate` is in frames a second, None if it varies or is unknown."""

    rate: float | None
    has_audio: bool


_UNKNOWN = _Container(None, True)


class PageMedia:
    """The driver's side of `media.js`, for the documents of one tab."""

    def __init__(self, documents: Documents, scene: Scene) -> None:
        self._documents = documents
        self._scene = scene
        self._known: dict[str, _Container] = {}

    async def measure_rates(self) -> None:
        """Tell the page the picture rates of the videos it holds."""
        unknown = {url for found in await self._call("unknown()") for url in found}
        if unknown:
            rates = {url: (await self._container(url)).rate for url in unknown}
            await self._call(f"know({json.dumps(rates)})")

    async def sounds(self, frame: int) -> FrameSounds:
        """What sounds during `frame`."""
        if self._scene.muted:
            return FrameSounds(frame=frame)
        fps = self._scene.composition.fps
        answers = await self._call(f"sounds({float(frame / fps)!r}, {float(1 / fps)!r})")
        sounds, seen = [], dict[str, int]()
        for found in (sound for document in answers for sound in document):
            if not (await self._container(found["source"])).has_audio:
                continue
            source = self._scene.site.canonical(found["source"])
            # The same on every worker, whichever frames it sees first.
            run = f"{source}@{found['start']:.4f}+{found['from']:.4f}"
            seen[run] = seen.get(run, 0) + 1
            sounds.append(
                Sound(
                    id=f"{run}#{seen[run]}",
                    source=source,
                    media_time_s=float(found["time"]),
                    volume=float(found["volume"]),
                    playback_rate=float(found["rate"]),
                    preserve_pitch=found["preservesPitch"],
                    loop=found["loop"],
                    media_end_s=None if found["end"] is None else float(found["end"]),
                )
            )
        return FrameSounds(frame=frame, sounds=tuple(sounds))

    async def _container(self, url: str) -> _Container:
        if url not in self._known:
            file = self._scene.site.file_of(url)
            self._known[url] = _UNKNOWN if file is None else await asyncio.to_thread(_probe, file)
        return self._known[url]

    async def _call(self, call: str) -> list[Any]:
        return await self._documents.evaluate(
            f"__framefleet.media.{call}", timeout_s=self._scene.page.timeout_s
        )


def _probe(file: Path) -> _Container:
    with contextlib.suppress(av.FFmpegError), av.open(str(file)) as container:
        rate = None
        if container.streams.video:
            stream = container.streams.video[0]
            # The two agree only where the rate is constant.
            if stream.average_rate and stream.average_rate == stream.base_rate:
                rate = float(stream.average_rate)
        return _Container(rate, bool(container.streams.audio))
    return _UNKNOWN
