"""How far a render is."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from framefleet.domain.events import ChunkProgressed
from framefleet.domain.plan import Plan

# Shares of the bar. All three overlap, and assembly copies packets.
_FILMED, _ENCODED, _ASSEMBLED = 0.65, 0.30, 0.05


class RenderStage(StrEnum):
    """What a render is doing.

    Chunks are assembled as they come; the stage is called that once none is missing. Outputs that
    go to a bucket are then uploaded.
    """

    RENDERING = "rendering"
    ASSEMBLING = "assembling"
    UPLOADING = "uploading"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderProgress:
    """A render's progress. `progress` lies in [0, 1] and never falls. Times are in seconds.

    `time_left_s` is None until there is something to judge by. `uploaded_bytes` of `upload_bytes`
    are in their bucket.
    """

    stage: RenderStage
    progress: float
    frames_rendered: int
    frames_encoded: int
    frames_total: int
    chunks_done: int
    chunks_total: int
    retries: int
    elapsed_s: float
    frames_per_second: float
    time_left_s: float | None
    uploaded_bytes: int = 0
    upload_bytes: int = 0


@dataclass(slots=True)
class ProgressTally:
    """Counts facts into progress. A chunk that is tried again keeps what it had reached."""

    plan: Plan
    started_s: float
    stage: RenderStage = RenderStage.RENDERING
    retries: int = 0
    _filmed: dict[int, int] = field(default_factory=dict)
    _encoded: dict[int, int] = field(default_factory=dict)
    _done: set[int] = field(default_factory=set)
    _resumed: int = 0
    _assembled: int = 0

    def chunk_progressed(self, event: ChunkProgressed) -> None:
        """Frames of a chunk were filmed or encoded."""
        self._filmed[event.chunk] = max(event.filmed, self._filmed.get(event.chunk, 0))
        self._encoded[event.chunk] = max(event.encoded, self._encoded.get(event.chunk, 0))

    def chunk_done(self, chunk: int, *, resumed: bool = False) -> None:
        """A chunk's artifacts are stored; `resumed` if they were there before this run."""
        length = len(self.plan.chunks[chunk])
        self.chunk_progressed(ChunkProgressed(chunk, length, length))
        self._done.add(chunk)
        if resumed:
            self._resumed += length
        if len(self._done) == len(self.plan.chunks):
            self.stage = RenderStage.ASSEMBLING

    def frames_assembled(self, count: int) -> None:
        """So many frames are in the output; fewer than before where it is begun anew."""
        self._assembled = max(count, self._assembled)

    def now(self, time_s: float) -> RenderProgress:
        """The progress at `time_s` on the clock that gave `started_s`."""
        total = self.plan.frame_count
        filmed, encoded = sum(self._filmed.values()), sum(self._encoded.values())
        done = (filmed * _FILMED + encoded * _ENCODED + self._assembled * _ASSEMBLED) / total
        elapsed = max(time_s - self.started_s, 1e-9)
        speed = (encoded - self._resumed) / elapsed
        return RenderProgress(
            stage=self.stage,
            progress=1.0 if self.stage is RenderStage.DONE else min(done, 1.0),
            frames_rendered=filmed,
            frames_encoded=encoded,
            frames_total=total,
            chunks_done=len(self._done),
            chunks_total=len(self.plan.chunks),
            retries=self.retries,
            elapsed_s=elapsed,
            frames_per_second=speed,
            time_left_s=(total - encoded) / speed if speed > 0 else None,
        )
