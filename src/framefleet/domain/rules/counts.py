"""Counts: from how many frames one is taken, and how often a GIF is repeated."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from framefleet.domain.codecs import Codec
from framefleet.domain.rules.values import number, text, whole
from framefleet.errors import OptionError, OptionRangeError, OptionTypeError

HIGHEST_GIF_RATE = 50
# The loop count of a GIF has 16 bits.
HIGHEST_GIF_LOOPS = 65_535


def read_every_nth_frame(value: Any) -> int:
    """The step from frame to frame.

    Raises:
        OptionTypeError: it is no number.
        OptionRangeError: it is no whole number above 0.
    """
    hint = "Set every_nth_frame (--every-nth-frame) to a whole number above 0, such as 2."
    if value is None:
        raise OptionTypeError('Argument missing for parameter "everyNthFrame"', hint=hint)
    return _count(value, "everyNthFrame", lowest=1, hint=hint)


def read_gif_loops(codec: Codec, value: Any) -> int | None:
    """How often a GIF is repeated; None is for ever.

    Raises:
        OptionTypeError: it is no number.
        OptionRangeError: it is no whole number of at least 0.
        OptionError: the codec is another one.
    """
    if value is None:
        return None
    loops = _count(
        value,
        "numberOfGifLoops",
        lowest=0,
        hint="Set number_of_gif_loops (--number-of-gif-loops) to 0 (plays once) or more, or leave "
        "it out (plays for ever).",
    )
    if codec is not Codec.GIF:
        raise OptionError(
            '"numberOfGifLoops" can only be set if "codec" is set to "gif". The codec is '
            f'"{codec}"',
            hint="Leave number_of_gif_loops (--number-of-gif-loops) out, or set codec to gif.",
        )
    if loops > HIGHEST_GIF_LOOPS:
        raise OptionRangeError(
            f'The value for "numberOfGifLoops" cannot be above {HIGHEST_GIF_LOOPS}, but is {loops}',
            hint="Leave it out for a GIF that plays for ever.",
        )
    return loops


def _count(value: Any, name: str, *, lowest: int, hint: str) -> int:
    count = number(value)
    if count is None:
        raise OptionTypeError(
            f'Argument passed to "{name}" is not a number: {text(value)}', hint=hint
        )
    if count < lowest:
        raise OptionRangeError(
            f'The value for "{name}" cannot be below {lowest}, but is {text(value)}', hint=hint
        )
    if not math.isfinite(count):
        raise OptionRangeError(f'"{name}" {text(value)} is not finite', hint=hint)
    exact = whole(count)
    if exact is None:
        raise OptionRangeError(
            f"Argument for {name} must be an integer, but got {text(value)}", hint=hint
        )
    return exact


def check_gif_rate(codec: Codec | None, fps: Fraction, every_nth_frame: int) -> None:
    """Refuse GIFs that players would slow down; `fps` is the composition's.

    Raises:
        OptionTypeError: the output has more than 50 frames a second.
    """
    rate = fps / every_nth_frame
    if codec is Codec.GIF and rate > HIGHEST_GIF_RATE:
        needed = math.ceil(fps / HIGHEST_GIF_RATE)
        raise OptionTypeError(
            "The FPS for a GIF cannot be higher than 50. Use the --every-nth-frame option to lower "
            "the FPS: https://remotion.dev/docs/render-as-gif",
            hint=f"This one has {text(float(rate))}: set every_nth_frame to {needed}.",
        )
