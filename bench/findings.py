"""What the figures say: which goals are reached, and in what a rival does better."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.pages import CHUNKED_GOAL, GENERAL_GOAL, PAGES, STILL_GOAL
from bench.results import Filmed, Ratio, Results, of_subject, ratio
from bench.rivals import OURS, RIVALS, Rival

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
    """A ratio we want to stay at or under."""

    about: str
    limit: float
    ratio: Ratio

    @property
    def is_met(self) -> bool:
        """Whether the median is within the limit."""
        return self.ratio.median <= self.limit


def goals(results: Results) -> list[Goal]:
    """Every goal that was measured."""
    found = []
    for page in PAGES:
        own = of_subject(results.renders, page.id)
        for rival in RIVALS:
            limit = page.goal if rival.theirs == "Remotion" else GENERAL_GOAL
            about = f"{page.id}: wall time over {rival.theirs}'s"
            found.append((about, limit, ratio(own, rival.ours, rival.theirs, "wall_s")))
    still = ratio(results.stills, OURS, "Remotion", "wall_s")
    found.append(("cold still: wall time over Remotion's", STILL_GOAL, still))
    chunked = ratio(results.chunked, "chunked", "unchunked", "cpu_s")
    found.append(("chunked over unchunked: CPU time", CHUNKED_GOAL, chunked))
    return [Goal(about, limit, value) for about, limit, value in found if value]


def losses(results: Results) -> Iterator[str]:
    """In words, page by page: what we take more of than a rival, or are less faithful in."""
    for filmed in results.filmed:
        for rival in RIVALS:
            if found := [*_costlier(results, filmed, rival), *_less_faithful(filmed, rival)]:
                yield f"{filmed.page}, beside {rival.theirs}: {'; '.join(found)}."
    for rival in RIVALS:
        for kind in ("wall_s", "cpu_s", "peak_memory_bytes"):
            found_ratio = ratio(results.stills, OURS, rival.theirs, kind)
            if found_ratio and found_ratio.median > LEAST_COST:
                yield f"A cold still, beside {rival.theirs}: {KINDS[kind]} {found_ratio}."


def _costlier(results: Results, filmed: Filmed, rival: Rival) -> Iterator[str]:
    own = of_subject(results.renders, filmed.page)
    for kind, name in KINDS.items():
        found = ratio(own, rival.ours, rival.theirs, kind)
        if found and found.median > LEAST_COST:
            yield f"{name} {found}"


def _less_faithful(filmed: Filmed, rival: Rival) -> Iterator[str]:
    ours, theirs = (filmed.psnr_db.get(name) for name in (rival.ours, rival.theirs))
    if ours is not None and theirs is not None and theirs - ours > LEAST_PSNR_DB:
        yield f"PSNR {ours:.2f} dB, theirs {theirs:.2f} dB"
