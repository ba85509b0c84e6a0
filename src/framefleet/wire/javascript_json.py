"""JSON text as JavaScript writes it: receivers of webhooks compare it byte by byte.

Their validator parses a body and writes it again with `JSON.stringify`, so ours has to come out of
that unchanged (spec/serverless-api.md 10).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

from framefleet.domain.rules.values import is_list, number

# Two halves of a character are one to JavaScript; half of one cannot be UTF-8.
_SURROGATES = re.compile("([\ud800-\udbff][\udc00-\udfff])|[\ud800-\udfff]")
_ARRAY_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
# Keys up to here are array indices, which objects have before all other keys.
_LAST_INDEX = 2**32 - 2
_FIRST_WITH_EXPONENT = 1e21
_FIRST_WITHOUT_EXPONENT = 1e-6


def stringify(value: Any) -> str:
    """What `JSON.stringify` gives for the same value.

    Numbers are doubles, in the fewest digits that tell them apart; None, NaN and what is infinite
    are null. Keys keep their order, but those that are array indices come first, by number. The
    text has no lone surrogates, so it can always be written as UTF-8.

    Raises:
        TypeError: JSON has no such value.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if (found := number(value)) is not None:
        return _digits(float(found))
    if is_list(value):
        return f"[{','.join(map(stringify, value))}]"
    if isinstance(value, Mapping):
        items = {_key(key): item for key, item in value.items()}
        pairs = (f"{_quoted(key)}:{stringify(items[key])}" for key in _ordered(items))
        return f"{{{','.join(pairs)}}}"
    raise TypeError(f"JSON has no value of the type {type(value).__name__}.")


def _quoted(text: str) -> str:
    quoted = encode_basestring(text)
    return quoted if text.isascii() else _SURROGATES.sub(_surrogate, quoted)


def _surrogate(found: re.Match[str]) -> str:
    if found[1]:
        return found[1].encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    return f"\\u{ord(found[0]):04x}"


def _digits(value: float) -> str:
    if not math.isfinite(value):
        return "null"
    if value == 0:
        return "0"
    # Python's shortest digits are JavaScript's; only where an exponent begins is not the same.
    digits = repr(value)
    if not _FIRST_WITHOUT_EXPONENT <= abs(value) < _FIRST_WITH_EXPONENT:
        return digits.replace("e-0", "e-")
    return format(Decimal(digits), "f").removesuffix(".0")


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, int):
        return stringify(key)
    raise TypeError(f"JSON has no key of the type {type(key).__name__}.")


def _ordered(keys: Mapping[str, Any]) -> list[str]:
    indices = [key for key in keys if _ARRAY_INDEX.fullmatch(key) and int(key) <= _LAST_INDEX]
    if not indices:
        return list(keys)
    first = dict.fromkeys(sorted(indices, key=int))
    return [*first, *(key for key in keys if key not in first)]
