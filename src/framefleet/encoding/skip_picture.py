"""Pictures that repeat the one shown before, written by hand into a stream of x264.

Such a picture is one P slice of nothing but skipped macroblocks, 68 bytes at 1080p. It refers to
x264's own parameter sets, so the file's head does not tell of it. Why, and what was measured:
docs/decisions/0008-holds-are-skip-pictures.md. Clauses are those of ITU-T H.264, 08/2021.
"""

from __future__ import annotations

from functools import cache

from framefleet.encoding.h264_headers import (
    PictureSet,
    SequenceSet,
    SliceStart,
    read_parameter_sets,
    read_slice_start,
)
from framefleet.encoding.h264_syntax import BitWriter, as_stream

# nal_ref_idc 2, nal_unit_type 1: a slice that others refer to. x264 counts order in as few as 5
# bits, which pictures without referrers would soon overrun; references renew the count (8.2.1).
_HEADER_BYTE = 0x41
# P, as all slices of the picture (table 7-6).
_SLICE_TYPE = 5
# Skipped macroblocks have no use for a quantiser. The highest one makes the arithmetic coder start
# out surest of mb_skip_flag 1: m = 23 and n = 33 (table 9-13) give pStateIdx 42 with valMPS 1
# (9.3.1.1), from where it climbs to 62.
_QP = 51
_FIRST_STATE, _LAST_STATE = 42, 62
# rangeTabLPS for these states (table 9-44).
_LEAST_PROBABLE_RANGES = (
    (16, 20, 23, 27),
    (15, 19, 22, 25),
    (14, 18, 21, 24),
    (14, 17, 20, 23),
    (13, 16, 19, 22),
    (12, 15, 18, 21),
    (12, 14, 17, 20),
    (11, 14, 16, 19),
    (11, 13, 15, 18),
    (10, 12, 15, 17),
    (10, 12, 14, 16),
    (9, 11, 13, 15),
    (9, 11, 12, 14),
    (8, 10, 12, 14),
    (8, 9, 11, 13),
    (7, 9, 11, 12),
    (7, 9, 10, 12),
    (7, 8, 10, 11),
    (6, 8, 9, 11),
    (6, 7, 9, 10),
    (6, 7, 8, 9),
)


class SkipPictures:
    """Follows the pictures of a stream and writes repeats of the one shown last."""

    def __init__(self, sequence: SequenceSet, picture: PictureSet) -> None:
        self._sequence = sequence
        self._picture = picture
        self._shown = -1
        self._last: SliceStart | None = None
        self._reference = 0

    @classmethod
    def after(cls, parameter_sets: bytes) -> SkipPictures | None:
        """For the stream of these sets, in Annex B's form; None where skipping is not proven."""
        sets = read_parameter_sets(parameter_sets)
        return cls(*sets) if sets else None

    def follow(self, packet: bytes, shown: int) -> None:
        """Take note of the next picture in decoding order, the `shown`th to be seen."""
        start = read_slice_start(packet, self._sequence)
        if start.is_reference:
            self._reference = start.frame_number
        if shown >= self._shown:
            self._shown, self._last = shown, start

    @property
    def can_repeat(self) -> bool:
        """Whether the picture shown last is still kept for others to refer to."""
        if self._last is None or not self._last.is_reference:
            return False
        return 1 <= self._distance(self._last) <= self._sequence.reference_frames

    def repeat(self) -> bytes:
        """A picture that is the same as the one shown last, and follows all others.

        It counts once it has been followed.
        """
        assert self._last is not None
        assert self.can_repeat
        order = (self._last.order + 2) % (1 << self._sequence.order_bits)
        bits = BitWriter()
        bits.u(_HEADER_BYTE, 8)
        self._write_header(bits, order, self._distance(self._last))
        if self._picture.has_cabac:
            bits.align(1)
            return as_stream(bits.to_bytes() + _cabac_skips(self._sequence.macroblocks))
        bits.ue(self._sequence.macroblocks)  # mb_skip_run, 7.3.4
        bits.u(1, 1)
        bits.align(0)
        return as_stream(bits.to_bytes())

    @property
    def _next_number(self) -> int:
        return (self._reference + 1) % (1 << self._sequence.frame_number_bits)

    def _distance(self, picture: SliceStart) -> int:
        """How many references back a picture is, seen from the next one."""
        passed = self._next_number - picture.frame_number
        return passed % (1 << self._sequence.frame_number_bits)

    def _write_header(self, bits: BitWriter, order: int, distance: int) -> None:
        """7.3.3, in the order of the syntax."""
        sequence, picture = self._sequence, self._picture
        bits.ue(0)  # first_mb_in_slice
        bits.ue(_SLICE_TYPE)
        bits.ue(picture.id)
        bits.u(self._next_number, sequence.frame_number_bits)
        bits.u(order, sequence.order_bits)
        bits.u(1, 1)  # num_ref_idx_active_override_flag: one reference
        bits.ue(0)
        bits.u(distance > 1, 1)
        if distance > 1:
            # The picture decoded last is not the one shown last but a B picture with referrers.
            bits.ue(0)
            bits.ue(distance - 1)
            bits.ue(3)
        if picture.has_weights:
            bits.ue(0)
            bits.ue(0)
            bits.u(0, 2)
        bits.u(0, 1)  # adaptive_ref_pic_marking_mode_flag: the oldest reference goes
        if picture.has_cabac:
            bits.ue(0)  # cabac_init_idc
        bits.se(_QP - picture.initial_qp)
        bits.ue(1)  # disable_deblocking_filter_idc


@cache
def _cabac_skips(macroblocks: int) -> bytes:
    """Slice data, from a byte's start on, of nothing but skipped macroblocks (9.3.4.2 to 9.3.4.5).

    Each is mb_skip_flag 1, in context 11 as its neighbours are skipped or missing (9.3.3.1.1.1),
    and end_of_slice_flag. All but the last flag have their more probable value, which leaves the
    coder's codILow at 0: what is written is a zero each time codIRange is doubled, and at the end
    codIRange itself, its last bit turned into the stop bit.
    """
    interval, doublings, state = 510, 0, _FIRST_STATE
    for _ in range(macroblocks):
        if interval < 256:
            interval, doublings = 2 * interval, doublings + 1
        interval -= _LEAST_PROBABLE_RANGES[state - _FIRST_STATE][interval >> 6 & 3]
        state = min(state + 1, _LAST_STATE)
        if interval < 256:
            interval, doublings = 2 * interval, doublings + 1
        interval -= 2
    bits = BitWriter()
    bits.u(interval | 1, doublings + 9)
    bits.align(0)
    return bits.to_bytes()
