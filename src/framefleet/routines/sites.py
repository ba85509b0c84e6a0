"""Which address a site is opened at: sites in our buckets are where our storage has them."""

from __future__ import annotations

from framefleet.interfaces.buckets import Buckets
from framefleet.wire.serve_urls import convert_to_serve_url, parse_site_url


def site_address(serve_url: str, *, bucket: str, region: str, buckets: Buckets) -> tuple[str, str]:
    """The URL that a client means, and the one that a browser here can open.

    Clients write addresses of AWS whatever store they use (spec/serverless-wire.md 9.3).

    Raises:
        OptionError: it is a file of the client's machine.
    """
    meant = convert_to_serve_url(serve_url, bucket=bucket, region=region)
    found = parse_site_url(meant)
    if found is None:
        return meant, meant
    return meant, buckets.storage(found.bucket).page_url(found.key)
