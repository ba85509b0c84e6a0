"""Where the programs, the site and the results of the suite lie."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SITE = ROOT / "build/remotion_site"
SITE_SOURCES = ROOT / "tests/remotion_site"
PROJECTS = ROOT / "build/hyperframes"
OUT = ROOT / "out/bench"
FRAMEFLEET = str(Path(sys.executable).with_name("framefleet"))
