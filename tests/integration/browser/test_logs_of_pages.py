"""What a page of any kind writes to its console arrives with its level, its type and its place."""

from __future__ import annotations

import msgspec
import pytest

from framefleet.domain.events import Log
from framefleet.domain.timing import FrameRange
from framefleet.worker import protocol

pytestmark = pytest.mark.anyio

TALKING = """<script>
function say() {
  console.info('an info');
  console.warn('a warning', 7);
  console.table('a table');
  console.error('an error');
}
say();
</script>"""


async def test_the_console_of_every_kind_of_page_is_passed_on(kind, site_of, studio_of):
    site, logs = site_of(kind, TALKING), list[Log]()
    async with studio_of(site, site.plan(), logs=logs) as studio:
        async for _ in studio.film(FrameRange(0, 2)):
            pass
    own = [log for log in logs if log.text.startswith(("a ", "an "))]
    assert [(log.level, log.type, log.text) for log in own] == [
        ("info", "info", "an info"),
        ("warn", "warning", "a warning 7"),
        ("verbose", "table", "a table"),
        ("error", "error", "an error"),
    ]
    for line, log in enumerate(own):
        assert log.stack[0].function == "say"
        assert log.stack[0].url.endswith("/index.html")
        assert log.stack[0].line == own[0].stack[0].line + line
    # It crosses from a worker process as it is.
    sent = protocol.line(protocol.Logged(own[1]))
    assert msgspec.json.decode(sent, type=protocol.FromWorker) == protocol.Logged(own[1])
