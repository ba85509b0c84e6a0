"""What the proxy before the tests' servers leaves alone, and what it breaks."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.services.faults import (
    Answer,
    CutAnswer,
    LoseAnswer,
    ResetRequest,
    StallAnswer,
    StallRequest,
)
from tests.services.faulty_proxy import faulty_proxy

from .raw_server import ANSWER, raw_server


@pytest.fixture
def server():
    with raw_server() as server:
        yield server


@pytest.fixture
def proxy(server):
    with faulty_proxy(server.endpoint) as proxy:
        yield proxy


@pytest.fixture
def client(proxy):
    """A connection of a client that knows HTTP."""
    connection = http.client.HTTPConnection(address(proxy), timeout=10)
    with contextlib.closing(connection):
        yield connection


@pytest.fixture
def line(proxy):
    """A connection on which a test says every byte itself."""
    host, _, port = address(proxy).partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        yield line


def address(proxy):
    return proxy.endpoint.removeprefix("http://")


def read(line, count):
    return b"".join(iter_bytes(line, count))


def iter_bytes(line, count):
    while count:
        piece = line.recv(count)
        assert piece, f"{count} bytes are missing"
        yield piece
        count -= len(piece)


def ask(client, *request, **options):
    """Send a request and read its answer, which may not come."""
    client.request(*request, **options)
    return client.getresponse().read()


def eventually(condition):
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


REQUESTS = {
    "a body of a length": (
        b"PUT /a%2Fb?x=1&y= HTTP/1.1\r\nHOST: signed.example:1\r\nx-odd:  two \r\n"
        b"content-length: 8\r\n\r\nbody\r\n\r\n",
        8,
    ),
    "chunks": (
        b"POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5;name=value\r\nfirst\r\n3\r\nend\r\n0\r\nx-trailer: t\r\n\r\n",
        8,
    ),
    "no body": (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", 0),
}


def test_every_byte_passes_on_a_connection_that_is_kept(server, proxy, line):
    for request, _ in REQUESTS.values():
        for start in range(0, len(request), 7):
            line.sendall(request[start : start + 7])
        assert read(line, len(ANSWER)) == ANSWER
    assert server.requests == [request for request, _ in REQUESTS.values()]
    assert [seen.body_bytes for seen in proxy.requests] == [size for _, size in REQUESTS.values()]
    assert [seen.status for seen in proxy.requests] == [200] * 3


def test_a_record_tells_what_was_asked(proxy, client):
    ask(client, "GET", "/bucket/a%20key?versionId=1&empty=", headers={"If-None-Match": "*"})
    (seen,) = proxy.seen("GET", "a%20key")
    assert (seen.path, seen.query) == ("/bucket/a%20key", {"versionId": "1", "empty": ""})
    assert seen.headers["if-none-match"] == "*"
    assert (seen.answer_headers["x-case"], seen.server_status) == ("Kept", 200)
    assert proxy.seen("PUT") == proxy.seen(target="other") == []
    proxy.clear()
    assert proxy.requests == []


ANSWERS = {
    "chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"abc",
    ),
    "nothing": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "an older protocol": (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_answers_end_where_they_say(kind, server, client):
    server.answer, body = ANSWERS[kind]
    for _ in range(2):
        assert ask(client, "GET", "/") == body


def test_an_answer_may_have_no_body_though_it_tells_a_length(server, client):
    server.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
    for _ in range(2):
        client.request("HEAD", "/")
        answer = client.getresponse()
        assert (answer.headers["Content-Length"], answer.read()) == ("10", b"")


class TestExpect:
    """A client that asks before it sends."""

    ASKS = b"PUT /k HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 7\r\n\r\n"

    def test_the_server_is_asked(self, server, line):
        server.interim = go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(self.ASKS)
        assert read(line, len(go_on)) == go_on
        line.sendall(b"content")
        assert read(line, len(ANSWER)) == ANSWER

    def test_a_refusal_does_not_wait_for_the_body(self, server, line):
        server.interim = refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
        line.sendall(self.ASKS)
        assert read(line, len(refusal)) == refusal
        assert line.recv(1) == b""

    def test_nor_does_an_injected_answer(self, server, proxy, line):
        proxy.inject(Answer(503, b"later"))
        line.sendall(self.ASKS)
        assert line.recv(1000).startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert line.recv(1000) == b""
        assert server.requests == []


def test_a_large_body_passes(proxy, client):
    piece, count = bytes(1 << 20), 128
    client.putrequest("PUT", "/")
    client.putheader("Content-Length", str(len(piece) * count))
    client.endheaders()
    for _ in range(count):
        client.send(piece)
    assert client.getresponse().read() == b"0123456789"
    assert proxy.requests[0].body_bytes == len(piece) * count


def test_requests_at_once_are_counted(proxy):
    proxy.inject(StallRequest(0.3), method="PUT", times=None)

    def put(number):
        with contextlib.closing(http.client.HTTPConnection(address(proxy))) as client:
            return ask(client, "PUT", f"/k?partNumber={number}", b"content")

    with ThreadPoolExecutor(3) as pool:
        assert set(pool.map(put, range(6))) == {b"0123456789"}
    assert proxy.most_at_once("PUT", "partNumber=") == 3
    assert proxy.most_at_once("GET") == 0


class TestFaults:
    def test_an_answer_comes_as_often_as_wanted_and_only_to_what_matches(
        self, server, proxy, client
    ):
        proxy.inject(Answer.s3_error(503, "SlowDown"), method="PUT", target="/k", times=2)
        statuses = []
        for method, target in [
            ("PUT", "/k"),
            ("PUT", "/other"),
            ("GET", "/k"),
            *[("PUT", "/k")] * 2,
        ]:
            client.request(method, target, b"content")
            answer = client.getresponse()
            statuses.append(answer.status)
            body = answer.read()
            assert (b"<Code>SlowDown</Code>" in body) == (answer.status == 503)
        assert statuses == [503, 200, 200, 503, 200]
        assert len(server.requests) == 3
        assert proxy.requests[0].fault == Answer.s3_error(503, "SlowDown")
        assert (proxy.requests[0].body_bytes, proxy.requests[0].server_status) == (7, None)

    def test_the_answer_to_a_head_request_has_no_body(self, proxy, client):
        proxy.inject(Answer(403, b"no"))
        for status in (403, 200):
            client.request("HEAD" if status == 403 else "GET", "/")
            answer = client.getresponse()
            assert answer.status == status
            answer.read()

    @pytest.mark.parametrize("after_bytes", [0, 1, 100_000])
    def test_a_request_is_reset(self, after_bytes, server, proxy, client):
        proxy.inject(ResetRequest(after_bytes))
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            ask(client, "PUT", "/", bytes(4 << 20))
        (seen,) = proxy.requests
        assert (seen.fault, seen.status) == (ResetRequest(after_bytes), None)
        if after_bytes:
            eventually(lambda: server.broken == [ConnectionResetError])
        assert server.requests == []

    @pytest.mark.parametrize("answer", ["length", "chunks"])
    def test_an_answer_is_cut(self, answer, server, proxy, client):
        if answer == "chunks":
            server.answer = (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n"
            )
        proxy.inject(CutAnswer(after_bytes=4), method="GET")
        client.request("GET", "/")
        with pytest.raises(http.client.IncompleteRead) as caught:
            client.getresponse().read()
        assert caught.value.partial == b"0123"

    def test_an_answer_is_lost_but_the_server_has_done_it(self, server, proxy, client):
        proxy.inject(LoseAnswer())
        with pytest.raises(ConnectionResetError):
            ask(client, "PUT", "/", b"content")
        assert len(server.requests) == 1
        assert (proxy.requests[0].server_status, proxy.requests[0].status) == (200, None)

    @pytest.mark.parametrize(
        ("fault", "size"), [(StallRequest(), 16 << 20), (StallAnswer(after_bytes=4), 0)]
    )
    def test_a_stall_lasts_longer_than_the_client_waits(self, fault, size, proxy, client):
        proxy.inject(fault)
        client.timeout = 0.3
        with pytest.raises(TimeoutError):
            ask(client, "PUT", "/", bytes(size))
        eventually(lambda: [seen.fault for seen in proxy.requests] == [fault])
        assert proxy.requests[0].ended_s is None

    def test_a_stall_may_end_before(self, proxy, client):
        proxy.inject(StallAnswer(0.2, after_bytes=4))
        began = time.monotonic()
        assert ask(client, "GET", "/") == b"0123456789"
        assert time.monotonic() - began >= 0.2

    def test_a_proxy_ends_though_a_client_waits(self, server):
        with faulty_proxy(server.endpoint) as proxy:
            proxy.inject(StallRequest())
            client = http.client.HTTPConnection(address(proxy), timeout=10)
            client.request("GET", "/")
            eventually(lambda: proxy.requests)
        with (
            contextlib.closing(client),
            pytest.raises((ConnectionError, http.client.HTTPException)),
        ):
            client.getresponse()
