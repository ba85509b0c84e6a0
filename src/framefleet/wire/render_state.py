"""`progress.json` of a render that functions work on: facts go in, the record comes out.

Keys and meanings: spec/serverless-progress-costs.md 1, 3 and 5. All times are milliseconds of the
epoch, read from the clock of one function.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from framefleet.domain import pricing
from framefleet.domain.destination import BucketAddress, RemoteFile
from framefleet.domain.events import (
    Assembled,
    AttemptFailed,
    ChunkProgressed,
    ChunkRendered,
    FramesAssembled,
    RenderFact,
)
from framefleet.domain.function_names import read_function_name
from framefleet.domain.plan import Plan
from framefleet.errors import FramefleetError, OptionError
from framefleet.wire.answers import error_stack
from framefleet.wire.render_record import (
    Outputs,
    artifact_entries,
    artifact_entry,
    separate_audio_entry,
)

_FINAL_DISCLAIMER = (
    "Estimated cost for function invocations only. Does not include cost for storage and data "
    "transfer."
)
_MOST_EXPENSIVE = 5

ErrorKind = Literal["renderer", "browser", "stitcher", "webhook", "artifact"]


@dataclass(slots=True, kw_only=True)
class RenderState:
    """How far a render is.

    `timings` hold failed attempts as well: they cost what others cost. `was_planned`: a function
    that has died had found that the output can be written.
    """

    cancellation_enabled: bool
    max_attempts: int
    launched_ms: int
    timeout_ms: int
    metadata: dict[str, Any] | None = None
    opened_ms: int | None = None
    validated_ms: int | None = None
    post_render: dict[str, Any] | None = None
    fatal_ms: int | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    retries: list[dict[str, Any]] = field(default_factory=list)
    timings: list[dict[str, Any]] = field(default_factory=list)
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    separate_audio: dict[str, Any] | None = None
    was_planned: bool = False
    time_to_combine: int | None = None
    time_to_encode: int | None = None
    time_to_render_frames: int | None = None
    _plan: Plan | None = None
    _chunks: list[int] = field(default_factory=list)
    _invoked: set[int] = field(default_factory=set)
    _running: dict[int, int] = field(default_factory=dict)
    _filmed: dict[int, int] = field(default_factory=dict)
    _encoded: dict[int, int] = field(default_factory=dict)
    _first_filmed_ms: int | None = None
    _first_encoded_ms: int | None = None
    _all_chunks_ms: int | None = None
    _combined: int = 0
    _floors: tuple[int, int, int] = (0, 0, 0)

    def resume(self, record: Mapping[str, Any]) -> None:
        """Go on from the record of a function that has died: nothing falls back."""
        self.launched_ms = record.get("functionLaunched") or self.launched_ms
        self.metadata = record.get("renderMetadata")
        self.was_planned = self.metadata is not None
        self.opened_ms = record.get("serveUrlOpened")
        self.validated_ms = record.get("compositionValidated")
        self._chunks = list(record.get("chunks") or ())
        self.errors = list(record.get("errors") or ())
        self.retries = list(record.get("retries") or ())
        self.timings = list(record.get("timings") or ())
        self.artifacts = list(record.get("receivedArtifact") or ())
        names = ("framesRendered", "framesEncoded", "lambdasInvoked")
        filmed, encoded, invoked = (int(record.get(name) or 0) for name in names)
        self._floors = filmed, encoded, invoked

    def rendered_before(self, chunks: Iterable[int]) -> None:
        """These chunks are there from a function that has died."""
        assert self._plan is not None, "chunks are of a plan"
        self._chunks = []
        for chunk in sorted(chunks):
            self._filmed[chunk] = self._encoded[chunk] = len(self._plan.chunks[chunk])
            self._invoked.add(chunk)
            self._chunks.append(chunk)

    def planned(self, plan: Plan, metadata: dict[str, Any]) -> None:
        """The render is planned, and begins."""
        self._plan, self.metadata = plan, metadata

    def note(self, fact: RenderFact, now_ms: int) -> None:
        """Something happened."""
        match fact:
            case ChunkProgressed():
                self._progressed(fact, now_ms)
            case ChunkRendered(chunk):
                self._rendered(chunk, now_ms)
            case AttemptFailed(chunk, attempt, error, will_retry):
                self._ended(chunk, now_ms)
                if will_retry:
                    self.retries.append({"chunk": chunk, "attempt": attempt + 1, "time": now_ms})
                    entry = self._error(error, "renderer", chunk=chunk, attempt=attempt)
                    self.errors.append({**entry, "willRetry": True})
            case FramesAssembled(count):
                self._combined = max(count, self._combined)
            case Assembled():
                # The reference has no time for what one function has rendered alone.
                is_alone = (self.metadata or {}).get("estimatedRenderLambdaInvokations") == 0
                if self._all_chunks_ms is not None and not is_alone:
                    self.time_to_combine = now_ms - self._all_chunks_ms

    def failed(self, error: FramefleetError, now_ms: int) -> None:
        """The render will have no output."""
        if self.fatal_ms is not None:
            return
        self.fatal_ms = now_ms
        for chunk in list(self._running):
            self._ended(chunk, now_ms)
        self.errors.append({**self._error(error, "stitcher"), "isFatal": True, "totalAttempts": 1})

    def received(self, file: RemoteFile) -> None:
        """A file that the composition emitted is in its bucket; it may have been there before."""
        entry = artifact_entry(file)
        others = [known for known in self.artifacts if known["s3Key"] != file.key]
        self.artifacts = [*others, entry]

    def warned(
        self, error: FramefleetError, kind: ErrorKind, *, chunk: int = 0, frame: int = 0
    ) -> None:
        """Something beside the render failed."""
        entry = self._error(error, kind, chunk=chunk) | {"frame": frame, "totalAttempts": 1}
        self.errors.append(entry)
        if self.post_render is not None:
            self.post_render["errors"].append(entry)

    def finish(
        self, outputs: Outputs, home: BucketAddress, *, ended_ms: int, cleaned_ms: int
    ) -> None:
        """The render is done.

        Args:
            home: the bucket that keeps it.
            ended_ms: when everything was where it belongs.
            cleaned_ms: how long it took to take away what was only needed on the way.
        """
        started_ms = self.launched_ms
        self.artifacts = artifact_entries(outputs)
        self.separate_audio = separate_audio_entry(outputs.separate_audio, home)
        plan, metadata = self._plan, self.metadata
        assert plan is not None, "a render that is done was planned"
        assert metadata is not None, "a render that is done was planned"
        billed = self.billed_ms
        cost = self._price(billed, metadata)
        self._combined = plan.frame_count
        self.post_render = {
            "cost": {
                "estimatedCost": cost,
                "estimatedDisplayCost": pricing.display_final_cost(cost, metadata["region"]),
                "currency": pricing.currency(metadata["region"]),
                "disclaimer": _FINAL_DISCLAIMER,
            },
            "outputFile": outputs.main.url,
            "outputSize": outputs.main.size_bytes,
            "renderSize": outputs.main.size_bytes,
            "timeToFinish": ended_ms - started_ms,
            "timeToRenderFrames": self.time_to_render_frames or 0,
            "timeToRenderChunks": _span(self.timings),
            "timeToEncode": self.time_to_encode or 0,
            "timeToCombine": self.time_to_combine,
            "timeToCleanUp": cleaned_ms,
            "startTime": started_ms,
            "endTime": ended_ms,
            "errors": list(self.errors),
            "filesCleanedUp": 0,
            "retriesInfo": list(self.retries),
            "mostExpensiveFrameRanges": self._most_expensive(plan),
            "estimatedBillingDurationInMilliseconds": billed,
            "deleteAfter": metadata["deleteAfter"],
            "artifactProgress": self.artifacts,
            "outputSequence": metadata.get("outputSequence"),
        }

    def _price(self, billed: int, metadata: Mapping[str, Any]) -> float:
        """By the memory of those that rendered, as the price was told on the way."""
        named = read_function_name(metadata["rendererFunctionName"])
        memory = named.memory_size_in_mb if named else metadata["memorySizeInMb"]
        try:
            return pricing.estimate_price(
                region=metadata["region"],
                duration_in_milliseconds=billed,
                memory_size_in_mb=memory,
                disk_size_in_mb=pricing.PRICED_DISK_SIZE_IN_MB,
                lambdas_invoked=metadata["estimatedTotalLambdaInvokations"] + len(self.retries),
            )
        except OptionError:
            # What AWS does not sell has no price, and is done all the same.
            return 0

    @property
    def billed_ms(self) -> int:
        """What all attempts that have ended are charged for."""
        return pricing.billed_ms((t["start"], t["rendered"]) for t in self.timings)

    def to_dict(self) -> dict[str, Any]:
        """The record as it stands."""
        kind = (self.metadata or {}).get("type")
        is_sequence = kind == "sequence"
        return {
            "cancellationEnabled": self.cancellation_enabled,
            "chunks": list(self._chunks),
            "framesRendered": max(self._floors[0], sum(self._filmed.values())),
            "framesEncoded": 0
            if is_sequence
            else max(self._floors[1], sum(self._encoded.values())),
            "combinedFrames": 0 if is_sequence else self._combined,
            "timeToCombine": self.time_to_combine,
            "timeToEncode": self.time_to_encode,
            "timeToRenderFrames": self.time_to_render_frames,
            "lambdasInvoked": max(self._floors[2], len(self._invoked)),
            "retries": self.retries,
            "timings": self.timings,
            "renderMetadata": self.metadata,
            "postRenderData": self.post_render,
            "errors": self.errors,
            "fatalErrorTimestamp": self.fatal_ms,
            "timeoutTimestamp": self.timeout_ms,
            "functionLaunched": self.launched_ms,
            "serveUrlOpened": self.opened_ms,
            "compositionValidated": self.validated_ms,
            "receivedArtifact": self.artifacts,
            "framesUploaded": self._combined if is_sequence else 0,
            "uploadedSizeInBytes": 0,
            "separateAudio": self.separate_audio,
        }

    def _progressed(self, event: ChunkProgressed, now_ms: int) -> None:
        chunk = event.chunk
        self._invoked.add(chunk)
        began = self._running.setdefault(chunk, now_ms)
        self._running[chunk] = min(began, event.started_ms or began)
        self._filmed[chunk] = max(event.filmed, self._filmed.get(chunk, 0))
        self._encoded[chunk] = max(event.encoded, self._encoded.get(chunk, 0))
        if event.filmed and self._first_filmed_ms is None:
            self._first_filmed_ms = now_ms
        if event.encoded and self._first_encoded_ms is None:
            self._first_encoded_ms = now_ms
        assert self._plan is not None, "chunks are of a plan"
        if self.time_to_render_frames is None and (
            sum(self._filmed.values()) == self._plan.frame_count
        ):
            self.time_to_render_frames = now_ms - (self._first_filmed_ms or now_ms)

    def _rendered(self, chunk: int, now_ms: int) -> None:
        assert self._plan is not None, "chunks are of a plan"
        length = len(self._plan.chunks[chunk])
        self._progressed(ChunkProgressed(chunk, length, length), now_ms)
        self._ended(chunk, now_ms)
        self._chunks.append(chunk)
        if len(self._chunks) == len(self._plan.chunks):
            self._all_chunks_ms = now_ms
            self.time_to_encode = now_ms - (self._first_encoded_ms or now_ms)

    def _ended(self, chunk: int, now_ms: int) -> None:
        started = self._running.pop(chunk, None)
        if started is not None:
            self.timings.append({"chunk": chunk, "start": started, "rendered": now_ms})

    def _error(
        self,
        error: FramefleetError,
        kind: ErrorKind,
        *,
        chunk: int | None = None,
        attempt: int = 1,
    ) -> dict[str, Any]:
        return {
            "type": kind,
            "name": type(error).__name__,
            # Hints speak of our own Python and command line.
            "message": error.message,
            "stack": error_stack(error),
            "chunk": chunk,
            "frame": None,
            "isFatal": False,
            "attempt": attempt,
            "willRetry": False,
            "totalAttempts": self.max_attempts,
            "tmpDir": None,
        }

    def _most_expensive(self, plan: Plan) -> list[dict[str, Any]]:
        longest = sorted(self.timings, key=lambda t: t["start"] - t["rendered"])
        return [
            {
                "timeInMilliseconds": timing["rendered"] - timing["start"],
                "chunk": timing["chunk"],
                "frameRange": _inclusive(plan, timing["chunk"]),
            }
            for timing in longest[:_MOST_EXPENSIVE]
        ]


def _inclusive(plan: Plan, chunk: int) -> list[int]:
    frames = plan.chunks[chunk]
    return [frames.start, frames.stop - 1]


def _span(timings: Sequence[Mapping[str, Any]]) -> int:
    if not timings:
        return 0
    first, last = min(t["start"] for t in timings), max(t["rendered"] for t in timings)
    return int(last - first)
