"""The bits of skip pictures, and which picture they repeat."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from framefleet.encoding.h264_headers import PictureSet, SequenceSet
from framefleet.encoding.h264_syntax import BitWriter, as_stream, unescaped
from framefleet.encoding.skip_picture import SkipPictures

SEQUENCE = SequenceSet(frame_number_bits=4, order_bits=6, reference_frames=4, macroblocks=300)
CAVLC = PictureSet(id=0, has_cabac=False, has_weights=False, initial_qp=26)
CABAC = PictureSet(id=0, has_cabac=True, has_weights=True, initial_qp=18)


def picture(number: int, order: int, *, kind: int = 0x41) -> bytes:
    """The beginning of a slice, as long as it is looked at."""
    bits = BitWriter()
    bits.u(kind, 8)
    for code in (0, 5, 0):
        bits.ue(code)
    bits.u(number, 4)
    if kind == 0x65:
        bits.ue(0)
    bits.u(order, 6)
    bits.align(1)
    return as_stream(bits.to_bytes())


def bits_of(stream: bytes) -> str:
    assert stream.startswith(b"\0\0\0\1\x41")
    unit = unescaped(stream[5:])
    return f"{int.from_bytes(unit):0{8 * len(unit)}b}"


def test_every_bit_of_a_short_one():
    pictures = SkipPictures(SEQUENCE, CAVLC)
    pictures.follow(picture(0, 0, kind=0x65), 0)
    pictures.follow(picture(1, 2), 1)
    expected = [
        "1",  # from macroblock 0
        "00110",  # P slices only
        "1",  # picture parameter set 0
        "0010",  # frame 2 since the key frame
        "000100",  # order 4
        "1" + "1",  # one reference
        "0",  # the list as it is
        "0",  # the oldest reference goes
        "00000110010",  # QP 25 above 26
        "010",  # no deblocking
        "00000000100101101",  # 300 macroblocks skipped
        "1",
    ]
    assert bits_of(pictures.repeat()).rstrip("0") == "".join(expected)


def test_the_arithmetic_coder_fills_the_header_with_ones():
    pictures = SkipPictures(SEQUENCE, CABAC)
    pictures.follow(picture(0, 0, kind=0x65), 0)
    header = "1" + "00110" + "1" + "0001" + "000010" + "11" + "0" + "11" + "00" + "0"
    header += "1" + "0000001000010" + "010"  # cabac_init_idc 0, QP 33 above 18, no deblocking
    bits = bits_of(pictures.repeat())
    assert bits.startswith(header)
    aligned = -(-len(header) // 8) * 8
    assert set(bits[len(header) : aligned]) <= {"1"}
    # The more probable value each time: nothing but zeros, up to the flush.
    assert "1" not in bits[aligned:-16]
    assert bits[-16:].strip("0")


def test_its_zeros_do_not_look_like_a_start_code():
    full_hd = replace(SEQUENCE, macroblocks=8160)
    pictures = SkipPictures(full_hd, CABAC)
    pictures.follow(picture(0, 0, kind=0x65), 0)
    repeat = pictures.repeat()
    assert len(repeat) < 70
    assert not re.search(rb"\0\0[\0-\2]", repeat[4:])


def test_a_repeat_counts_once_it_is_followed():
    pictures = SkipPictures(SEQUENCE, CAVLC)
    pictures.follow(picture(14, 60), 0)
    starts = []
    for shown in range(1, 4):
        repeat = pictures.repeat()
        assert pictures.repeat() == repeat
        bits = bits_of(repeat)
        starts.append((int(bits[7:11], 2), int(bits[11:17], 2)))
        pictures.follow(repeat, shown)
    # Both counts wrap.
    assert starts == [(15, 62), (0, 0), (1, 2)]


def test_the_picture_shown_last_is_found_behind_a_b_picture():
    pictures = SkipPictures(SEQUENCE, CAVLC)
    pictures.follow(picture(0, 0, kind=0x65), 0)
    pictures.follow(picture(1, 8), 4)
    pictures.follow(picture(2, 4), 2)
    pictures.follow(picture(3, 2, kind=0x01), 1)
    pictures.follow(picture(3, 6, kind=0x01), 3)
    assert pictures.can_repeat
    repeat = pictures.repeat()
    bits = bits_of(repeat)
    assert (int(bits[7:11], 2), int(bits[11:17], 2)) == (3, 10)
    assert bits[17:].startswith("11" + "1" + "1" + "010" + "00100" + "0")
    pictures.follow(repeat, 5)
    assert bits_of(pictures.repeat())[17:].startswith("11" + "0" + "0")


@pytest.mark.parametrize("kinds", [[], [0x01], [0x65, 0x01]])
def test_only_a_reference_can_be_repeated(kinds):
    pictures = SkipPictures(SEQUENCE, CAVLC)
    for shown, kind in enumerate(kinds):
        pictures.follow(picture(shown, 2 * shown, kind=kind), shown)
    assert not pictures.can_repeat


def test_a_reference_that_is_no_longer_kept_cannot_be_repeated():
    pictures = SkipPictures(SEQUENCE, CAVLC)
    pictures.follow(picture(0, 20), 10)
    for number in (1, 2, 3):
        assert pictures.can_repeat
        pictures.follow(picture(number, 2 * number), number)
    assert pictures.can_repeat
    pictures.follow(picture(4, 8), 4)
    assert not pictures.can_repeat


def test_a_stream_without_references_cannot_repeat():
    key_frames_only = "67641028acb80f0044fcb080000003008000001e02 68ee0232c8b0"
    sets = b"".join(b"\0\0\0\1" + bytes.fromhex(unit) for unit in key_frames_only.split())
    pictures = SkipPictures.after(sets)
    assert pictures is not None
    pictures.follow(picture(0, 0, kind=0x65), 0)
    assert not pictures.can_repeat
