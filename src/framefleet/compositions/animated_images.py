"""Whether a page has loaded images that move by themselves."""

from __future__ import annotations

from pathlib import Path

import msgspec

from framefleet.browser.page import Page
from framefleet.compositions.site import OpenSite

# What tells a moving image of each type from a still one, where anything does.
_SIGNS = {
    "image/apng": b"acTL",
    "image/avif": b"avis",
    "image/gif": None,
    "image/png": b"acTL",
    "image/webp": b"ANIM",
}
# The signs lie ahead of the picture data; colour profiles may come before them.
_HEAD_BYTES = 1 << 20


class AnimatedImages:
    """Watches what a tab loads. Make it before the tab's page is loaded."""

    def __init__(self, page: Page, site: OpenSite) -> None:
        self._site = site
        self.are_present = False
        page.session.on("Network.responseReceived", self._on_response)

    def _on_response(self, raw: msgspec.Raw) -> None:
        if self.are_present or b'"image/' not in bytes(raw):
            return
        response = msgspec.json.decode(raw)["response"]
        if response["mimeType"] in _SIGNS:
            file = self._site.file_of(response["url"])
            # An image from elsewhere may move: taking it for one that does costs time only.
            self.are_present = file is None or _moves(file, _SIGNS[response["mimeType"]])


def _moves(file: Path, sign: bytes | None) -> bool:
    if sign is None:
        return True
    with file.open("rb") as stream:
        return sign in stream.read(_HEAD_BYTES)
