"""A service of AWS that moto does not play: what it answers is written in the test."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl

from tests.services.serving import serving

Answer = tuple[int, str]


@dataclass(frozen=True)
class AwsRequest:
    """An action, and its arguments as they were sent: a form's fields, or JSON."""

    action: str
    arguments: dict[str, Any]

    def members(self, name: str) -> list[str]:
        """The items of a list in a form."""
        found = {
            int(key.rpartition(".")[2]): value
            for key, value in self.arguments.items()
            if key.startswith(f"{name}.member.")
        }
        return [found[index] for index in sorted(found)]


@dataclass
class ScriptedAws:
    """Where it listens, what it answers, and what it was asked."""

    endpoint: str
    answer: Callable[[AwsRequest], Answer]
    requests: list[AwsRequest] = field(default_factory=list)

    def asked(self, action: str) -> list[AwsRequest]:
        """The requests for an action."""
        return [request for request in self.requests if request.action == action]


def xml_answer(action: str, result: str) -> Answer:
    """An answer of the services that speak XML, such as IAM and STS."""
    return 200, f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"


def xml_error(status: int, code: str, message: str) -> Answer:
    """An error of theirs."""
    error = f"<Code>{code}</Code><Message>{message}</Message>"
    return status, f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"


@contextlib.contextmanager
def scripted_aws(answer: Callable[[AwsRequest], Answer]) -> Iterator[ScriptedAws]:
    """Serve these answers on a port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = _read(self)
            served.requests.append(request)
            status, text = served.answer(request)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with serving(Handler) as url:
        served = ScriptedAws(url, answer)
        yield served


def _read(handler: BaseHTTPRequestHandler) -> AwsRequest:
    body = handler.rfile.read(int(handler.headers["Content-Length"])).decode()
    target = handler.headers.get("X-Amz-Target")
    if target is not None:
        return AwsRequest(target.rpartition(".")[2], json.loads(body))
    arguments = dict(parse_qsl(body))
    return AwsRequest(arguments["Action"], arguments)
