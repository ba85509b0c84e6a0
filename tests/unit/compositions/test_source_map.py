"""Source maps, read by hand-made ones."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from framefleet.browser.page import PageLog
from framefleet.compositions.source_maps import SourceMap, SourceMaps, log_event
from framefleet.errors import StackFrame

# Bundle line 1: column 0 is a.ts:1, column 8 is a.ts:3, column 20 is b.ts:2. Line 2 maps nothing.
# Line 3: column 4 is b.ts:18 (a jump of 16 takes two digits), then a segment without a source.
MAP = {
    "version": 3,
    "sources": ["webpack://bundle/./src/a.ts", "webpack:///./node_modules/lib/b.ts"],
    "names": [],
    "mappings": "AAAA,QAEA,YCDA;;IAgBA,C",
}


def source_map() -> SourceMap:
    return SourceMap(json.dumps(MAP).encode())


@pytest.mark.parametrize(
    ("line", "column", "place"),
    [
        (1, 1, ("src/a.ts", 1)),
        (1, 8, ("src/a.ts", 1)),
        (1, 9, ("src/a.ts", 3)),
        (1, 20, ("src/a.ts", 3)),
        (1, 21, ("node_modules/lib/b.ts", 2)),
        (1, 5000, ("node_modules/lib/b.ts", 2)),
        (2, 1, None),
        (3, 5, ("node_modules/lib/b.ts", 18)),
        (0, 1, None),
        (4, 1, None),
    ],
)
def test_places_are_traced_back(line, column, place):
    assert source_map().find(line, column) == place


class Site:
    """A site in a folder: the only thing SourceMaps asks of one."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def file_of(self, url: str) -> Path | None:
        name = url.removeprefix("http://localhost:1/")
        return None if name == url else self._root / name


@pytest.fixture(params=["file", "inline"])
def maps(request, tmp_path):
    text = json.dumps(MAP)
    reference = "bundle.js.map"
    if request.param == "file":
        (tmp_path / reference).write_text(text)
    else:
        data = base64.b64encode(text.encode()).decode()
        reference = f"data:application/json;base64,{data}"
    (tmp_path / "bundle.js").write_text(f"code()\n//# sourceMappingURL={reference}\n")
    (tmp_path / "plain.js").write_text("code()\n")
    (tmp_path / "broken.js").write_text("//# sourceMappingURL=gone.map\n")
    return SourceMaps(Site(tmp_path))  # type: ignore[arg-type]  # a double


def frame(column: int, script: str = "bundle.js", line: int = 1) -> StackFrame:
    return StackFrame("draw", f"http://localhost:1/{script}", line, column)


def test_the_authors_own_frames_are_shown(maps):
    assert maps.describe([frame(21), frame(9), frame(1)]) == [
        "    at draw (src/a.ts:3)",
        "    at draw (src/a.ts:1)",
    ]


def test_where_none_is_the_authors_all_are_shown(maps):
    shown = maps.describe([frame(21), frame(7, "plain.js"), frame(7, "broken.js")])
    assert shown == [
        "    at draw (node_modules/lib/b.ts:2)",
        "    at draw (http://localhost:1/plain.js:1:7)",
        "    at draw (http://localhost:1/broken.js:1:7)",
    ]


@pytest.mark.parametrize(
    ("level", "location"), [("error", "src/a.ts:3"), ("warn", "src/a.ts:3"), ("info", None)]
)
def test_warnings_and_errors_say_where_they_come_from(maps, level, location):
    found = log_event(PageLog(level=level, text="hm", stack=(frame(9), frame(1))), maps)
    assert (found.level, found.text, found.location) == (level, "hm", location)
