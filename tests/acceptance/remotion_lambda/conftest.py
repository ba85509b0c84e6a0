"""One fleet for all tests of this package, and the official JavaScript client."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.remotion_lambda.fleet import (
    LAST_WORD,
    PAGE,
    REGION,
    REMOTION,
    Fleet,
    keep_sandboxes,
    run_fleet,
)
from tests.services.receiver import Receiver, run_receiver
from tests.services.s3_server import S3Server

CLIENT = Path(__file__).parents[2] / "remotion_client/client.mjs"
# The part of it that apps import to render; it starts four times as fast as the whole.
APP_CLIENT = "@remotion/lambda/client"


class OfficialError(Exception):
    """The client threw."""

    def __init__(self, error: dict[str, str]) -> None:
        super().__init__(f"{error['name']}: {error['message']}")
        self.name, self.message, self.stack = error["name"], error["message"], error["stack"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function of the client gave, and what it called ours with.

    `earlier` are the milliseconds between a call and the result; JavaScript's undefined is None.
    """

    calls: dict[str, list[Any]]
    result: Any = None
    earlier: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Official:
    """Calls functions of the client by name."""

    environment: dict[str, str]

    def __call__(
        self,
        function: str,
        *callbacks: str,
        package: str = APP_CLIENT,
        until: tuple[str, ...] | None = None,
        preload: str | None = None,
        **arguments: Any,
    ) -> Answer:
        """Call one.

        Args:
            callbacks: arguments that are functions.
            until: call it again until one of these keys of its result is set; gives all results.
            preload: a script that runs first.
            arguments: of the call; with `region`.
        """
        request = {
            "function": function,
            "arguments": {"region": REGION, **arguments},
            "callbacks": callbacks,
            "from": package,
            "until": until,
            "timed": True,
        }
        options = ["--import", f"data:text/javascript,{preload}"] if preload else []
        done = subprocess.run(
            ["node", *options, CLIENT],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=60,
            env={"PATH": os.environ["PATH"], **self.environment},
        )
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        if error := answer.get("error"):
            raise OfficialError(error)
        return Answer(**answer)

    def started(self, **options: Any) -> dict[str, str]:
        """What `renderMediaOnLambda` gives."""
        render: dict[str, str] = self("renderMediaOnLambda", **options).result
        return render

    def progress(self, render: dict[str, str], **options: Any) -> list[dict[str, Any]]:
        """All that `getRenderProgress` says until the render is over."""
        found = {key: render[key] for key in ("renderId", "bucketName")}
        until = (LAST_WORD, "fatalErrorEncountered")
        seen: list[dict[str, Any]] = self(
            "getRenderProgress", until=until, **found, **options
        ).result
        return seen


@pytest.fixture(scope="package")
def fleet(
    radosgw_server: S3Server,
    pages: Path,
    remotion_site: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Fleet]:
    """The functions; their sandboxes stay warm until the tests are over."""
    radosgw_server.remove_buckets()
    with run_fleet(radosgw_server, tmp_path_factory.mktemp("fleet")) as fleet:
        with _account(fleet.environment):
            fleet.deploy(PAGE, pages / "stamped.html")
            fleet.deploy(REMOTION, remotion_site)
        yield fleet


@pytest.fixture(scope="module", autouse=True)
def _environment(fleet: Fleet) -> Iterator[None]:
    """Clients in this process find the fleet too; those of other modules do not."""
    with _account(fleet.environment):
        yield


@contextmanager
def _account(environment: Mapping[str, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(("AWS_", "REMOTION_", "FRAMEFLEET_")):
                patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="package")
def _warm_sandboxes() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(autouse=True)
def _only_sandboxes_left_behind(
    _nothing_left_behind: None, _warm_sandboxes: ExitStack
) -> Iterator[None]:
    yield
    keep_sandboxes(_warm_sandboxes)


@pytest.fixture(autouse=True)
def _faults_end_with_the_test(fleet: Fleet) -> Iterator[None]:
    yield
    fleet.faults.of = None


@pytest.fixture(scope="package")
def official(fleet: Fleet) -> Official:
    """The JavaScript client, which finds the fleet."""
    return Official(fleet.environment)


@pytest.fixture(scope="package")
def receiver() -> Iterator[Receiver]:
    """Takes webhooks."""
    with run_receiver() as receiver:
        yield receiver
