"""A record goes on where that of a function stood that has died."""

from __future__ import annotations

from framefleet.domain.destination import BucketAddress, Cloud, RemoteFile
from framefleet.wire.render_state import RenderState

BUCKET = BucketAddress(cloud=Cloud.S3, name="bucket")


def fresh() -> RenderState:
    return RenderState(cancellation_enabled=False, max_attempts=2, launched_ms=1, timeout_ms=2)


def emitted(name: str, size_bytes: int = 3) -> RemoteFile:
    key = f"renders/4h1xz9c0ab/artifacts/{name}"
    return RemoteFile(bucket=BUCKET, key=key, size_bytes=size_bytes, url=f"https://s3/{key}")


def test_files_that_came_before_are_told_of_once():
    first = fresh()
    first.received(emitted("a.txt"))
    first.received(emitted("notes/artifacts/b.txt"))
    again = fresh()
    again.resume(first.to_dict())
    again.received(emitted("a.txt", 4))
    entries = again.to_dict()["receivedArtifact"]
    assert [(entry["filename"], entry["sizeInBytes"]) for entry in entries] == [
        ("notes/artifacts/b.txt", 3),
        ("a.txt", 4),
    ]
