"""Frames: which of a composition are rendered."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from framefleet.domain.rules.values import is_list, json_text, number, text, typeof, whole
from framefleet.domain.timing import FrameRange
from framefleet.errors import OptionError, OptionRangeError, OptionTypeError

Pair = tuple[int, int | None]
_RANGE_HINT = (
    "Set frame_range to one frame, (first, last) or (first, None), or --frames to 5, 0-99 or 100-."
)
_LIST_HINT = "Give whole numbers from 0, such as frames=[0, 30, 60]."


@dataclass(frozen=True, slots=True)
class FrameChoice:
    """Frames asked for: `(first, last)` both included, None being the end of the composition.

    `form` is how they were asked for, which messages follow; the frames of a list come as asked.
    """

    ranges: tuple[Pair, ...]
    form: Literal["frame", "ranges", "list"] = "ranges"


def read_frame_ranges(value: Any) -> FrameChoice | None:
    """The frames asked for, as far as can be told without the composition; None is all.

    Raises:
        OptionError, OptionTypeError: it is no range, or ranges are out of order.
    """
    if value is None:
        return None
    if is_list(value):
        if not (value and is_list(value[0])):
            return FrameChoice((_pair(value),))
        return FrameChoice(tuple(_in_order(value)))
    frame = number(value)
    if frame is None:
        raise OptionTypeError(
            "Frame range must be a number or a tuple of numbers, but got object of type "
            f"{typeof(value)}",
            hint=f"Given: {json_text(value)}. {_RANGE_HINT}",
        )
    if frame < 0:
        raise OptionTypeError(
            f"Frame must be a non-negative number, got {text(value)}", hint=_RANGE_HINT
        )
    if not math.isfinite(frame):
        raise OptionTypeError(f"Frame must be a finite number, got {text(value)}", hint=_RANGE_HINT)
    exact = whole(frame)
    if exact is None:
        raise OptionError(
            f"Frame must be an integer, but got a float ({text(value)})", hint=_RANGE_HINT
        )
    return FrameChoice(((exact, exact),), "frame")


def _in_order(ranges: list[Any] | tuple[Any, ...]) -> list[Pair]:
    pairs: list[Pair] = []
    for index, given in enumerate(ranges):
        first, last = pair = _pair(given)
        if last is None and index != len(ranges) - 1:
            raise OptionError(
                "An open-ended frame range must be the last range.",
                hint=f"Given: {json_text(ranges)}.",
            )
        before = pairs[-1][1] if pairs else None
        if before is not None and first <= before:
            raise OptionError(
                "Frame ranges must be ordered and non-overlapping, but got "
                f"{_dashed(pairs[-1])} followed by {_dashed(pair)}.",
                hint="Sort the ranges, and join those that share frames.",
            )
        pairs.append(pair)
    return pairs


def _pair(given: Any) -> Pair:
    if not is_list(given) or len(given) != 2:
        length = len(given) if is_list(given) else "undefined"
        raise OptionTypeError(
            f"Frame range must be a tuple, got an array with length {length}",
            hint=f"Given: {json_text(given)}. {_RANGE_HINT}",
        )
    first = _edge("first", given[0], "a number")
    if given[1] is None:
        return first, None
    last = _edge("second", given[1], "a number or null")
    if last < first:
        raise OptionError(
            "The second value of frame range must be not smaller than the first one, but got "
            f"{first}-{last}",
            hint=f"Swap them: {last}-{first}.",
        )
    return first, last


def _edge(which: str, value: Any, kind: str) -> int:
    start, frame = f"The {which} value of frame range must be", number(value)
    if frame is None:
        raise OptionError(
            f"{start} {kind}, but got {typeof(value)} ({json_text(value)})", hint=_RANGE_HINT
        )
    if not math.isfinite(frame):
        raise OptionTypeError(f"{start} finite, but got {text(value)}", hint=_RANGE_HINT)
    exact = whole(frame)
    if exact is None:
        raise OptionError(f"{start} an integer, but got a float ({text(value)})", hint=_RANGE_HINT)
    if exact < 0:
        raise OptionError(f"{start} non-negative, but got {text(value)}", hint=_RANGE_HINT)
    return exact


def _dashed(pair: Pair) -> str:
    return "-".join("" if edge is None else str(edge) for edge in pair)


def read_frame_list(value: Any) -> FrameChoice:
    """Single frames, as far as can be told without the composition.

    Raises:
        OptionTypeError: they are no frames, or one comes twice.
    """
    if not is_list(value):
        raise OptionTypeError(
            "The `frames` option must be an array of frame numbers.",
            hint=f"Given: {json_text(value)}. {_LIST_HINT}",
        )
    if not value:
        raise OptionTypeError(
            "The `frames` option must contain at least one frame.", hint=_LIST_HINT
        )
    frames = [_listed(item) for item in value]
    if len(set(frames)) != len(frames):
        raise OptionTypeError(
            "The `frames` option must not contain duplicate frames.",
            hint=f"Given: {json_text(value)}.",
        )
    return FrameChoice(tuple((frame, frame) for frame in frames), "list")


def _listed(value: Any) -> int:
    start, frame = "The `frames` option must contain only", number(value)
    if frame is None:
        raise OptionTypeError(
            f"{start} numbers, but got {typeof(value)}.",
            hint=f"Given: {json_text(value)}. {_LIST_HINT}",
        )
    if not math.isfinite(frame):
        raise OptionTypeError(f"{start} finite numbers, but got {text(value)}.", hint=_LIST_HINT)
    exact = whole(frame)
    if exact is None:
        raise OptionTypeError(f"{start} integers, but got {text(value)}.", hint=_LIST_HINT)
    if exact < 0:
        raise OptionTypeError(
            f"{start} non-negative numbers, but got {text(value)}.", hint=_LIST_HINT
        )
    return exact


def resolve_frames(
    choice: FrameChoice | None, duration: int, step: int = 1
) -> tuple[FrameRange, ...]:
    """The frames of a composition of `duration` frames: of each range every `step`th, in order.

    Raises:
        OptionError: some lie outside of the composition.
        OptionRangeError: one of a list does.
    """
    if choice is None:
        return (FrameRange(0, duration, step),)
    if choice.form == "list":
        return tuple(_runs([first for first, _ in choice.ranges], duration))
    found = []
    for first, end in choice.ranges:
        last = duration - 1 if end is None else end
        if first <= last < duration:
            found.append(FrameRange(first, last + 1, step))
        elif choice.form == "frame":
            raise OptionError(
                f"Frame number is out of range, must be between 0 and {duration - 1} but got "
                f"{first}",
                hint="Set frame_range (--frames) to a frame of the composition.",
            )
        else:
            raise OptionError(
                f'The "durationInFrames" of the <Composition /> was evaluated to be {duration}, '
                f"but frame range {first}-{last} is not inbetween 0-{duration - 1}",
                hint=f"Set frame_range (--frames) to frames of the composition; {first}- goes to "
                "its end."
                if first < duration
                else "Set frame_range (--frames) to frames of the composition.",
            )
    return tuple(found)


def _runs(frames: list[int], duration: int) -> Iterable[FrameRange]:
    """Sorted, with frames that follow each other in one range."""
    for frame in frames:
        if frame >= duration:
            raise OptionRangeError(
                f"Frame {frame} is out of range, must be between 0 and {duration - 1}.",
                hint="Take it out of frames.",
            )
    start = stop = min(frames)
    for frame in sorted(frames):
        if frame > stop:
            yield FrameRange(start, stop)
            start = frame
        stop = frame + 1
    yield FrameRange(start, stop)


def resolve_still_frame(frame: Any, duration: float) -> int:
    """The frame of a still; negative ones count from the end.

    With an infinite `duration`, as much is checked as can be without the composition.

    Raises:
        OptionTypeError: it is no number.
        OptionRangeError: it is no whole one, or lies outside of the composition.
    """
    hint = "Set frame (--frame) to a whole number; -1 is the last frame."
    if frame is None:
        raise OptionTypeError('Argument missing for parameter "frame"', hint=hint)
    value = number(frame)
    if value is None:
        raise OptionTypeError(
            f'Argument passed for "frame" is not a number: {text(frame)}', hint=hint
        )
    if not math.isfinite(value):
        raise OptionRangeError(f"Frame {text(frame)} is not finite", hint=hint)
    exact = whole(value)
    if exact is None:
        raise OptionRangeError(
            f"Argument for frame must be an integer, but got {text(frame)}", hint=hint
        )
    if not -duration <= exact < duration:
        which, limit = ("lowest", -duration) if exact < 0 else ("highest", duration - 1)
        raise OptionRangeError(
            f"Cannot use frame {exact}: Duration of composition is {duration}, therefore the "
            f"{which} frame that can be rendered is {limit}",
            hint=hint,
        )
    return exact if exact >= 0 or duration == math.inf else exact + int(duration)
