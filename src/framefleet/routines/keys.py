"""The objects of a render that functions leave for each other."""

from __future__ import annotations

import hashlib

from framefleet.domain.destination import render_prefix
from framefleet.wire.render_record import CANCEL_NAME, RECORD_NAME

_TRANSPORT = "transport/"


def record_key(render_id: str) -> str:
    """The record of a render."""
    return render_prefix(render_id) + RECORD_NAME


def cancel_key(render_id: str) -> str:
    """What is there once the render is cancelled."""
    return render_prefix(render_id) + CANCEL_NAME


def transport_prefix(render_id: str) -> str:
    """What the keys start with of all that is of no use once the render has ended."""
    return render_prefix(render_id) + _TRANSPORT


def plan_hash(plan: bytes) -> str:
    """What tells plans apart, of a plan as it is stored."""
    return hashlib.sha256(plan).hexdigest()


def chunks_prefix(render_id: str, plan_hash: str) -> str:
    """What the keys start with of chunks of one plan, which are of no use to another."""
    return f"{transport_prefix(render_id)}{plan_hash[:16]}/"


def plan_key(render_id: str) -> str:
    """The plan; the render goes on as long as it is there."""
    return transport_prefix(render_id) + "plan.json"


def lease_key(render_id: str, number: int) -> str:
    """What is there once so many functions in a row have begun to run the render."""
    return f"{transport_prefix(render_id)}lease-{number}"
