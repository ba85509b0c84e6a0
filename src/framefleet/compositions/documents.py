"""All documents of a tab: the page's own and those of its frames, of any origin."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from framefleet.browser.page import Page
from framefleet.errors import ProtocolError


class Documents:
    """Evaluates in every document of a tab. Make it before the tab's page is loaded."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._contexts: dict[int, None] = {}
        session = page.session
        session.on("Runtime.executionContextCreated", self._on_created)
        session.on("Runtime.executionContextDestroyed", self._on_destroyed)
        session.on("Runtime.executionContextsCleared", lambda _: self._contexts.clear())

    @property
    def are_many(self) -> bool:
        """Whether the page has frames."""
        return len(self._contexts) > 1

    async def evaluate(self, expression: str, *, timeout_s: float) -> list[Any]:
        """The values of `expression` in each document; one that goes away meanwhile has none."""
        if not self.are_many:
            return [await self._page.evaluate(expression, timeout_s=timeout_s)]
        answers = [
            self._page.session.send(
                "Runtime.evaluate", expression=expression, contextId=context, returnByValue=True
            )
            for context in self._contexts
        ]
        found = await asyncio.gather(
            *(self._page.evaluated(answer, timeout_s) for answer in answers),
            return_exceptions=True,
        )
        for value in found:
            if isinstance(value, BaseException) and not isinstance(value, ProtocolError):
                raise value
        return [value for value in found if not isinstance(value, BaseException)]

    def _on_created(self, raw: msgspec.Raw) -> None:
        context = msgspec.json.decode(raw)["context"]
        if context.get("auxData", {}).get("isDefault"):
            self._contexts[context["id"]] = None

    def _on_destroyed(self, raw: msgspec.Raw) -> None:
        self._contexts.pop(msgspec.json.decode(raw)["executionContextId"], None)
