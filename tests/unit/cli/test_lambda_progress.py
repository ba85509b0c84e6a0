"""The block of a render on Lambda, for a scripted sequence of states."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from framefleet.cli.cloud_lambda.progress_block import (
    Download,
    ProgressBlock,
    bar_cells,
    expensive_ranges,
    plain_line,
    progress_lines,
    progress_rows,
)
from framefleet.cli.cloud_lambda.report import (
    cost_lines,
    error_texts,
    fatal_error,
    final_lines,
)
from framefleet.errors import FunctionError, PageScriptError
from tests.unit.cli.lambda_states import DONE, LAUNCHED_MS, METADATA, RENDERING, progress_of

EMPTY = "━" * 18
# Half of the bar's cells, rounded down: 9 of 15 are 21 of 36, 84 of 300 are 10, 31 of 300 are 3.
STATES = {
    "launched": (
        {},
        LAUNCHED_MS + 120,
        [
            "0% • <$0.001 • Timeout 120s",
            f"Visiting Site        {EMPTY} 120ms",
            f"Invoking lambdas     {EMPTY}",
            f"Rendering frames     {EMPTY}",
            f"Encoding frames      {EMPTY}",
            f"Combining chunks     {EMPTY} 0%",
        ],
    ),
    "opened": (
        {"serveUrlOpened": LAUNCHED_MS + 400},
        LAUNCHED_MS + 1000,
        [
            "3% • <$0.001 • Timeout 119s",
            "Calculating metadata ━━━━━━━━━╺━━━━━━━━ 600ms",
            f"Invoking lambdas     {EMPTY}",
            f"Rendering frames     {EMPTY}",
            f"Encoding frames      {EMPTY}",
            f"Combining chunks     {EMPTY} 0%",
        ],
    ),
    "rendering": (
        RENDERING,
        LAUNCHED_MS + 33_000,
        [
            "34% • 16 λ • $0.008 • Timeout 87s",
            f"Got composition      {EMPTY} 1834ms",
            "Invoking lambdas     ━━━━━━━━━━╸━━━━━━━ 9/15",
            "! Retrying chunks 3, 7",
            "Rendering frames     ━━━━━╺━━━━━━━━━━━━ 84/300",
            "Encoding frames      ━╸━━━━━━━━━━━━━━━━ 31/300",
            f"Combining chunks     {EMPTY} 0%",
            "+ S3                 renders/id/artifacts/a.txt 1.2 kB",
        ],
    ),
    "combining": (
        {
            **RENDERING,
            "lambdasInvoked": 15,
            "framesRendered": 300,
            "framesEncoded": 300,
            "timeToRenderFrames": 5200,
            "timeToEncode": 5300,
            "combinedFrames": 150,
            "retries": [{"chunk": 3}],
            "receivedArtifact": [],
        },
        LAUNCHED_MS + 40_000,
        [
            "95% • 16 λ • $0.016 • Timeout 80s",
            f"Got composition      {EMPTY} 1834ms",
            f"Invoked lambdas      {EMPTY} 15/15",
            "! Retrying chunk 3",
            f"Rendered frames      {EMPTY} 5200ms",
            f"Encoded frames       {EMPTY} 5300ms",
            "Combining chunks     ━━━━━━━━━╺━━━━━━━━ 50%",
        ],
    ),
    "done": (
        DONE,
        LAUNCHED_MS + 12_340,
        [
            f"Got composition      {EMPTY} 1834ms",
            f"Invoked lambdas      {EMPTY} 15/15",
            f"Rendered frames      {EMPTY} 5200ms",
            f"Encoded frames       {EMPTY} 5300ms",
            f"Combined chunks      {EMPTY} 210ms",
        ],
    ),
}


@pytest.mark.parametrize("state", STATES)
def test_each_state_has_its_lines(state):
    record, now_ms, lines = STATES[state]
    assert progress_lines(progress_of(record, now_ms=now_ms), now_ms=now_ms) == lines


def test_time_that_passes_after_the_answer_counts():
    progress = progress_of({}, now_ms=LAUNCHED_MS)
    assert progress_lines(progress, now_ms=LAUNCHED_MS + 61_001)[:2] == [
        "0% • <$0.001 • Timeout 59s",
        f"Visiting Site        {EMPTY} 61001ms",
    ]


@pytest.mark.parametrize(
    ("left_ms", "says"),
    [
        (1, "Timeout 1s"),
        (0, "Timeout reached - Expecting crash shortly"),
        (-5000, "Timeout reached - Expecting crash shortly"),
    ],
)
def test_the_timeout_is_announced_and_told(left_ms, says):
    now_ms = LAUNCHED_MS + 120_000 - left_ms
    head, *_ = progress_lines(progress_of({}), now_ms=now_ms)
    assert head == f"0% • <$0.001 • {says}"


def test_a_function_that_renders_alone_has_nothing_to_count():
    alone = {
        **METADATA,
        "estimatedRenderLambdaInvokations": 0,
        "estimatedTotalLambdaInvokations": 1,
    }
    before = progress_of({**RENDERING, "renderMetadata": alone, "lambdasInvoked": 0})
    after = progress_of({**RENDERING, "renderMetadata": alone, "lambdasInvoked": 1})
    assert [progress_rows(each, now_ms=0)[1].text() for each in (before, after)] == [
        f"Invoking lambdas     {EMPTY}",
        f"Invoked lambdas      {EMPTY}",
    ]


def test_only_five_artifacts_have_a_line_of_their_own():
    artifacts = [{"s3Key": f"renders/id/artifacts/{n}", "sizeInBytes": 1000 * n} for n in range(8)]
    lines = progress_lines(progress_of({"receivedArtifact": artifacts}), now_ms=LAUNCHED_MS)
    assert lines[6:] == [
        *(f"+ S3                 renders/id/artifacts/{n} {size}"
          for n, size in enumerate(["0 B", "1.0 kB", "2.0 kB", "3.0 kB", "4.0 kB"])),
        "                     3 more artifacts 18 kB",
    ]  # fmt: skip


def test_a_download_is_the_last_step():
    progress = progress_of(DONE)
    half = Download(downloaded_bytes=600_000, total_bytes=1_200_000)
    assert progress_lines(progress, now_ms=0, download=half)[-1] == (
        "Downloading video    ━━━━━━━━━╺━━━━━━━━ 600 kB/1.2 MB"
    )
    here = replace(half, took_ms=310)
    assert progress_lines(progress, now_ms=0, download=here)[-1] == (
        f"Downloaded video     {EMPTY} 310ms"
    )


@pytest.mark.parametrize(
    ("part", "done", "left"),
    [
        (0, "", EMPTY),
        (1 / 36, "╸", "━" * 17),
        (1 / 18, "━", "╺" + "━" * 16),
        (0.5, "━" * 9, "╺" + "━" * 8),
        (0.999, "━" * 17 + "╸", ""),
        (1, EMPTY, ""),
        (1.7, EMPTY, ""),
        (-1, "", EMPTY),
    ],
)
def test_a_bar_has_half_cells_and_is_full_only_at_the_end(part, done, left):
    assert bar_cells(part) == (done, left)
    assert len(done + left) == 18


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ("launched", "0% • <$0.001 • Timeout 120s • Visiting Site 120ms"),
        ("rendering", "34% • 16 λ • $0.008 • Timeout 87s • Invoking lambdas 9/15"),
        ("combining", "95% • 16 λ • $0.016 • Timeout 80s • Combining chunks 50%"),
        ("done", "Combined chunks 210ms"),
    ],
)
def test_files_and_pipes_get_one_line(state, line):
    record, now_ms, _ = STATES[state]
    assert plain_line(progress_of(record, now_ms=now_ms), now_ms=now_ms) == line


def test_the_block_goes_on_by_the_clock_of_the_function(monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: 50.0)
    block = ProgressBlock(progress_of({}, now_ms=LAUNCHED_MS + 120))
    monkeypatch.setattr(time, "monotonic", lambda: 51.5)
    assert block.plain() == "0% • <$0.001 • Timeout 119s • Visiting Site 1620ms"


def test_what_a_render_has_taken():
    progress = progress_of(DONE)
    said = "16 λ's used, 12.34sec, Estimated cost $0.004"
    assert final_lines(progress, is_verbose=False) == [said]
    ranges = "20-39 (Chunk 1, 2045ms), 0-19 (Chunk 0, 812ms)"
    assert final_lines(progress, is_verbose=True) == [said, "Most expensive frame ranges:", ranges]
    assert expensive_ranges(None) == ""


def failure(
    message: str, stack: str, *, name: str = "Error", fatal: bool = False
) -> dict[str, Any]:
    """An entry of a record's `errors`."""
    return {"name": name, "message": message, "stack": stack, "isFatal": fatal, "willRetry": False}


class TestErrors:
    STACK = "PageScriptError: seek(3) failed\n    at seek (https://site/index.html:1:2)"

    @pytest.fixture
    def progress(self):
        script = failure("seek(3) failed", self.STACK, name="PageScriptError")
        full = failure("ENOSPC", "Error: ENOSPC")
        again = {**script, "isFatal": True}
        return progress_of({**RENDERING, "errors": [script, full, again]})

    def test_each_is_told_once_with_what_explains_it(self, progress):
        disk = (
            "Your lambda function reached the storage limit. Reduce the amount of space needed per "
            "lambda function or increase the storage limit: https://remotion.dev/docs/lambda/disk-size."
        )
        assert error_texts(progress.errors, is_verbose=False) == [
            ["PageScriptError: seek(3) failed"],
            [disk, "Error: ENOSPC"],
        ]
        assert error_texts(progress.errors, is_verbose=True) == [
            [self.STACK],
            [disk, "Error: ENOSPC"],
        ]

    def test_what_they_have_cost_is_told(self, progress):
        assert cost_lines(progress) == [
            "Accrued costs until error was thrown: <$0.001.",
            "This is an estimate and continuing Lambda functions may incur additional costs.",
        ]

    def test_the_fatal_one_decides_the_exit_code(self, progress):
        error = fatal_error(progress)
        assert (type(error), error.message) == (PageScriptError, "seek(3) failed")
        assert error.context == {"render_id": "id", "bucket": "bucket"}

    def test_one_of_the_references_functions_is_a_functions(self):
        errors = [failure("boom", "Error: boom", fatal=True)]
        error = fatal_error(progress_of({"errors": errors}))
        assert (type(error), error.message) == (FunctionError, "boom")
