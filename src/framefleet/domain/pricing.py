"""What AWS asks for the calls of functions, as far as it can be told beforehand.

Table, rules and texts: spec/serverless-progress-costs.md 6. No free tier, storage or transfer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from types import MappingProxyType
from typing import Any

from framefleet.domain.rules.functions import read_disk_size, read_memory_size
from framefleet.domain.rules.values import number, text, typeof, whole
from framefleet.errors import OptionTypeError

# The reference prices every running render as if its functions had the largest disk.
PRICED_DISK_SIZE_IN_MB = 10_240
# What a call is billed for besides the time that it reports.
_CALL_OVERHEAD_MS = 100
_FREE_DISK_MB = 512
_MB_MS_PER_GB_S = 1000 * 1024
_PRICE_STEP = Decimal("0.00001")
_SHOWN_STEP = Decimal("0.001")
_LEAST_SHOWN = 0.001
# Enough digits for any double, so that only the last step rounds.
_EXACT = Context(prec=400, rounding=ROUND_HALF_UP)
_FIVE_DIGITS = Context(prec=5, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class RegionPrices:
    """Prices of a region in its currency: a GB of memory and of disk for a second, a call."""

    memory_gb_s: float
    disk_gb_s: float
    call: float


_IRELAND_CANADA = RegionPrices(0.0000133334, 0.0000000340, 0.0000002)
_LONDON_PARIS = RegionPrices(0.0000133334, 0.0000000358, 0.0000002)
_US = RegionPrices(0.0000133334, 0.0000000309, 0.0000002)
_PACIFIC = RegionPrices(0.0000133334, 0.0000000370, 0.0000002)
_MUMBAI_SEOUL = RegionPrices(0.0000133334, 0.0000000352, 0.0000002)

# AWS's public price list for ARM, frozen with the reference's release; ordered as the message
# about an unknown region lists them.
PRICES: Mapping[str, RegionPrices] = MappingProxyType(
    {
        "eu-central-1": RegionPrices(0.0000133334, 0.0000000367, 0.0000002),
        "eu-central-2": RegionPrices(0.0000146667, 0.0000000441, 0.00000022),
        "eu-west-1": _IRELAND_CANADA,
        "eu-west-2": _LONDON_PARIS,
        "eu-west-3": _LONDON_PARIS,
        "eu-south-1": RegionPrices(0.0000156138, 0.0000000357, 0.00000023),
        "eu-north-1": RegionPrices(0.0000133334, 0.0000000323, 0.0000002),
        "us-east-1": _US,
        "us-east-2": _US,
        "us-west-1": _PACIFIC,
        "us-west-2": _US,
        "af-south-1": RegionPrices(0.00001768, 0.0000000404, 0.00000027),
        "ap-south-1": _MUMBAI_SEOUL,
        "ap-east-1": RegionPrices(0.0000183, 0.0000000407, 0.00000028),
        "ap-southeast-1": _PACIFIC,
        "ap-southeast-2": _PACIFIC,
        "ap-northeast-1": _PACIFIC,
        "ap-northeast-2": _MUMBAI_SEOUL,
        "ap-northeast-3": _PACIFIC,
        "ap-southeast-4": _PACIFIC,
        "ap-southeast-5": RegionPrices(0.000012, 0.0000000333, 0.00000018),
        "ca-central-1": _IRELAND_CANADA,
        "cn-north-1": RegionPrices(0.0000908, 0.0000002303, 0.00000136),
        "cn-northwest-1": RegionPrices(0.0000908, 0.0000002049, 0.00000136),
        "sa-east-1": RegionPrices(0.0000133334, 0.0000000586, 0.0000002),
    }
)


def estimate_price(
    *,
    region: str,
    duration_in_milliseconds: float,
    memory_size_in_mb: int,
    disk_size_in_mb: int,
    lambdas_invoked: int,
) -> float:
    """The price of calls in the region's currency, at five decimals.

    Args:
        duration_in_milliseconds: billed time of all calls together, not wall time.

    Raises:
        OptionTypeError: an argument is of the wrong kind or out of range.
    """
    memory = read_memory_size(memory_size_in_mb)
    prices = PRICES.get(region) if isinstance(region, str) else None
    if prices is None:
        raise OptionTypeError(
            f"{text(region)} is not a supported AWS region. Must be one of: {', '.join(PRICES)}"
        )
    disk = read_disk_size(disk_size_in_mb)
    duration = _duration(duration_in_milliseconds)
    calls = number(lambdas_invoked)
    if calls is None or not math.isfinite(calls):
        raise OptionTypeError(
            f"Parameter 'lambdasInvoked' must be a finite number but it is {text(lambdas_invoked)}"
        )
    # In doubles and in this order, as the reference adds them: the last decimal depends on it.
    price = (
        prices.memory_gb_s * (memory * duration) / _MB_MS_PER_GB_S
        + max(0, disk - _FREE_DISK_MB) * prices.disk_gb_s * duration / _MB_MS_PER_GB_S
        + prices.call * calls
    )
    return json_number(float(Decimal(price).quantize(_PRICE_STEP, context=_EXACT)))


def billed_ms(
    timings: Iterable[tuple[int, int]], *, lambdas_invoked: int = 0, elapsed_ms: int = 0
) -> int:
    """The billed time of calls.

    Args:
        timings: start and end of each call that is over.
        lambdas_invoked: calls begun; those without a timing run since `elapsed_ms`.
    """
    over = [max(0, end - start) + _CALL_OVERHEAD_MS for start, end in timings]
    return sum(over) + max(0, lambdas_invoked - len(over)) * elapsed_ms


def currency(region: str) -> str:
    """The currency in which a region is paid."""
    return "CNY" if region.startswith("cn-") else "USD"


def accrued(value: float) -> float:
    """The cost so far at five significant digits."""
    return json_number(float(_FIVE_DIGITS.create_decimal(Decimal(value))))


def display_cost(value: float, region: str) -> str:
    """The cost of a render under way or of a still, to be read: `<$0.001`, `$0.003`."""
    if value < _LEAST_SHOWN:
        return f"<{_symbol(region)}0.001"
    return f"{_symbol(region)}{_shown(value):,.3f}"


def display_final_cost(value: float, region: str) -> str:
    """The cost of a finished render, to be read: `$0`, `$0.1`, `$1,234.568`."""
    digits = f"{_shown(value):,.3f}".rstrip("0").rstrip(".")
    return f"{_symbol(region)}{digits}"


def json_number(value: float) -> float:
    """The number as JavaScript's JSON has it: a whole one without a fraction."""
    exact = whole(value)
    return value if exact is None else exact


def _duration(value: Any) -> float:
    duration, start = number(value), "Parameter 'durationInMilliseconds' must"
    if duration is None:
        raise OptionTypeError(f"{start} be a number but got {typeof(value)}")
    if math.isnan(duration):
        raise OptionTypeError(f"{start} not be NaN but it is.")
    if math.isinf(duration):
        raise OptionTypeError(f"{start} be finite but it is {text(value)}")
    if duration < 0:
        raise OptionTypeError(f"{start} be over 0 but it is {text(value)}.")
    return float(duration)


def _shown(value: float) -> Decimal:
    # Browsers and Node round the shortest digits that name the double, not the double.
    return Decimal(repr(float(value))).quantize(_SHOWN_STEP, context=_EXACT)


def _symbol(region: str) -> str:
    return "¥" if currency(region) == "CNY" else "$"
