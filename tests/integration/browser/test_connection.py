"""The DevTools wire, spoken to over two pipes by a peer of our own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os

import msgspec
import pytest

from framefleet.cdp.connection import Connection
from framefleet.cdp.session import Session
from framefleet.errors import BrowserCrashedError, PageScriptError, PageTimeoutError, ProtocolError

pytestmark = pytest.mark.anyio
read = msgspec.json.decode


class Peer:
    """The browser's ends of the pipes."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd, self._write_fd = read_fd, write_fd

    def write(self, *messages: object) -> None:
        data = b"".join(json.dumps(message).encode() + b"\0" for message in messages)
        os.write(self._write_fd, data)

    def read(self) -> list[dict[str, object]]:
        """The commands that have arrived."""
        data = os.read(self._read_fd, 1 << 20)
        return [json.loads(text) for text in data.split(b"\0")[:-1]]

    def hang_up(self) -> None:
        os.close(self._read_fd)
        os.close(self._write_fd)


@pytest.fixture
async def wire():
    theirs_read, ours_write = os.pipe()
    ours_read, theirs_write = os.pipe()
    connection = await Connection.open(read_fd=ours_read, write_fd=ours_write)
    peer = Peer(theirs_read, theirs_write)
    yield connection, peer
    await connection.aclose()
    with contextlib.suppress(OSError):
        peer.hang_up()
    # Transports close their files in the next round of the loop.
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_answers_find_their_calls_in_any_order(wire):
    connection, peer = wire
    first, second = connection.call("A.one", {"x": 1}), connection.call("B.two", session="S")
    await asyncio.sleep(0)
    one, two = peer.read()
    assert one == {"id": 1, "method": "A.one", "params": {"x": 1}}
    assert two == {"id": 2, "method": "B.two", "params": {}, "sessionId": "S"}
    peer.write({"id": 2, "result": {"is": "second"}}, {"id": 1, "result": {"is": "first"}})
    assert read(await first) == {"is": "first"}
    assert read(await second) == {"is": "second"}


async def test_a_message_may_come_in_pieces_of_any_size(wire):
    connection, peer = wire
    answer = connection.call("A.big")
    payload = "x" * (3 << 20)
    data = json.dumps({"id": 1, "result": {"data": payload}}).encode() + b"\0"

    def trickle() -> None:
        for start in range(0, len(data), 777_777):
            os.write(peer._write_fd, data[start : start + 777_777])

    await asyncio.to_thread(trickle)
    assert read(await answer) == {"data": payload}


async def test_a_refusal_is_a_protocol_error_with_the_details(wire):
    connection, peer = wire
    answer = connection.call("A.bad")
    peer.write({"id": 1, "error": {"code": -1, "message": "Not allowed", "data": "in headless"}})
    with pytest.raises(ProtocolError, match=r"Not allowed \(in headless\)"):
        await answer


async def test_events_reach_the_handlers_of_their_session(wire):
    connection, peer = wire
    heard: list[tuple[str, object]] = []
    stop = connection.on("E.e", lambda raw: heard.append(("S", read(raw))), session="S")
    connection.on("E.e", lambda raw: heard.append(("browser", read(raw))))
    peer.write(
        {"method": "E.e", "params": {"n": 1}, "sessionId": "S"},
        {"method": "E.e", "params": {"n": 2}, "sessionId": "other"},
        {"method": "E.e", "params": {"n": 3}},
        {"method": "E.other", "sessionId": "S"},
    )
    await asyncio.sleep(0.01)
    assert heard == [("S", {"n": 1}), ("browser", {"n": 3})]
    stop()
    peer.write({"method": "E.e", "params": {"n": 4}, "sessionId": "S"})
    await asyncio.sleep(0.01)
    assert len(heard) == 2


@pytest.mark.parametrize("who", ["we", "the browser"])
async def test_a_closed_pipe_wakes_those_who_wait_and_refuses_later_calls(wire, who):
    connection, peer = wire
    waiting = [connection.call("A.one"), connection.call("B.two", session="S")]
    session = Session(connection, "S")
    if who == "we":
        await connection.aclose()
    else:
        peer.hang_up()
    for answer in waiting:
        with pytest.raises(BrowserCrashedError, match="pipe closed"):
            await asyncio.wait_for(answer, 1)
    assert connection.closed.done()
    with pytest.raises(BrowserCrashedError):
        await connection.call("C.three")
    with pytest.raises(BrowserCrashedError):
        await session.call("D.four")


async def test_a_session_that_failed_fails_its_calls_and_no_others(wire):
    connection, peer = wire
    failed, other = Session(connection, "F"), Session(connection, "O")
    waiting, well = failed.send("A.one"), other.send("A.one")
    failed.fail(PageScriptError("thrown"))
    failed.fail(PageScriptError("later"))
    for answer in (waiting, failed.send("A.two")):
        with pytest.raises(PageScriptError, match="thrown"):
            await answer
    peer.write({"id": 2, "result": {}})
    assert read(await well) == {}


async def test_a_call_that_is_given_up_is_forgotten(wire):
    connection, peer = wire
    answer = connection.call("A.one")
    answer.cancel()
    await asyncio.sleep(0)
    assert connection._waiting == {}
    peer.write({"id": 1, "result": {}})
    later = connection.call("A.two")
    peer.write({"id": 2, "result": {"n": 2}})
    assert read(await later) == {"n": 2}


@pytest.mark.parametrize(
    ("answered", "method", "error"),
    [
        ({"Browser.getVersion"}, "Page.navigate", PageTimeoutError),
        ({"Browser.getVersion"}, "Runtime.evaluate", PageTimeoutError),
        ({"Browser.getVersion", "Runtime.evaluate"}, "Page.captureScreenshot", BrowserCrashedError),
        (set(), "Page.captureScreenshot", BrowserCrashedError),
        (set(), "Runtime.evaluate", BrowserCrashedError),
    ],
)  # fmt: skip
async def test_no_answer_is_blamed_on_who_does_not_answer(
    wire, monkeypatch, answered, method, error
):
    monkeypatch.setattr("framefleet.cdp.session._HEALTH_TIMEOUT_S", 0.1)
    connection, peer = wire
    session = Session(connection, "S", timeout_s=0.05)

    async def browse() -> None:
        await asyncio.sleep(0.08)
        _, *probes = peer.read()
        peer.write(*({"id": m["id"], "result": {}} for m in probes if m["method"] in answered))

    answers = asyncio.create_task(browse())
    with pytest.raises(error, match=r"within 0\.05 s"):
        await session.call(method)
    await answers
