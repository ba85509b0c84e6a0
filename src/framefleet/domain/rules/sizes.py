"""Sizes, rates and lengths: of the composition, and of what comes out."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from framefleet.domain.codecs import Codec
from framefleet.domain.composition import lower_to_even, round_half_up
from framefleet.domain.rules.values import json_text, number, text, typeof, whole
from framefleet.domain.timing import MAX_RATE_DENOMINATOR, parse_rate
from framefleet.errors import OptionError, OptionRangeError, OptionTypeError

HIGHEST_SCALE = 16
# JPEG and GIF count the pixels of an edge in 16 bits.
HIGHEST_EDGE = 65_535
# FFmpeg's rationals, and counters of many containers.
HIGHEST_INT = 2**31 - 1
_WHERE = "in the options"


def read_scale(value: Any) -> float:
    """Device pixels for one CSS pixel, above 0 and at most 16.

    Raises:
        OptionError: it is no such number.
    """
    hint = "Set scale (--scale) to a number above 0 and at most 16, such as 2."
    scale = number(value)
    if scale is None:
        raise OptionError(
            f'Scale should be a number or undefined, but is "{json_text(value)}"', hint=hint
        )
    if math.isnan(scale):
        raise OptionError("`scale` should not be NaN, but is NaN", hint=hint)
    if math.isinf(scale):
        raise OptionError(f'"scale" must be finite, but is {text(value)}', hint=hint)
    if scale <= 0:
        raise OptionError(f'"scale" must be bigger than 0, but is {text(value)}', hint=hint)
    if scale > HIGHEST_SCALE:
        raise OptionError(
            f'"scale" must be smaller or equal than {HIGHEST_SCALE}, but is {text(value)}',
            hint=hint,
        )
    return float(scale)


def read_dimension(value: Any, name: str, where: str = _WHERE) -> int:
    """A width or height in CSS pixels; `name` says which, `where` is who asks for it.

    Raises:
        OptionError: it is no number.
        OptionTypeError: it is no whole number above 0.
        OptionRangeError: no picture is that large.
    """
    start, size = f'The "{name}" prop {where} must', number(value)
    hint = f"Set {name} (--{name}) to a whole number of CSS pixels, such as 1080."
    if size is None:
        raise OptionError(
            f"{start} be a number, but you passed a value of type {typeof(value)}",
            hint=f"Given: {json_text(value)}. {hint}",
        )
    if math.isnan(size):
        raise OptionTypeError(f"{start} not be NaN, but is NaN.", hint=hint)
    if math.isinf(size):
        raise OptionTypeError(f"{start} be finite, but is {text(value)}.", hint=hint)
    exact = whole(size)
    if exact is None:
        raise OptionTypeError(f"{start} be an integer, but is {text(value)}.", hint=hint)
    if exact <= 0:
        raise OptionTypeError(f"{start} be positive, but got {text(value)}.", hint=hint)
    if exact > HIGHEST_EDGE:
        raise OptionRangeError(f"{start} be at most {HIGHEST_EDGE}, but got {text(value)}.")
    return exact


def read_fps(value: Any, where: str = _WHERE) -> Fraction:
    """Frames a second: a number, a `Fraction`, or a ratio as text such as `30000/1001`.

    Raises:
        OptionError: it is no finite number.
        OptionTypeError: it is not above 0.
    """
    hint = 'Set fps (--fps) to a number above 0, such as 29.97, or to a ratio: "30000/1001".'
    if isinstance(value, str) and "/" in value:
        return parse_rate(value)
    rate = number(value)
    if rate is None:
        raise OptionError(
            f'"fps" must be a number, but you passed a value of type {typeof(value)} {where}',
            hint=f"Given: {json_text(value)}. {hint}",
        )
    if not math.isfinite(rate):
        raise OptionError(
            f'"fps" must be a finite, but you passed {text(value)} {where}', hint=hint
        )
    exact = Fraction(value if isinstance(value, Fraction) else rate).limit_denominator(
        MAX_RATE_DENOMINATOR
    )
    if exact <= 0:
        raise OptionTypeError(f'"fps" must be positive, but got {text(value)} {where}', hint=hint)
    if exact.numerator > HIGHEST_INT:
        raise OptionRangeError(f'"fps" is too high: {text(value)} {where}', hint=hint)
    return exact


def read_duration(value: Any, where: str = _WHERE) -> int:
    """A length in frames.

    Raises:
        OptionError: it is missing, or no number.
        OptionTypeError: it is no whole number above 0.
    """
    start = f'The "durationInFrames" prop {where}'
    hint = "Set duration_in_frames (--duration) to a whole number above 0, such as 90."
    if value is None:
        raise OptionError(f"{start} is missing.", hint=hint)
    frames = number(value)
    if frames is None:
        raise OptionError(
            f"{start} must be a number, but you passed a value of type {typeof(value)}",
            hint=f"Given: {json_text(value)}. {hint}",
        )
    if frames <= 0:
        raise OptionTypeError(f"{start} must be positive, but got {text(value)}.", hint=hint)
    exact = whole(frames)
    if exact is None:
        raise OptionTypeError(f"{start} must be an integer, but got {text(value)}.", hint=hint)
    if exact > HIGHEST_INT:
        raise OptionRangeError(f"{start} must be at most {HIGHEST_INT}, but got {text(value)}.")
    return exact


def read_overrides(width: Any, height: Any, fps: Any, duration_in_frames: Any) -> dict[str, Any]:
    """What goes over the composition's own size, rate and length; None stays None.

    Raises:
        OptionError, OptionTypeError: one of them cannot be used.
    """
    return {
        "width": None if width is None else read_dimension(width, "width"),
        "height": None if height is None else read_dimension(height, "height"),
        "fps": None if fps is None else read_fps(fps),
        "duration_in_frames": None
        if duration_in_frames is None
        else read_duration(duration_in_frames),
    }


def layout_size(codec: Codec | None, width: int, height: int, scale: float) -> tuple[int, int]:
    """The size in CSS pixels a page is laid out at, so that the codec can hold its frames.

    `codec` None is for pictures.

    Raises:
        OptionTypeError: nothing is left of an edge.
        OptionRangeError: no picture is that large.
    """
    is_even = codec is not None and codec.spec.has_even_size
    laid_out = {}
    for name, edge in (("width", width), ("height", height)):
        laid_out[name] = lower_to_even(edge, scale) if is_even else edge
        pixels = round_half_up(laid_out[name] * scale)
        if pixels < 1 or (is_even and pixels % 2):
            raise OptionTypeError(
                f'The "{name}" prop of the output must be positive, but got 0.',
                hint=f"The composition's {name} of {edge} at a scale of {text(scale)} leaves no "
                f"picture{' of even size' if is_even else ''}: make {name} or scale larger.",
            )
        if pixels > HIGHEST_EDGE:
            raise OptionRangeError(
                f'The "{name}" prop of the output must be at most {HIGHEST_EDGE}, but got '
                f"{pixels}.",
                hint=f"The composition's {name} is {edge}: make scale smaller than {text(scale)}.",
            )
    return laid_out["width"], laid_out["height"]
