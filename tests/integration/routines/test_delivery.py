"""Outputs in buckets: who may read them, how browsers take them, and what is never replaced."""

from __future__ import annotations

import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from framefleet import aws
from framefleet.errors import FunctionError
from framefleet.testing.local_lambda import Invocation
from tests.services.fleet import MAIN, Fleet

FEW: dict[str, Any] = {"input_props": {"width": 320, "height": 60, "durationInFrames": 5}}
ELSEWHERE = "films-of-ours"


def fetch(url: str) -> tuple[int, str | None, str | None]:
    """What somebody without keys gets: status, type, and what a browser is told to do."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            headers = answer.headers
            return answer.status, headers["Content-Type"], headers["Content-Disposition"]
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return refusal.code, None, None


def acl(fleet: Fleet, bucket: str, key: str) -> set[tuple[str, str]]:
    """Who else than the owner may do what."""
    grants = fleet.store.client.get_object_acl(Bucket=bucket, Key=key)["Grants"]
    return {(g["Grantee"].get("URI", "owner").rpartition("/")[2], g["Permission"]) for g in grants}


OWNER = {("owner", "FULL_CONTROL")}
EVERYBODY = OWNER | {("AllUsers", "READ")}
PLAY = {"type": "play-in-browser"}
DELIVERIES = [
    ("public", None, EVERYBODY, None),
    ("public", {"type": "download", "file_name": None}, EVERYBODY, "attachment"),
    (
        "public",
        {"type": "download", "file_name": "été/1 (b).mp4"},
        EVERYBODY,
        'attachment; filename="%C3%A9t%C3%A9%2F1%20(b).mp4"',
    ),
    (
        "public",
        {"type": "download", "file_name": "a%2Fb c.mp4"},
        EVERYBODY,
        'attachment; filename="a%2Fb c.mp4"',
    ),
    ("private", PLAY, OWNER, None),
    ("no-acl", PLAY, OWNER, None),
]


@pytest.mark.parametrize("kind", ["film", "still"])
def test_who_reads_an_output_and_how_it_is_taken(fleet, kind):
    """Into a bucket of which only what the outputs themselves say is public (checklist 56)."""
    fleet.store.client.create_bucket(Bucket=ELSEWHERE)

    def deliver(number: int) -> tuple[str, str]:
        privacy, behavior, _, _ = DELIVERIES[number]
        key = f"{kind}s/{number}.{'mp4' if kind == 'film' else 'png'}"
        options: dict[str, Any] = {
            **FEW, "privacy": privacy, "download_behavior": behavior,
            "out_name": {"bucket_name": ELSEWHERE, "key": key},
        }  # fmt: skip
        if kind == "film":
            done = fleet.render("stamped", "stamped", **options, concurrency=1)
            return key, str(done.output_file)
        still = aws.render_still_on_lambda(
            function_name=MAIN, serve_url="stamped", composition="stamped", **options
        )
        return key, still.url

    with ThreadPoolExecutor(2) as threads:
        outputs = list(threads.map(deliver, range(len(DELIVERIES))))
    content_type = "video/mp4" if kind == "film" else "image/png"
    for (key, url), (privacy, _, grants, disposition) in zip(outputs, DELIVERIES, strict=True):
        assert acl(fleet, ELSEWHERE, key) == grants
        seen = (200, content_type, disposition) if privacy == "public" else (403, None, None)
        assert fetch(url) == seen


def test_an_output_that_appears_during_the_render_is_kept(fleet):
    """The conditional upload refuses with the words of the look before (checklist 55)."""
    place = {"bucket_name": fleet.bucket, "key": "films/one.mp4"}

    def put(call: Invocation) -> None:
        if call.type == "ResponseStream":
            fleet.store.client.put_object(Bucket=fleet.bucket, Key=place["key"], Body=b"theirs")

    fleet.faults.append(put)
    said = []
    for calls in (1, 0):
        fleet.calls.clear()
        with pytest.raises(FunctionError, match="already exists") as failed:
            fleet.render("stamped", "stamped", **FEW, out_name=place)
        assert len([call for call in fleet.calls if call.type == "ResponseStream"]) == calls
        assert fleet.left_of(str(failed.value.context["render_id"])) == {"progress.json"}
        said.append(str(failed.value))
    assert said[0] == said[1]
    body = fleet.store.client.get_object(Bucket=fleet.bucket, Key=place["key"])["Body"].read()
    assert body == b"theirs"
