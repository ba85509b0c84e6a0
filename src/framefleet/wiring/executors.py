"""Where chunks are rendered, and where they lie until they are joined."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import assert_never

from framefleet.browser.flags import BrowserOptions
from framefleet.browser.supervisor import BrowserSupervisor
from framefleet.compositions.site import OpenSite
from framefleet.domain.events import Log
from framefleet.executors.inline import InlineExecutor
from framefleet.executors.process import ProcessExecutor
from framefleet.interfaces.executor import Executor
from framefleet.settings import ExecutorName
from framefleet.storages.local import LocalStorage
from framefleet.worker.artifacts import Artifacts


@asynccontextmanager
async def open_executor(
    name: ExecutorName,
    *,
    slots: int,
    address: str,
    site: OpenSite,
    artifacts: Artifacts,
    supervisor: BrowserSupervisor,
    browser: BrowserOptions,
    on_log: Callable[[Log], None],
) -> AsyncIterator[Executor]:
    """The executor of that name. Inline it borrows from `supervisor`, whose browsers are warm.

    Worker processes open the site at `address` themselves and start their own browsers, so idle
    ones of `supervisor` are ended.
    """
    match name:
        case "inline":
            async with InlineExecutor(slots, site, artifacts, supervisor, on_log) as inline:
                yield inline
        case "process":
            await supervisor.end_idle()
            async with ProcessExecutor(
                slots, address, artifacts.storage.address, browser, on_log
            ) as process:
                yield process
        case never:
            assert_never(never)


def local_artifacts(folder: Path) -> Artifacts:
    """Artifacts in a folder of this machine."""
    return Artifacts(LocalStorage(folder, may_link=True), folder)
