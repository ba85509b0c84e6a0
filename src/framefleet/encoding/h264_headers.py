"""What x264 says of its pictures: the parts of H.264's parameter sets and slice headers we need.

Clauses are those of ITU-T H.264, 08/2021.
"""

from __future__ import annotations

from dataclasses import dataclass

from framefleet.encoding.h264_syntax import BitReader, unescaped, units_of

# nal_unit_type, table 7-1.
_SLICE, _IDR_SLICE, _SEQUENCE, _PICTURE = 1, 5, 7, 8
# profile_idc, A.2: below High all is 8-bit 4:2:0.
_BASELINE, _MAIN, _HIGH = 66, 77, 100
_CHROMA_420 = 1
# A slice header is never longer up to its order count, in bytes.
_LONGEST_SLICE_START = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceSet:
    """From a sequence parameter set.

    `order_bits` 0: pictures are shown in the order they are decoded and carry no order count.
    """

    frame_number_bits: int
    order_bits: int
    reference_frames: int
    macroblocks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSet:
    """From a picture parameter set."""

    id: int
    has_cabac: bool
    has_weights: bool
    initial_qp: int


@dataclass(frozen=True, slots=True)
class SliceStart:
    """How a picture's first slice begins. `order` is 0 where slices carry none."""

    is_reference: bool
    frame_number: int
    order: int


def read_parameter_sets(sets: bytes) -> tuple[SequenceSet, PictureSet] | None:
    """Read one set of each kind, in Annex B's form.

    Returns:
        None for what x264 does not write of an 8-bit 4:2:0 film of whole frames: other profiles,
        fields, scaling matrices, slice groups, redundant pictures, order counts of type 1, several
        sets.
    """
    units = [unescaped(unit) for unit in units_of(sets)]
    if [unit[0] & 31 for unit in units] != [_SEQUENCE, _PICTURE]:
        return None
    sequence = _read_sequence_set(BitReader(units[0][1:]))
    picture = _read_picture_set(BitReader(units[1][1:]))
    return (sequence, picture) if sequence and picture else None


def _read_sequence_set(reader: BitReader) -> SequenceSet | None:
    """7.3.2.1.1, as far as the size."""
    profile, _constraints, _level, _id = reader.u(8), reader.u(8), reader.u(8), reader.ue()
    if profile == _HIGH:
        chroma, luma_depth, chroma_depth = reader.ue(), reader.ue(), reader.ue()
        is_lossless, has_scaling = reader.flag(), reader.flag()
        if chroma != _CHROMA_420 or luma_depth or chroma_depth or is_lossless or has_scaling:
            return None
    elif profile not in (_BASELINE, _MAIN):
        return None
    frame_number_bits, order_type = reader.ue() + 4, reader.ue()
    if order_type == 1:
        return None
    order_bits = reader.ue() + 4 if order_type == 0 else 0
    reference_frames, _may_have_gaps = reader.ue(), reader.flag()
    macroblocks = (reader.ue() + 1) * (reader.ue() + 1)
    if not reader.flag():  # frame_mbs_only_flag
        return None
    return SequenceSet(
        frame_number_bits=frame_number_bits,
        order_bits=order_bits,
        reference_frames=reference_frames,
        macroblocks=macroblocks,
    )


def _read_picture_set(reader: BitReader) -> PictureSet | None:
    """7.3.2.2, but for what follows in High profile."""
    id, _sequence = reader.ue(), reader.ue()
    has_cabac, has_bottom_order, slice_groups = reader.flag(), reader.flag(), reader.ue() + 1
    if slice_groups > 1:
        return None
    _references = reader.ue(), reader.ue()
    has_weights, _b_weights = reader.flag(), reader.u(2)
    initial_qp, _switching_qp, _chroma_qp = 26 + reader.se(), reader.se(), reader.se()
    has_deblocking, _is_constrained, has_redundant_pictures = (reader.flag() for _ in range(3))
    if has_bottom_order or has_redundant_pictures or not has_deblocking:
        return None
    return PictureSet(id=id, has_cabac=has_cabac, has_weights=has_weights, initial_qp=initial_qp)


def read_slice_start(packet: bytes, sequence: SequenceSet) -> SliceStart:
    """Read the first slice in the packet of one picture, in Annex B's form (7.3.3)."""
    for unit in units_of(packet):
        kind = unit[0] & 31
        if kind in (_SLICE, _IDR_SLICE):
            break
    else:
        raise ValueError("a packet of H.264 holds no picture")
    reader = BitReader(unescaped(unit[1:_LONGEST_SLICE_START]))
    _first_macroblock, _type, _picture_set = reader.ue(), reader.ue(), reader.ue()
    frame_number = reader.u(sequence.frame_number_bits)
    if kind == _IDR_SLICE:
        _idr_picture = reader.ue()
    return SliceStart(
        is_reference=unit[0] >> 5 & 3 > 0,
        frame_number=frame_number,
        order=reader.u(sequence.order_bits),
    )
