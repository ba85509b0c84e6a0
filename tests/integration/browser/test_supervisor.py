"""Browsers are lent to one at a time, kept warm, and replaced when they break."""

from __future__ import annotations

import os
import signal

import anyio
import pytest

from framefleet.browser.executable import find_browser
from framefleet.browser.flags import BrowserOptions
from framefleet.browser.supervisor import BrowserSupervisor
from framefleet.errors import (
    BrowserCrashedError,
    BrowserNotFoundError,
    BrowserStartError,
    PageScriptError,
)

pytestmark = pytest.mark.anyio


async def test_a_browser_is_lent_again_and_again():
    async with BrowserSupervisor(BrowserOptions()) as lender:
        async with lender.lease() as first:
            pass
        async with lender.lease() as second:
            assert second is first
            assert second.is_alive
    assert not first.is_alive


async def test_two_borrowers_get_two_browsers():
    async with (
        BrowserSupervisor(BrowserOptions()) as lender,
        lender.lease() as first,
        lender.lease() as second,
    ):
        assert first is not second
        session, _ = await first.open_session()
        other, _ = await second.open_session()
        for one in (session, other):
            await one.call("Runtime.evaluate", expression="1")


async def test_a_browser_serves_a_number_of_times():
    async with BrowserSupervisor(BrowserOptions(), max_leases=2) as lender:
        lent = []
        for _ in range(4):
            async with lender.lease() as browser:
                lent.append(browser)
        assert lent[0] is lent[1]
        assert lent[2] is lent[3]
        assert lent[1] is not lent[2]
        assert not lent[0].is_alive


async def test_a_browser_that_died_is_replaced():
    async with BrowserSupervisor(BrowserOptions()) as lender:
        async with lender.lease() as idle:
            pass
        await kill(idle)
        async with lender.lease() as lent:
            assert lent is not idle
            await kill(lent)
        async with lender.lease() as third:
            assert third.is_alive


async def test_a_browser_something_went_wrong_with_is_not_lent_again():
    async with BrowserSupervisor(BrowserOptions()) as lender:
        with pytest.raises(PageScriptError):
            async with lender.lease() as first:
                raise PageScriptError("bad")
        assert not first.is_alive
        async with lender.lease() as second:
            assert second is not first


async def test_a_start_that_fails_is_tried_again(tmp_path):
    """The first two of three starts fail, as where memory is short for a moment."""
    shell = find_browser().path
    path = tmp_path / "chrome-headless-shell"
    path.write_text(
        f"#!/bin/bash\necho try >> {tmp_path}/tries\n"
        f'[ "$(wc -l < {tmp_path}/tries)" -gt 2 ] || exit 1\nexec {shell} "$@"\n'
    )
    path.chmod(0o755)
    async with (
        BrowserSupervisor(BrowserOptions(executable=path)) as lender,
        lender.lease() as browser,
    ):
        assert browser.is_alive
    assert (tmp_path / "tries").read_text().count("try") == 3


async def test_a_start_that_always_fails_is_an_error_and_poisons_nothing(tmp_path):
    path = tmp_path / "chrome-headless-shell"
    path.write_text("#!/bin/bash\nexit 1\n")
    path.chmod(0o755)
    async with BrowserSupervisor(BrowserOptions(executable=path)) as lender:
        with pytest.raises(BrowserStartError):
            async with lender.lease():
                raise AssertionError("there is no browser")
        path.unlink()
        path.symlink_to(find_browser().path)
        async with lender.lease() as browser:
            assert browser.is_alive


async def test_a_missing_browser_is_not_looked_for_twice(tmp_path):
    async with BrowserSupervisor(BrowserOptions(executable=tmp_path / "gone")) as lender:
        with pytest.raises(BrowserNotFoundError):
            async with lender.lease():
                raise AssertionError("there is no browser")


async def kill(browser) -> None:
    os.kill(browser._pid, signal.SIGKILL)
    with anyio.fail_after(5):
        await browser._connection.closed
    with pytest.raises(BrowserCrashedError):
        await browser.open_session()


async def test_browsers_can_be_started_before_they_are_wanted():
    async with BrowserSupervisor(BrowserOptions()) as lender:
        await lender.prestart(2)
        await lender.prestart(2)
        started = list(lender._starting)
        async with lender.lease() as first, lender.lease() as second:
            assert [first, second] == [(await task).browser for task in started]
    assert not first.is_alive
    assert not second.is_alive


async def test_a_browser_nobody_wanted_after_all_leaves_nothing():
    async with BrowserSupervisor(BrowserOptions()) as lender:
        await lender.prestart()


async def test_a_borrower_cancelled_while_its_browser_starts_leaves_nothing():
    async with BrowserSupervisor(BrowserOptions()) as lender:
        await lender.prestart()
        with anyio.move_on_after(0.02) as scope:
            async with lender.lease():
                pytest.fail("a browser takes longer to start")
        assert scope.cancelled_caught


async def test_a_failed_start_is_told_to_the_borrower(tmp_path):
    async with BrowserSupervisor(BrowserOptions(executable=tmp_path / "none")) as lender:
        await lender.prestart()
        with pytest.raises(BrowserNotFoundError):
            async with lender.lease():
                pytest.fail("there is no such browser")
