"""Memory for images, used again once nobody reads it any more."""

from __future__ import annotations

import weakref
from collections import deque

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

# Ready for images of a size: one is filled while the one before is read.
SPARE_BUFFERS = 3
# A page shows few sizes at a time; those asked for longest ago are given up.
KNOWN_SIZES = 4


class ImageBuffers:
    """Lends memory to any number of threads.

    Pages fresh from the system cost more than to fill them: at 1080p 4 to 10 ms an image on a
    virtual machine, where writing it takes 0.5.
    """

    def __init__(self) -> None:
        # Deques need no lock, which matters: memory may come back in the middle of a collection.
        self._spare: dict[int, deque[Bytes]] = {}

    def lend(self, size_bytes: int) -> Bytes:
        """(size_bytes,) uint8, with whatever it held before.

        It comes back when this array and all memoryviews of it (`.data`) are gone. Arrays that
        NumPy makes of it do not count, so none may outlive it.
        """
        spare = self._spare.get(size_bytes)
        if spare is None:
            spare = self._spare[size_bytes] = deque(maxlen=SPARE_BUFFERS)
            for size in list(self._spare)[:-KNOWN_SIZES]:
                self._spare.pop(size, None)
        try:
            owner = spare.pop()
        except IndexError:
            owner = np.empty(size_bytes, np.uint8)
        lent: Bytes = owner[:]
        weakref.finalize(lent, spare.append, owner).atexit = False
        return lent
