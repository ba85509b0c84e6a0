"""What a FaultyProxy can do to a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answer:
    """The proxy answers itself, and the server hears nothing of the request."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def s3_error(cls, status: int, code: str) -> Answer:
        """An error as S3 words it, such as 503 SlowDown."""
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{code}</Code><Message>{code}</Message>"
            "<RequestId>1</RequestId><HostId>1</HostId></Error>"
        )
        return cls(status, body.encode(), {"Content-Type": "application/xml"})

    @classmethod
    def gcs_error(cls, status: int, reason: str, message: str = "") -> Answer:
        """An error as Cloud Storage's JSON API words it, such as 403 forbidden."""
        body = (
            f'{{"error": {{"code": {status}, "message": "{message or reason}", "errors": '
            f'[{{"domain": "global", "reason": "{reason}", "message": "{message or reason}"}}]}}}}'
        )
        return cls(status, body.encode(), {"Content-Type": "application/json"})


@dataclass(frozen=True)
class ResetRequest:
    """Both connections are reset once so many bytes of the request's body have passed."""

    after_bytes: int = 0


@dataclass(frozen=True)
class DamageRequest:
    """The first byte of the request's body that comes through is another one."""


@dataclass(frozen=True)
class CutAnswer:
    """The client's connection is closed once so many bytes of the answer's body have passed."""

    after_bytes: int = 0


@dataclass(frozen=True)
class LoseAnswer:
    """The server does what it is asked; instead of its answer the client gets a reset."""


@dataclass(frozen=True)
class StallRequest:
    """Nothing moves for a while once so many bytes of the request's body have passed.

    Without `seconds`: until the client gives up (Linux only) or the proxy ends.
    """

    seconds: float | None = None
    after_bytes: int = 0


@dataclass(frozen=True)
class StallAnswer:
    """As StallRequest, in the body of the answer."""

    seconds: float | None = None
    after_bytes: int = 0


Fault = Answer | ResetRequest | DamageRequest | CutAnswer | LoseAnswer | StallRequest | StallAnswer
