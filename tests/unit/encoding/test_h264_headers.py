"""Parameter sets and slices as x264 wrote them, and the sets that skipping is not proven for."""

from __future__ import annotations

import pytest

from framefleet.encoding.h264_headers import (
    PictureSet,
    SequenceSet,
    SliceStart,
    read_parameter_sets,
    read_slice_start,
)
from framefleet.encoding.h264_syntax import BitWriter, as_stream

# x264 165 at crf 18 unless the name says otherwise.
FULL_HD = "67640028acd940780227e584000003000400000300f03c60c658 68ebe08cb22c"
ULTRAFAST = "6742c00dda05067a9a10000003001000000303c0f142aa 68ce023c80"
VERYSLOW = "67640033ac720440780227e584000003000400000300f03c60c61180 68e8438232c8b0"
MAIN_PROFILE = "674d4028eca03c0113f2c2000003000200000300781e30632c 68ebe08cb2"
FIELDS = "67640028acd94078044fdc20000003002000000783e2c5b2c0 68fba08cb22c"
LOSSLESS = "67f40028aeb200f0044fcb08000003000800000301e078c19240 68ebc06bcb"


def sets(text: str) -> bytes:
    """As in an encoder's extradata."""
    return b"".join(b"\0\0\0\1" + bytes.fromhex(unit) for unit in text.split())


def sequence(**changes: int) -> SequenceSet:
    values = {"frame_number_bits": 4, "order_bits": 6, "reference_frames": 4, "macroblocks": 8160}
    return SequenceSet(**(values | changes))


@pytest.mark.parametrize(
    ("text", "expected", "has_cabac", "has_weights"),
    [
        (FULL_HD, sequence(), True, True),
        (MAIN_PROFILE, sequence(), True, True),
        (ULTRAFAST, sequence(order_bits=0, reference_frames=1, macroblocks=240), False, False),
        (VERYSLOW, sequence(frame_number_bits=6, order_bits=7, reference_frames=16), True, True),
    ],
)
def test_parameter_sets_of_x264(text, expected, has_cabac, has_weights):
    picture = PictureSet(id=0, has_cabac=has_cabac, has_weights=has_weights, initial_qp=18)
    assert read_parameter_sets(sets(text)) == (expected, picture)


@pytest.mark.parametrize("text", [FIELDS, LOSSLESS, "", FULL_HD.split()[0], f"{FULL_HD} {FULL_HD}"])
def test_what_is_not_proven(text):
    assert read_parameter_sets(sets(text)) is None


def written(kind: int, *codes: tuple[str | int, ...]) -> bytes:
    """A unit, each code said by the writer's method and its arguments."""
    bits = BitWriter()
    bits.u(kind, 8)
    for name, *values in codes:
        getattr(bits, str(name))(*values)
    bits.u(1, 1)
    bits.align(0)
    return bits.to_bytes()


def high_sequence(
    chroma: int = 1, depth: int = 0, lossless: int = 0, scaling: int = 0, order_type: int = 0
) -> bytes:
    """A sequence parameter set of High profile for 2 x 3 macroblocks."""
    head = [("u", 100, 8), ("u", 0, 8), ("u", 10, 8), ("ue", 0)]
    colours = [("ue", chroma), ("ue", depth), ("ue", depth), ("u", lossless, 1), ("u", scaling, 1)]
    counts = [("ue", 0), ("ue", order_type), ("ue", 1), ("ue", 2), ("u", 0, 1)]
    return written(0x67, *head, *colours, *counts, ("ue", 1), ("ue", 2), ("u", 1, 1))


def picture_set(bottom: int = 0, groups: int = 0, deblocking: int = 1, redundant: int = 0) -> bytes:
    head = [("ue", 0), ("ue", 0), ("u", 1, 1), ("u", bottom, 1), ("ue", groups)]
    flags = [("u", deblocking, 1), ("u", 0, 1), ("u", redundant, 1)]
    prediction = [("ue", 0), ("ue", 0), ("u", 1, 1), ("u", 2, 2), ("se", -6), ("se", 0), ("se", 0)]
    return written(0x68, *head, *prediction, *flags)


def test_sets_made_by_hand():
    assert read_parameter_sets(as_stream(high_sequence()) + as_stream(picture_set())) == (
        sequence(order_bits=5, reference_frames=2, macroblocks=6),
        PictureSet(id=0, has_cabac=True, has_weights=True, initial_qp=20),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"chroma": 0},
        {"chroma": 2},
        {"depth": 2},
        {"lossless": 1},
        {"scaling": 1},
        {"order_type": 1},
    ],
)
def test_sequences_that_are_not_proven(changes):
    stream = as_stream(high_sequence(**changes)) + as_stream(picture_set())
    assert read_parameter_sets(stream) is None


@pytest.mark.parametrize(
    "changes", [{"bottom": 1}, {"groups": 1}, {"deblocking": 0}, {"redundant": 1}]
)
def test_picture_sets_that_are_not_proven(changes):
    stream = as_stream(high_sequence()) + as_stream(picture_set(**changes))
    assert read_parameter_sets(stream) is None


def test_slices_begin_with_their_number_and_order():
    first = [("ue", 0), ("ue", 7), ("ue", 0)]
    info = as_stream(b"\6\5\1\0\0\x80")
    idr = as_stream(written(0x65, *first, ("u", 3, 4), ("ue", 1), ("u", 40, 6)))
    assert read_slice_start(info + idr + idr, sequence()) == SliceStart(True, 3, 40)
    unreferred = as_stream(written(0x01, *first, ("u", 9, 4), ("u", 62, 6)))
    assert read_slice_start(unreferred, sequence()) == SliceStart(False, 9, 62)
    assert read_slice_start(unreferred, sequence(order_bits=0)) == SliceStart(False, 9, 0)
    with pytest.raises(ValueError, match="holds no picture"):
        read_slice_start(info, sequence())
