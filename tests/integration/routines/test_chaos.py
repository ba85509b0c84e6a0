"""Fifty renders on a bad day: every one is whole, or says why it is not, and nothing is left."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from framefleet import aws
from framefleet.errors import FramefleetError
from framefleet.testing.local_lambda import (
    Delay,
    Duplicate,
    Fault,
    Invocation,
    Kill,
    LocalLambdaOptions,
    ServerError,
    Throttle,
    Vanish,
)
from framefleet.testing.video import read_stamps
from tests.services.faults import Answer, CutAnswer, DamageRequest, LoseAnswer, ResetRequest
from tests.services.faults import Fault as StoreFault
from tests.services.faulty_proxy import FaultyProxy
from tests.services.fleet import MAIN, Fleet
from tests.services.lambda_server import local_lambda

RENDERS = 50
AT_ONCE = 4
FRAMES = 20
# Of another memory, so that it can be told to repeat events.
FUNCTION = MAIN.replace("mem2048mb", "mem2049mb")
RENDERER_FAULTS: list[Fault] = [
    *(Kill(after_s) for after_s in (0.0, 0.2, 0.6)),
    *(Vanish(0.1), Throttle(), ServerError(500), ServerError(503), Delay(1.5)),
]
STORE_FAULTS: list[StoreFault] = [
    *(Answer.s3_error(503, "SlowDown"), Answer.s3_error(500, "InternalError")),
    *(ResetRequest(), DamageRequest(), LoseAnswer(), CutAnswer(100)),
]


class BadDay:
    """Chooses faults, the same ones for the same numbers of calls."""

    def __init__(self) -> None:
        self._random = random.Random(6)
        self._lock = threading.Lock()
        self.seen: Counter[str] = Counter()

    def choose(self, call: Invocation) -> Fault | None:
        with self._lock:
            fault = self._choose(call, self._random.random())
            if fault is not None:
                self.seen[f"{call.type} {type(fault).__name__}"] += 1
            return fault

    def _choose(self, call: Invocation, chance: float) -> Fault | None:
        if call.type == "ResponseStream":
            return self._random.choice(RENDERER_FAULTS) if chance < 0.25 else None
        if call.type == "Event":
            if call.attempt > 1:
                return None
            return Kill(0.8) if chance < 0.08 else Duplicate() if chance < 0.25 else None
        return ServerError(503) if chance < 0.02 else Throttle() if chance < 0.04 else None


@contextmanager
def bad_store(proxy: FaultyProxy) -> Iterator[None]:
    """Break a request now and then."""
    over = threading.Event()
    chosen = random.Random(7)

    def inject() -> None:
        while not over.wait(1.0):
            proxy.inject(chosen.choice(STORE_FAULTS), target="renders/")

    thread = threading.Thread(target=inject)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        proxy.clear()


@pytest.fixture
def chaos(fleet, radosgw_proxy, monkeypatch) -> Iterator[tuple[Fleet, BadDay]]:
    """A fleet of its own, whose functions reach the store through a proxy that breaks things."""
    day = BadDay()
    options = LocalLambdaOptions(
        environment={
            "AWS_ENDPOINT_URL_S3": radosgw_proxy.endpoint,
            "AWS_ACCESS_KEY_ID": fleet.store.access_key,
            "AWS_SECRET_ACCESS_KEY": fleet.store.secret_key,
        },
        event_retry_pause_s=16.0,
        max_idle=24,
        on_invoke=day.choose,
    )
    with local_lambda(options) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        with server.client() as client:
            client.create_function(
                FunctionName=FUNCTION, Role="arn:aws:iam::123456789012:role/remotion-lambda-role",
                Code={"ImageUri": "image"}, PackageType="Image", Timeout=120, MemorySize=2049,
            )  # fmt: skip
            client.put_function_event_invoke_config(FunctionName=FUNCTION, MaximumRetryAttempts=2)
        yield Fleet(server, fleet.store, fleet.bucket), day
        wait_for_rest(server)


def wait_for_rest(server) -> None:
    pause = threading.Event()
    for _ in range(300):
        if not server.service.at_work:
            return
        pause.wait(0.1)
    raise AssertionError(f"{server.service.at_work} functions are still at work")


@pytest.mark.timeout(900)
def test_every_render_is_whole_or_says_why_not(chaos, radosgw_proxy, tmp_path):
    fleet, day = chaos
    outcomes: Counter[str] = Counter()

    def render(number: int) -> None:
        try:
            done = fleet.render(
                "stamped", "stamped", input_props={"durationInFrames": FRAMES, "width": 340,
                "height": 60, "text": "x" * (200_000 if number % 10 == 0 else 1)},
                frames_per_lambda=7, max_retries=4, function_name=FUNCTION,
            )  # fmt: skip
        except FramefleetError as exc:
            outcomes[f"{type(exc).__name__}: {str(exc)[:90]}"] += 1
            return
        film = tmp_path / f"{number}.mp4"
        aws.download_media(bucket_name=done.bucket, render_id=done.render_id, out_path=film)
        assert read_stamps(film) == list(range(FRAMES))
        outcomes["whole"] += 1

    with bad_store(radosgw_proxy), ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(render, range(RENDERS)))
    wait_for_rest(fleet.server)
    assert sum(outcomes.values()) == RENDERS
    assert outcomes["whole"] >= RENDERS * 0.8, outcomes
    assert len(day.seen) >= 8, day.seen
    left = Counter(Path(key).name for key in fleet.objects())
    assert set(left) <= {"progress.json", "out.mp4"}, left
    assert left["out.mp4"] >= outcomes["whole"]
    assert fleet.objects("input-props/") == {}
