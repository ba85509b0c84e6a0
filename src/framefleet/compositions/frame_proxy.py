"""Frames of videos over HTTP, as `<OffthreadVideo>` asks for them under `/proxy`."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from framefleet.compositions.location import canonical_source
from framefleet.compositions.media import MediaLibrary
from framefleet.errors import FramefleetError

if TYPE_CHECKING:
    from framefleet.encoding.frame_cache import FrameExtractor
    from framefleet.encoding.frame_image import EncodedImage

NO_STORE = {"Cache-Control": "no-cache, no-store, must-revalidate"}
_CORS = {"Access-Control-Allow-Origin": "*"} | NO_STORE
# An image of 6 MB in such pieces took 1.5 ms of CPU time to send, and 2.2 ms whole: asyncio copies
# twice what a socket does not take at once. Larger and smaller ones were no better.
PIECE_BYTES = 256 * 1024
# A page may give up an image it had prepared; and all it shows at once are fetched soon.
MOST_PREPARED = 16


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A frame of a source: its time, and how it is to be read."""

    source: str
    time_s: float
    transparent: bool
    tone_mapped: bool

    @staticmethod
    def read(query: Mapping[str, str]) -> _Wanted:
        """What a query asks for.

        Raises:
            KeyError: it does not say which source or time.
            ValueError: the time is no number.
        """
        return _Wanted(
            query["src"],
            float(query["time"]),
            query.get("transparent") == "true",
            query.get("toneMapped", "true") == "true",
        )


class FrameProxy:
    """Answers with images of the frames of `media`.

    With `prepare=true` the answer is empty and the image is kept for the same request without it:
    so a page can have it fetched by an `<img>`, once it is there.

    Args:
        cache_bytes: decoded pictures to keep, by all of this process with the same bound together;
            None leaves it to `FrameExtractor`.
    """

    def __init__(self, media: MediaLibrary, *, cache_bytes: int | None) -> None:
        self._media = media
        self._cache_bytes = cache_bytes
        self._extractor: FrameExtractor | None = None
        self._lent = ExitStack()
        self._prepared: OrderedDict[_Wanted, EncodedImage] = OrderedDict()

    async def aclose(self) -> None:
        """Release decoders and images, after requests under way."""
        self._prepared.clear()
        await asyncio.to_thread(self._lent.close)

    async def answer(self, request: web.Request, origin: str) -> web.StreamResponse:
        """The answer to a request, whose source may be an address of our own server, `origin`."""
        headers = dict(_CORS)
        if request.method == "OPTIONS":
            if "access-control-request-private-network" in request.headers:
                headers["Access-Control-Allow-Private-Network"] = "true"
            return web.Response(headers=headers)
        try:
            wanted = _Wanted.read(request.query)
        except KeyError as exc:
            return problem(400, f"Did not pass `{exc.args[0]}` parameter", headers)
        except ValueError:
            return problem(400, "Did not get a number as `time` parameter", headers)
        try:
            image = self._prepared.pop(wanted, None) or await self._extract(wanted, origin)
        except FramefleetError as exc:
            return web.json_response({"error": str(exc)}, status=500, headers=headers)
        if request.query.get("prepare") == "true":
            self._prepared[wanted] = image
            while len(self._prepared) > MOST_PREPARED:
                self._prepared.popitem(last=False)
            return web.Response(content_type=image.content_type, headers=headers)
        return await _send(request, image, headers)

    async def _extract(self, wanted: _Wanted, origin: str) -> EncodedImage:
        path = await self._media.path(canonical_source(wanted.source, origin))
        return await asyncio.to_thread(
            self._open_extractor().extract,
            path,
            source=wanted.source,
            time_s=wanted.time_s,
            transparent=wanted.transparent,
            tone_mapped=wanted.tone_mapped,
        )

    def _open_extractor(self) -> FrameExtractor:
        # NumPy costs every worker 0.15 s; most sites never ask for a frame.
        from framefleet.encoding.frame_cache import shared_extractor

        if self._extractor is None:
            self._extractor = self._lent.enter_context(shared_extractor(self._cache_bytes))
        return self._extractor


async def _send(
    request: web.Request, image: EncodedImage, headers: dict[str, str]
) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers)
    response.content_type = image.content_type
    response.content_length = len(image.data)
    await response.prepare(request)
    if request.method != "HEAD":
        for start in range(0, len(image.data), PIECE_BYTES):
            await response.write(image.data[start : start + PIECE_BYTES])
    await response.write_eof()
    return response


def problem(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """An error as the reference words it."""
    body = {"statusCode": status, "message": message}
    return web.json_response(body, status=status, headers=headers or NO_STORE)
