"""Places in a bundle traced back to the sources its author knows."""

from __future__ import annotations

import base64
import re
from bisect import bisect_right
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urljoin

import aiohttp
import msgspec

from framefleet.browser.page import PageLog
from framefleet.compositions.http import http_session
from framefleet.compositions.site import OpenSite
from framefleet.domain.events import Log
from framefleet.errors import PageScriptError, StackFrame

FETCH_TIMEOUT_S = 10.0
# More of a stack than this tells a reader nothing.
MAX_FRAMES_SHOWN = 6

_COMMENT = re.compile(r"//[#@]\s*sourceMappingURL=(\S+)")
_DIGITS = {
    ord(char): value
    for value, char in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}
_WEBPACK = re.compile(r"^(webpack://[^/]*/)?(\./)*")


class _MapFile(msgspec.Struct):
    sources: list[str]
    mappings: str


class SourceMap:
    """One source map (revision 3), decoded (https://tc39.es/ecma426/)."""

    def __init__(self, data: bytes) -> None:
        file = msgspec.json.decode(data, type=_MapFile)
        self._sources = file.sources
        self._lines = _decode(file.mappings)

    def find(self, line: int, column: int) -> tuple[str, int] | None:
        """Source file and line, from 1, of a place in the bundle, both from 1."""
        if not 0 < line <= len(self._lines):
            return None
        segments = self._lines[line - 1]
        at = bisect_right(segments, (column - 1, len(self._sources), 0))
        if not segments:
            return None
        _, source, original = segments[max(0, at - 1)]
        return _WEBPACK.sub("", self._sources[source]), original + 1


class SourceMaps:
    """The maps of a site's scripts, read when they are first wanted."""

    def __init__(self, site: OpenSite) -> None:
        self._site = site
        self._maps: dict[str, SourceMap | None] = {}

    async def explain(self, error: PageScriptError) -> PageScriptError:
        """The error with the places in its stack traced back and put under its message."""
        for url in {frame.url for frame in error.stack}:
            if self._site.file_of(url) is None and url.startswith("http"):
                self._maps[url] = await self._fetch(url)
        shown = self.describe(error.stack)
        if not shown:
            return error
        return type(error)("\n".join([str(error), *shown]), **error.context)

    def locate(self, log: PageLog) -> str | None:
        """Where a warning or error was logged; the map is read for those alone."""
        if log.level not in ("warn", "error") or not log.stack:
            return None
        return self._find(log.stack[0])

    def describe(self, stack: Iterable[StackFrame]) -> list[str]:
        """One line for each frame that leads to a source of the author's, or all if none does."""
        frames = [(frame, self._find(frame)) for frame in stack if frame.url]
        own = [(frame, place) for frame, place in frames if place and "node_modules" not in place]
        return [
            f"    at {frame.function} ({place or f'{frame.url}:{frame.line}:{frame.column}'})"
            for frame, place in (own or frames)[:MAX_FRAMES_SHOWN]
        ]

    def _find(self, frame: StackFrame) -> str | None:
        if frame.url not in self._maps:
            file = self._site.file_of(frame.url)
            self._maps[frame.url] = _read(file) if file else None
        source_map = self._maps[frame.url]
        found = source_map.find(frame.line, frame.column) if source_map else None
        return f"{found[0]}:{found[1]}" if found else None

    async def _fetch(self, url: str) -> SourceMap | None:
        timeout = aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S)
        try:
            async with http_session(self._site.chromium, timeout) as session:
                async with session.get(url, raise_for_status=True) as response:
                    reference = _reference(await response.text(errors="replace"))
                if reference is None or reference.startswith("data:"):
                    return _inline(reference)
                async with session.get(urljoin(url, reference), raise_for_status=True) as response:
                    return SourceMap(await response.read())
        except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError):
            return None


def log_event(log: PageLog, maps: SourceMaps) -> Log:
    """What a page said, as an event."""
    return Log(
        level=log.level,
        text=log.text,
        tag=log.tag,
        location=maps.locate(log),
        type=log.type,
        stack=log.stack,
    )


def _read(script: Path) -> SourceMap | None:
    try:
        reference = _reference(script.read_text(encoding="utf-8", errors="replace"))
        if reference is None or reference.startswith("data:"):
            return _inline(reference)
        return SourceMap((script.parent / reference).read_bytes())
    except (OSError, msgspec.DecodeError):
        return None


def _reference(script: str) -> str | None:
    # The last comment counts; others may stand in strings.
    found = _COMMENT.findall(script[-20_000:]) or _COMMENT.findall(script)
    return found[-1] if found else None


def _inline(reference: str | None) -> SourceMap | None:
    if reference is None:
        return None
    return SourceMap(base64.b64decode(reference.partition("base64,")[2]))


def _decode(mappings: str) -> list[list[tuple[int, int, int]]]:
    """Per line of the bundle: (column, source, line of the source), all from 0."""
    lines = []
    source = original = 0
    for text in mappings.split(";"):
        column, segments = 0, []
        for segment in text.split(",") if text else ():
            values = _values(segment)
            column += values[0]
            if len(values) >= 4:
                source += values[1]
                original += values[2]
                segments.append((column, source, original))
        lines.append(segments)
    return lines


def _values(segment: str) -> list[int]:
    """Base64 VLQ: five bits a digit, the sixth says that more follow, the lowest is the sign."""
    values, value, shift = [], 0, 0
    for char in segment:
        digit = _DIGITS[ord(char)]
        value |= (digit & 31) << shift
        shift += 5
        if not digit & 32:
            values.append(-(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    return values
