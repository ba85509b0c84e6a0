"""Renders that delete themselves: days, and the prefixes by which buckets know them."""

from __future__ import annotations

# The days a render may be kept, by what `deleteAfter` calls them. A render's id starts with the
# word, and so do the keys of all that belongs to it: a bucket's rule needs no more.
DAYS_OF_DELETE_AFTER = {"1-day": 1, "3-days": 3, "7-days": 7, "30-days": 30}


def expiry_prefix(delete_after: str) -> str:
    """How keys start that are deleted after this time."""
    return f"renders/{delete_after}"


def expiry_rule_id(delete_after: str) -> str:
    """What our rule is called in a bucket's list, as in the reference."""
    return f"delete-after-{delete_after}"
