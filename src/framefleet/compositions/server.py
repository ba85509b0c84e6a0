"""The loopback server of a site: its files, with ranges, and frames of videos under `/proxy`."""

from __future__ import annotations

import asyncio
import mimetypes
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

import anyio
from aiohttp import web

from framefleet.compositions.location import canonical_source, find_file
from framefleet.compositions.media import MediaLibrary
from framefleet.errors import FramefleetError

if TYPE_CHECKING:
    from framefleet.encoding.frame_cache import FrameExtractor

_NO_STORE = {"Cache-Control": "no-cache, no-store, must-revalidate"}
_CORS = {"Access-Control-Allow-Origin": "*"} | _NO_STORE
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".map": "application/json; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".wasm": "application/wasm",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".mp3": "audio/mpeg",
    ".wav": "audio/x-wav",
    ".m4a": "audio/x-m4a",
    ".aac": "audio/x-aac",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".flac": "audio/x-flac",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".otf": "font/otf",
    ".svg": "image/svg+xml",
}


class SiteServer:
    """Serves `root` (None: `/proxy` only) on a free loopback port, for the life of the context.

    Reached as `localhost`, which makes the page a secure context.

    Args:
        cache_bytes: decoded pictures to keep, by all servers of this process with the same bound
            together; None leaves it to `FrameExtractor`.
    """

    def __init__(self, root: Path | None, media: MediaLibrary, *, cache_bytes: int | None) -> None:
        self._root = root
        self._media = media
        self._cache_bytes = cache_bytes
        self._extractor: FrameExtractor | None = None
        self._lent = ExitStack()
        self._runner: web.AppRunner | None = None
        self._socket: socket.socket | None = None
        self.port = 0

    @property
    def origin(self) -> str:
        """Scheme, host and port pages see."""
        return f"http://localhost:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/proxy", self._proxy)
        app.router.add_route("*", "/{path:.*}", self._static)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        try:
            await self._runner.setup()
            await web.SockSite(self._runner, self._socket).start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        with anyio.CancelScope(shield=True):
            if self._runner is not None:
                self._drop_connections(self._runner)
                await self._runner.cleanup()
            if self._socket is not None and self._socket.fileno() >= 0:
                # Cancelled while it started: asyncio has lost the server, but still listens.
                asyncio.get_running_loop().remove_reader(self._socket)
                self._socket.close()
            await asyncio.to_thread(self._lent.close)

    def _drop_connections(self, runner: web.AppRunner) -> None:
        # A browser that was killed in the middle of an answer will not read the rest of it, and a
        # connection that waits for that outlives the event loop.
        for handler in runner.server.connections if runner.server else ():
            if handler.transport is not None:
                handler.transport.abort()

    def _open_extractor(self) -> FrameExtractor:
        # NumPy costs every worker 0.15 s; most sites never ask for a frame.
        from framefleet.encoding.frame_cache import shared_extractor

        if self._extractor is None:
            self._extractor = self._lent.enter_context(shared_extractor(self._cache_bytes))
        return self._extractor

    async def _static(self, request: web.Request) -> web.StreamResponse:
        if self._root is None:
            return web.Response(status=404, text="Server only supports /proxy")
        file = find_file(self._root, request.path)
        if file is None:
            return _problem(404, f"The requested path ({request.path}) could not be found")
        response = web.FileResponse(file, headers=_NO_STORE)
        kind = _TYPES.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0]
        if kind:
            response.headers["Content-Type"] = kind
        return response

    async def _proxy(self, request: web.Request) -> web.Response:
        headers = dict(_CORS)
        if request.method == "OPTIONS":
            if "access-control-request-private-network" in request.headers:
                headers["Access-Control-Allow-Private-Network"] = "true"
            return web.Response(headers=headers)
        try:
            source, time_s = request.query["src"], float(request.query["time"])
        except KeyError as exc:
            return _problem(400, f"Did not pass `{exc.args[0]}` parameter", headers)
        except ValueError:
            return _problem(400, "Did not get a number as `time` parameter", headers)
        try:
            path = await self._media.path(canonical_source(source, self.origin))
            image = await asyncio.to_thread(
                self._open_extractor().extract,
                path,
                source=source,
                time_s=time_s,
                transparent=request.query.get("transparent") == "true",
                tone_mapped=request.query.get("toneMapped", "true") == "true",
            )
        except FramefleetError as exc:
            return web.json_response({"error": str(exc)}, status=500, headers=headers)
        return web.Response(body=image.data, content_type=image.content_type, headers=headers)


def _problem(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    body = {"statusCode": status, "message": message}
    return web.json_response(body, status=status, headers=headers or _NO_STORE)
