"""The report and its plot."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from bench.plot import write_plot
from bench.report import preliminary, table, write_report


def test_the_report_holds_goals_pages_losses_and_notes(results, tmp_path):
    (tmp_path / "notes.md").write_text("## What was tried\n\nThis and that.\n")
    report = tmp_path / "report.md"
    write_report(results, report, notes=tmp_path / "notes.md", plot="report.svg")
    text = report.read_text()
    assert (
        "| Moving: wall time over that of Remotion | 0.50 | 0.40 (0.40 to 0.50) | yes | - | - |"
        in text
    )
    assert "| framefleet | 4.00 | 8.00 | 400 | 1 | 42.95 |" in text
    assert "- Moving, beside Remotion: file size 1.20 (1.20 to 1.20)." in text
    assert "| framefleet | 26.7 | browser 20.0, python 6.7 |" in text
    assert text.endswith("## What was tried\n\nThis and that.\n")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"foreign_load": 0.2}, "other programs used 20% of the machine"),
        ({"most_frames": 10}, "at most 10 frames of each page were filmed"),
    ],
)
def test_figures_of_a_bad_run_are_called_preliminary(results, changes, reason):
    results = replace(results, conditions=replace(results.conditions, **changes))
    assert reason in preliminary(results)


def test_figures_of_part_of_the_suite_are_called_preliminary(results):
    one_round = replace(results, renders=[item for item in results.renders if item.round == 0])
    assert preliminary(one_round) == [
        "1 of 3 rounds",
        "without Holds, ReactHeavy, Slides, Text4K, VideoHeavy, WebGL",
    ]


def test_the_plot_is_one_svg_for_the_same_figures(results, tmp_path):
    for name in ("a.svg", "b.svg"):
        write_plot(results, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    words = ["".join(node.itertext()) for node in ElementTree.parse(tmp_path / "a.svg").iter()]
    assert {"Moving", "0.40", "cold still"} <= set(words)


def test_a_table_is_markdown():
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
