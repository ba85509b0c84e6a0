"""A server that notes what it reads, byte for byte, and answers what a test wants."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

ANSWER = b"HTTP/1.1 200 OK\r\nX-CaSe: Kept\r\nContent-Length: 10\r\n\r\n0123456789"
MOST_KEPT_BYTES = 1 << 16


@dataclass
class RawServer:
    """Gives every whole request the same answer, one request a connection."""

    listener: socket.socket
    answer: bytes = ANSWER
    interim: bytes = b""
    """What it says to a head that has come without its body."""
    requests: list[bytes] = field(default_factory=list)
    """Those that came whole, the start of each."""
    broken: list[type[OSError] | None] = field(default_factory=list)
    """How those ended that did not; None means by a plain close."""

    @property
    def endpoint(self) -> str:
        host, port = self.listener.getsockname()
        return f"http://{host}:{port}"

    def serve(self) -> None:
        threads = []
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threads.append(threading.Thread(target=self._serve_request, args=[connection]))
                threads[-1].start()
        for thread in threads:
            thread.join()

    def _serve_request(self, connection: socket.socket) -> None:
        start, count = b"", 0
        with connection:
            try:
                while not _is_whole(start, count):
                    piece = connection.recv(1 << 16)
                    if not piece:
                        self.broken.append(None)
                        return
                    count += len(piece)
                    start += piece[: MOST_KEPT_BYTES - len(start)]
                    if self.interim and start.endswith(b"\r\n\r\n"):
                        connection.sendall(self.interim)
            except OSError as error:
                self.broken.append(type(error))
                return
            self.requests.append(start)
            connection.sendall(self.answer)


def _is_whole(start: bytes, count: int) -> bool:
    head, blank, body = start.partition(b"\r\n\r\n")
    if b"chunked" in head:
        return body.endswith(b"\r\n\r\n")
    length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    return bool(blank) and count - len(head) - len(blank) >= int(length[1] if length else 0)


@contextlib.contextmanager
def raw_server() -> Iterator[RawServer]:
    """A server in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = RawServer(listener)
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
