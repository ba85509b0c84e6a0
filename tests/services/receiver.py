"""Somebody who takes webhooks."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.services.serving import serving


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook that came."""

    headers: Message
    body: bytes

    def __getitem__(self, key: str) -> Any:
        return json.loads(self.body)[key]


@dataclass(frozen=True, slots=True)
class Receiver:
    """Takes webhooks at `url`."""

    url: str
    hooks: list[Hook] = field(default_factory=list)

    def hook(self, render_id: str, *, within_s: float = 20) -> Hook:
        """The webhook of a render, which comes a little after its end."""
        deadline_s = time.monotonic() + within_s
        while time.monotonic() < deadline_s:
            for hook in self.hooks:
                if render_id.encode() in hook.body:
                    return hook
            time.sleep(0.05)
        raise AssertionError(f"no webhook of {render_id}, only {self.hooks}")


@contextmanager
def run_receiver() -> Iterator[Receiver]:
    """Take webhooks until the end of the block."""
    hooks: list[Hook] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hooks.append(Hook(self.headers, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with serving(Handler) as url:
        yield Receiver(f"{url}/hook", hooks)
