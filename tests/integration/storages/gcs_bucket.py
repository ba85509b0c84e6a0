"""A bucket of the emulator of Google Cloud Storage, and what it is made to suffer."""

from __future__ import annotations

import json
from typing import Any

from tests.services.faults import (
    Answer,
    Fault,
)
from tests.services.faulty_proxy import FaultyProxy

BUCKET = "remotioncloudrun-a1b2c3d4e5"
KEY = "renders/a1b2c3d4e5/out.mp4"
MIB = 1 << 20


def answer(status: int, message: str = "", **headers: str) -> Answer:
    body = {"error": {"code": status, "message": message}} if message else {}
    return Answer(
        status, json.dumps(body).encode(), {"Content-Type": "application/json", **headers}
    )


class Emulator:
    """The emulator behind its proxy, and a way around that."""

    def __init__(self, proxy: FaultyProxy, client: Any) -> None:
        self.url = proxy.endpoint
        self._proxy = proxy
        self._client = client
        self._bucket = client.create_bucket(BUCKET)

    @property
    def requests(self) -> list[str]:
        return [f"{seen.method} {seen.target}" for seen in self._proxy.seen()]

    def clear(self) -> None:
        self._proxy.clear()

    def fail(self, method: str, part: str, *faults: Fault) -> None:
        for fault in faults:
            self._proxy.inject(fault, method=method, target=part)

    def suffered(self) -> int:
        return sum(seen.fault is not None for seen in self._proxy.seen())

    def sent_bytes(self) -> int:
        """Of the body of the last request."""
        return self._proxy.seen()[-1].body_bytes

    def blob(self, key: str = KEY) -> Any:
        return self._bucket.get_blob(key)

    def content(self, key: str = KEY) -> bytes:
        content: bytes = self._bucket.blob(key).download_as_bytes()
        return content

    def change_bucket(self, name: str = BUCKET, **changes: Any) -> None:
        self._client._connection.api_request(method="PATCH", path=f"/b/{name}", data=changes)

    def rules(self) -> list[dict[str, Any]]:
        return [dict(rule) for rule in self._client.get_bucket(BUCKET).lifecycle_rules]
