"""What the figures say: which goals are reached, and in what a rival does better."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.pages import CHUNKED_GOAL, GENERAL_GOAL, PAGES, STILL_GOAL
from bench.results import Filmed, Measurement, Ratio, Results, of_subject, ratio
from bench.rivals import NPX_REMOTION, OURS, RIVALS

# Below these a difference is noise, or nothing that anyone sees.
LEAST_COST = 1.02
LEAST_PSNR_DB = 0.1
KINDS = {
    "wall_s": "wall time",
    "cpu_s": "CPU time",
    "peak_memory_bytes": "memory",
    "size_bytes": "file size",
}


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio we want to stay at or under: with our defaults, and at the rival's settings."""

    about: str
    limit: float
    ratio: Ratio
    at_equal_settings: Ratio | None = None

    def is_met(self, ratio: Ratio) -> bool:
        """Whether the median is within the limit."""
        return ratio.median <= self.limit


def goals(results: Results) -> list[Goal]:
    """Every goal that was measured."""
    found: list[Goal] = []
    for page in PAGES:
        own = of_subject(results.renders, page.id)
        for rival in RIVALS:
            limit = page.goal if rival.theirs == "Remotion" else GENERAL_GOAL
            as_it_comes, equal = (
                ratio(own, ours, rival.theirs, "wall_s") for ours in (OURS, rival.equal)
            )
            if as_it_comes:
                about = f"{page.id}: wall time over that of {rival.theirs}"
                found.append(Goal(about, limit, as_it_comes, equal))
    if still := ratio(results.stills, OURS, NPX_REMOTION, "wall_s"):
        found.append(Goal("cold still: wall time over that of npx remotion", STILL_GOAL, still))
    if chunked := ratio(results.chunked, "chunked", "unchunked", "cpu_s"):
        found.append(Goal("chunked over unchunked: CPU time", CHUNKED_GOAL, chunked))
    return found


def losses(results: Results) -> Iterator[str]:
    """In words, page by page: what we take more of than a rival, or are less faithful in."""
    for filmed in results.filmed:
        own = of_subject(results.renders, filmed.page)
        for rival in RIVALS:
            for ours, how in ((OURS, ""), (rival.equal, " at its settings")):
                found = [
                    *_costlier(own, ours, rival.theirs),
                    *_less_faithful(filmed, ours, rival.theirs),
                ]
                if found:
                    yield f"{filmed.page}, beside {rival.theirs}{how}: {'; '.join(found)}."
    for theirs in (*(rival.theirs for rival in RIVALS), NPX_REMOTION):
        for kind in ("wall_s", "cpu_s", "peak_memory_bytes"):
            found_ratio = ratio(results.stills, OURS, theirs, kind)
            if found_ratio and found_ratio.median > LEAST_COST:
                yield f"A cold still, beside {theirs}: {KINDS[kind]} {found_ratio}."


def _costlier(measured: Sequence[Measurement], ours: str, theirs: str) -> Iterator[str]:
    for kind, name in KINDS.items():
        found = ratio(measured, ours, theirs, kind)
        if found and found.median > LEAST_COST:
            yield f"{name} {found}"


def _less_faithful(filmed: Filmed, ours: str, theirs: str) -> Iterator[str]:
    own, other = filmed.psnr_db.get(ours), filmed.psnr_db.get(theirs)
    if own is not None and other is not None and other - own > LEAST_PSNR_DB:
        yield f"PSNR {own:.2f} dB, theirs {other:.2f} dB"
