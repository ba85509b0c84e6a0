"""A fleet of our functions on this machine, which clients take for Remotion's in AWS."""

from __future__ import annotations

import re
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from framefleet import aws
from framefleet.testing.local_lambda import Fault, Invocation, LocalLambda, LocalLambdaOptions
from tests.services.lambda_server import local_lambda
from tests.services.processes import lasting
from tests.services.s3_server import S3Server

REGION = "us-east-1"
SIZES = "mem2048mb-disk2048mb-120sec"
# As the official clients of these versions want to have them.
JAVASCRIPT, PYTHON = (f"remotion-render-{version}-{SIZES}" for version in ("4-0-527", "4-0-539"))
# A name without a version serves every client.
FREE = "our-renders"
# Sites: a page whose composition is called stamped, and a Remotion project.
PAGE, REMOTION = "stamped", "project"
BUCKET, OTHER = "remotionlambda-useast1-f1e2d3c4b5", "films-of-others"
_RUNTIME = "framefleet.handlers.lambda_runtime"

# 16 blocks of a stamp are 320 px wide.
SHORT: dict[str, Any] = {"width": 320, "height": 180, "fps": 10, "durationInFrames": 10}
# Of every progress answer (spec/serverless-progress-costs.md 4), also where they are null.
PROGRESS_KEYS = {
    "type", "done", "renderId", "bucket", "chunks", "framesRendered", "lambdasInvoked",
    "encodingStatus", "combinedFrames", "timeToCombine", "costs", "currentTime",
    "renderMetadata", "outputFile", "outKey", "outBucket", "outputSizeInBytes", "renderSize",
    "timeToFinish", "timeToFinishChunks", "timeToRenderFrames", "timeToEncode", "errors",
    "fatalErrorEncountered", "overallProgress", "retriesInfo", "mostExpensiveFrameRanges",
    "estimatedBillingDurationInMilliseconds", "cleanup", "timeoutTimestamp", "functionLaunched",
    "serveUrlOpened", "compositionValidated", "artifacts", "framesUploaded", "outputSequence",
    "separateAudio",
}  # fmt: skip
# The one that only the end sets: `done` may be true a moment earlier, when the output is there and
# the record does not say so yet.
LAST_WORD = "mostExpensiveFrameRanges"

Misbehaviour = Callable[[Invocation], Fault | None]


@dataclass(slots=True)
class Faults:
    """What goes wrong with invocations: nothing, unless a test says so."""

    of: Misbehaviour | None = None

    def __call__(self, invocation: Invocation) -> Fault | None:
        return self.of(invocation) if self.of else None


@dataclass(frozen=True, slots=True)
class Fleet:
    """Lambda with our functions, and S3 with their bucket and another.

    `environment` has the variables by which clients find both.
    """

    service: LocalLambda
    s3: S3Server
    environment: dict[str, str]
    folder: Path
    faults: Faults

    def deploy(self, name: str, source: Path) -> None:
        """Put a site into the bucket: a page, or a bundle of a Remotion project."""
        if source.is_file():
            page, source = source, self.folder / name
            source.mkdir()
            shutil.copy(page, source / "index.html")
        aws.deploy_site_from_bundle(bundle_dir=source, bucket_name=BUCKET, site_name=name)

    def sizes(self, prefix: str = "", bucket: str = BUCKET) -> dict[str, int]:
        """How long each object is."""
        listing = self.s3.client.list_objects_v2(Bucket=bucket, Prefix=prefix)
        return {found["Key"]: found["Size"] for found in listing.get("Contents", [])}

    def content(self, key: str, bucket: str = BUCKET) -> bytes:
        """An object."""
        return self.s3.client.get_object(Bucket=bucket, Key=key)["Body"].read()

    def busy(self) -> list[str]:
        """The logs of the sandboxes that have begun something and not ended it."""
        texts = (
            (path, path.read_text(errors="replace")) for path in (self.folder / "logs").iterdir()
        )
        return [
            path.name
            for path, text in texts
            if len(re.findall("^START ", text, re.M)) > len(re.findall("^END ", text, re.M))
        ]

    def seconds_until(self, busy: int, *, at_most: float) -> float:
        """How long it takes until so many functions are at work; `at_most` if it takes longer."""
        start_s = time.monotonic()
        while len(self.busy()) != busy and time.monotonic() - start_s < at_most:
            time.sleep(0.05)
        return min(time.monotonic() - start_s, at_most)


@contextmanager
def run_fleet(s3: S3Server, folder: Path) -> Iterator[Fleet]:
    """Functions under three names, and two buckets; `folder` is an empty one."""
    logs, faults = folder / "logs", Faults()
    store = {
        "AWS_ENDPOINT_URL_S3": s3.endpoint,
        "AWS_ACCESS_KEY_ID": s3.access_key,
        "AWS_SECRET_ACCESS_KEY": s3.secret_key,
    }
    options = LocalLambdaOptions(environment=store, log_folder=logs, on_invoke=faults)
    for name in (BUCKET, OTHER):
        s3.client.create_bucket(Bucket=name)
    with local_lambda(options) as server:
        environment = {**store, **server.environment}
        for name in (JAVASCRIPT, PYTHON, FREE):
            server.service.create_function(
                name, memory_mb=2048, timeout_s=120, environment=environment
            )
        yield Fleet(server.service, s3, environment, folder, faults)


def fetch(url: str) -> bytes:
    """What anybody gets there."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        data: bytes = answer.read()
    return data


def keep_sandboxes(until: ExitStack) -> None:
    """Say that sandboxes, which stay warm from test to test, outlive the test that started them."""
    children = psutil.Process().children()
    runtimes = [child for child in children if _RUNTIME in _command(child)]
    for runtime in runtimes:
        pids = [runtime.pid, *(child.pid for child in runtime.children(recursive=True))]
        until.enter_context(lasting(pids))


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []
