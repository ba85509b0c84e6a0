"""What a caller sets over what a composition says of itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from framefleet.domain.composition import Composition
from framefleet.errors import OptionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """Size in CSS pixels, rate and length in frames that the caller sets; None leaves them.

    A page on our clock has none of its own and needs all four.
    """

    width: int | None = None
    height: int | None = None
    fps: Fraction | None = None
    duration_in_frames: int | None = None

    def __post_init__(self) -> None:
        for name in ("width", "height", "duration_in_frames"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or value < 1):
                raise OptionError(f'"{name}" must be a whole number above 0, but is {value!r}.')

    def apply(self, composition: Composition) -> Composition:
        """The composition with what is set put in place."""
        wanted = {name: getattr(self, name) for name in self.__slots__}
        return replace(composition, **{k: v for k, v in wanted.items() if v is not None})
