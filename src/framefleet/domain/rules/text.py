"""Options as the text of a command line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

from framefleet.domain.rules.frames import Pair, read_frame_list, read_frame_ranges
from framefleet.domain.rules.values import json_text, text
from framefleet.domain.timing import parse_rate
from framefleet.errors import OptionError, OptionTypeError


def parse_frames(value: str) -> int | Pair | list[Pair]:
    """`--frames`: `5`, `0-99`, `100-` (to the end), `-99` (from the start), or `0-9,30-39`.

    Single frames between commas may stand in any order.

    Raises:
        OptionError, OptionTypeError: it is no such text, or `read_frame_ranges` refuses it.
    """
    if not value.strip():
        raise OptionError(
            "--frames flag must be a single number, or 2 numbers separated by `-`",
            hint="Such as 5, 0-99, 100-, -99 or 0-9,30-39.",
        )
    if "," in value:
        return _parse_several([part.strip() for part in value.split(",")])
    single = re.fullmatch(r"\s*([0-9]{1,15})\s*", value)
    if single:
        return int(single[1])
    parts = value.split("-")
    if len(parts) > 2:
        raise OptionError(
            f"--frames flag must be a number or 2 numbers separated by '-', instead got "
            f"{len(parts)} numbers",
            hint=f"Given: {json_text(value)}; several ranges have commas between them.",
        )
    found = re.fullmatch(r"\s*([0-9]{0,15})\s*-\s*([0-9]{0,15})\s*", value)
    if found is None or not (found[1] or found[2]):
        raise OptionError(
            "--frames flag must be a frame number, range, or comma-separated selection",
            hint=f"Given: {json_text(value)}; write 5, 0-99, 100-, -99 or 0-9,30-39.",
        )
    first, last = int(found[1] or 0), int(found[2]) if found[2] else None
    if last is not None and last < first:
        raise OptionError(
            "The second number of the --frames flag number should be greater or equal than first "
            "number",
            hint=f"Given: {json_text(value)}.",
        )
    return first, last


def _parse_several(parts: list[str]) -> list[Pair]:
    if "" in parts:
        raise OptionTypeError(
            "--frames must contain a frame or frame range between commas.",
            hint=f"Given: {json_text(','.join(parts))}.",
        )
    found: list[Pair] = []
    for part in parts:
        numbers = re.fullmatch(r"([0-9]{1,15})(?:\s*(-)\s*([0-9]{1,15})?)?", part)
        if numbers is None:
            raise OptionError(
                f'Invalid frame selector "{part}". Use a frame number, a range such as 0-9, or an '
                "open-ended range such as 100-.",
                hint=f"Given: {json_text(','.join(parts))}.",
            )
        first = int(numbers[1])
        last = (int(numbers[3]) if numbers[3] else None) if numbers[2] else first
        found.append((first, last))
    if all(first == last for first, last in found) and not any("-" in part for part in parts):
        read_frame_list([first for first, _ in found])
        return sorted(found, key=lambda pair: pair[0])
    read_frame_ranges(found)
    return found


def parse_metadata(values: Iterable[str]) -> dict[str, str]:
    """`--metadata`, as often as it is given: each is `key=value`.

    Raises:
        OptionError: one is not.
    """
    found = {}
    for item in values:
        key, *rest = item.split("=")
        if len(rest) != 1:
            raise OptionError(
                f'"metadata" must be in the format of key=value, but got {text(item)}',
                hint="Write --metadata title=Hello; values with = in them go through the Python "
                "API.",
            )
        found[key] = rest[0]
    return found


def parse_fps(value: str) -> Fraction:
    """`--fps`: `30`, `29.97` or `30000/1001`.

    Raises:
        OptionError: it is no rate above 0.
    """
    return parse_rate(value)
