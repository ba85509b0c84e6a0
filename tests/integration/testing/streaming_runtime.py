"""A runtime that streams, which the genuine client cannot: plain sockets and nothing else.

The event is a list of steps: `["send", text]`, `["sleep", s]`, `["exit", status]`, `["close"]`,
`["error", type, body]`, `["note", file]`, `["wait", file]`.
"""

import base64
import contextlib
import http.client
import json
import os
import sys
import time
from pathlib import Path

ADDRESS = os.environ["AWS_LAMBDA_RUNTIME_API"]
PREFIX = "/2018-06-01/runtime/invocation/"


class Closed(Exception):
    """The response was left without an end."""


def next_event():
    connection = http.client.HTTPConnection(ADDRESS)
    connection.request("GET", PREFIX + "next")
    answer = connection.getresponse()
    return answer.headers["Lambda-Runtime-Aws-Request-Id"], json.loads(answer.read())


def respond(request_id, steps):
    connection = http.client.HTTPConnection(ADDRESS)
    connection.putrequest("POST", PREFIX + request_id + "/response")
    connection.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.putheader(
        "Trailer", "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body"
    )
    connection.endheaders()
    trailers = b""
    for name, *arguments in steps:
        trailers = take(connection, name, arguments) or trailers
    connection.send(b"0\r\n" + trailers + b"\r\n")
    answer = connection.getresponse()
    assert answer.status == 202, answer.read()


def take(connection, name, arguments):
    match name:
        case "send":
            text = arguments[0].encode()
            connection.send(b"%x\r\n%b\r\n" % (len(text), text))
        case "sleep":
            time.sleep(arguments[0])
        case "exit":
            os._exit(arguments[0])
        case "close":
            connection.close()
            raise Closed
        case "note":
            Path(arguments[0]).write_text("done")
        case "wait":
            while not Path(arguments[0]).exists():
                time.sleep(0.01)
        case "error":
            body = base64.b64encode(arguments[1].encode()).decode()
            return (
                f"Lambda-Runtime-Function-Error-Type: {arguments[0]}\r\n"
                f"Lambda-Runtime-Function-Error-Body: {body}\r\n"
            ).encode()
        case _:
            sys.exit(f"no such step: {name}")
    return b""


while True:
    request_id, steps = next_event()
    with contextlib.suppress(Closed):
        respond(request_id, steps)
