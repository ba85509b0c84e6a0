"""A function for the genuine runtime client; what it does is in the event."""

import os
import signal
import subprocess
import sys
import threading
import time

_invocations = 0
_ticks = 0


def _tick():
    global _ticks
    while True:
        time.sleep(0.005)
        _ticks += 1


def handle(event, context):
    global _invocations
    _invocations += 1
    return _DEEDS[event["do"]](event, context)


def _echo(event, context):
    sys.stdout.write(f"said by the function {event.get('text', '')}\n")
    return {"event": event, "pid": os.getpid(), "invocations": _invocations}


def _describe(event, context):
    return {
        "request_id": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "memory": context.memory_limit_in_mb,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "environment": dict(os.environ),
    }


def _fail(event, context):
    raise ValueError("no such luck")


def _exit(event, context):
    os._exit(event["status"])


def _kill_self(event, context):
    os.kill(os.getpid(), signal.SIGKILL)


def _sleep(event, context):
    time.sleep(event["seconds"])
    return {"pid": os.getpid()}


def _big(event, context):
    return "x" * event["size"]


def _note(event, context):
    with open(event["file"], "a") as file:
        file.write(f"{context.aws_request_id}\n")
    time.sleep(event.get("seconds", 0))
    if event.get("fail"):
        raise ValueError("noted, and failed")


def _start_ticking(event, context):
    """Start a thread, and as Chromium processes in sessions of their own, one of them orphaned."""
    threading.Thread(target=_tick, daemon=True).start()
    child = subprocess.Popen(["sleep", "60"], start_new_session=True)
    shell = subprocess.run(
        ["sh", "-c", "setsid sleep 60 >/dev/null 2>&1 & echo $!"], capture_output=True, check=True
    )
    return {"pids": [os.getpid(), child.pid, int(shell.stdout)]}


def _ticks_at_start(event, context):
    at_start = _ticks
    time.sleep(0.1)
    return {"at_start": at_start, "later": _ticks}


def _eat(event, context):
    eaten = bytearray(os.urandom(1 << 20) * event["mib"])
    time.sleep(10)
    return len(eaten)


_DEEDS = {
    "echo": _echo,
    "describe": _describe,
    "fail": _fail,
    "exit": _exit,
    "kill": _kill_self,
    "sleep": _sleep,
    "big": _big,
    "note": _note,
    "start ticking": _start_ticking,
    "ticks": _ticks_at_start,
    "eat": _eat,
}
