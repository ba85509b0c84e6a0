"""The loopback server of a site: its files, with ranges, and frames of videos under `/proxy`."""

from __future__ import annotations

import asyncio
import mimetypes
import socket
from pathlib import Path
from typing import Self

import anyio
from aiohttp import web

from framefleet.compositions.frame_proxy import NO_STORE, FrameProxy, problem
from framefleet.compositions.location import find_file
from framefleet.compositions.media import MediaLibrary

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
        cache_bytes: decoded pictures to keep; see `FrameProxy`.
    """

    def __init__(self, root: Path | None, media: MediaLibrary, *, cache_bytes: int | None) -> None:
        self._root = root
        self._frames = FrameProxy(media, cache_bytes=cache_bytes)
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
            await self._frames.aclose()

    def _drop_connections(self, runner: web.AppRunner) -> None:
        # A browser that was killed in the middle of an answer will not read the rest of it, and a
        # connection that waits for that outlives the event loop.
        for handler in runner.server.connections if runner.server else ():
            if handler.transport is not None:
                handler.transport.abort()

    async def _static(self, request: web.Request) -> web.StreamResponse:
        if self._root is None:
            return web.Response(status=404, text="Server only supports /proxy")
        file = find_file(self._root, request.path)
        if file is None:
            return problem(404, f"The requested path ({request.path}) could not be found")
        response = web.FileResponse(file, headers=NO_STORE)
        kind = _TYPES.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0]
        if kind:
            response.headers["Content-Type"] = kind
        return response

    async def _proxy(self, request: web.Request) -> web.StreamResponse:
        return await self._frames.answer(request, self.origin)
