"""What several tests of the local Lambda do with it."""

from __future__ import annotations

import time

import pytest
from botocore.exceptions import ClientError


def until(condition, *, timeout_s=10):
    """Wait for something that happens elsewhere; the value that made it true."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
    return value


def lines_of(file):
    return file.read_text().splitlines() if file.exists() else []


def refusal(call, *arguments, **keywords):
    with pytest.raises(ClientError) as raised:
        call(*arguments, **keywords)
    return raised.value.response
