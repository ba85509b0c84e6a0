"""A gate that pages of a test ask at a frame: there they wait, or something happens to them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from itertools import takewhile
from pathlib import Path
from typing import Any

import psutil

from tests.services.serving import serving

_SEEK = "seek(frame, {composition: {width, height}, props}) {"
_TROUBLE = f"""async {_SEEK}
      if (frame === props.throwsAt) throw new Error(`frame ${{frame}} is broken`);
      if (props.asksAt?.includes(frame)) await fetch(props.asks);"""
_RUNTIME = "framefleet.handlers.lambda_runtime"


def troubled(page: Path) -> str:
    """The stamped page, which throws at the frame `throwsAt` and asks at frames `asksAt`."""
    text = page.read_text()
    assert _SEEK in text
    return text.replace(_SEEK, _TROUBLE)


@dataclass(frozen=True, slots=True)
class Asker:
    """A browser whose page is at the gate: from its port it has connected to that of the gate."""

    port: int
    gate_port: int

    @property
    def browser(self) -> psutil.Process:
        """Its first process."""
        return self._ancestors()[0]

    @property
    def function(self) -> psutil.Process:
        """The process of the function that has started it."""
        return next(one for one in self._ancestors() if _RUNTIME in one.cmdline())

    def _ancestors(self) -> list[psutil.Process]:
        """From the browser up."""
        # Connections that have ended stay in the list for a minute, without a process.
        pid = next(
            one.pid
            for one in psutil.net_connections("tcp")
            if one.pid and one.laddr and one.raddr
            if (one.laddr.port, one.raddr.port) == (self.port, self.gate_port)
        )
        process = psutil.Process(pid)
        name = process.name()
        children = len(list(takewhile(lambda one: one.name() == name, process.parents())))
        return [process, *process.parents()][children:]


@dataclass(slots=True)
class Gate:
    """What pages are told: `props` make one ask, and `answer` is called before it goes on.

    `hold` keeps an asker until the end of the test.
    """

    url: str = ""
    answer: Callable[[Asker], None] | None = None
    asked: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def props(self, *frames: int) -> dict[str, Any]:
        """Of a page that asks before these frames."""
        return {"asks": self.url, "asksAt": frames}

    def hold(self, _: Asker) -> None:
        """Keep the asker."""
        self._over.wait()

    def ask(self, asker: Asker) -> None:
        """Somebody asks."""
        with self._lock:
            self.asked += 1
        if self.answer is not None:
            self.answer(asker)

    def end(self) -> None:
        """Let all go who were kept."""
        self._over.set()

    def once(self, act: Callable[[Asker], None]) -> None:
        """Do this to the first who asks; all others may pass."""
        left = [act]

        def answer(asker: Asker) -> None:
            with self._lock:
                found = left.pop() if left else None
            if found is not None:
                found(asker)

        self.answer = answer


@contextlib.contextmanager
def run_gate() -> Iterator[Gate]:
    """A gate that lets pass whoever asks, until a test says otherwise."""
    gate = Gate()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            gate.ask(Asker(self.client_address[1], self.connection.getsockname()[1]))
            self.send_response(204)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()

        def handle(self) -> None:
            # Some askers are no more when their answer comes.
            with contextlib.suppress(ConnectionError):
                super().handle()

        def log_message(self, *_: object) -> None: ...

    with serving(Handler) as url:
        gate.url = f"{url}/"
        try:
            yield gate
        finally:
            gate.end()
