"""Files a composition emits have names of their own."""

from __future__ import annotations

import pytest

from framefleet.errors import PageScriptError
from framefleet.rendering.artifacts import Emitted, refuse_twins


def test_a_name_may_be_used_once():
    refuse_twins([Emitted("b.txt", 3), Emitted("a.txt", 3), Emitted("c", 20)])
    with pytest.raises(PageScriptError, match=r'"a\.txt" was .* at frame 3, .* again at frame 7'):
        refuse_twins([Emitted("a.txt", 3), Emitted("b.txt", 4), Emitted("a.txt", 7)])
