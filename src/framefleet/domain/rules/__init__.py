"""What may be asked for: pure functions over raw option values, in the reference's words.

They raise option errors and nothing else; how values are used is the business of other rooms.
"""

from framefleet.domain.rules.chromium import check_executor, read_chromium
from framefleet.domain.rules.counts import check_gif_rate, read_every_nth_frame, read_gif_loops
from framefleet.domain.rules.destinations import (
    media_name,
    read_place,
    read_separate_place,
    sound_name,
)
from framefleet.domain.rules.frames import (
    FrameChoice,
    read_frame_list,
    read_frame_ranges,
    resolve_frames,
    resolve_still_frame,
)
from framefleet.domain.rules.names import (
    read_flag,
    read_metadata,
    read_path,
    read_sequence_pattern,
    read_texts,
)
from framefleet.domain.rules.page import (
    check_log_level,
    read_cache_size,
    read_timeout,
    serialize_props,
)
from framefleet.domain.rules.pixels import read_jpeg_quality
from framefleet.domain.rules.refused import (
    REFUSED,
    REFUSED_FOR_BUCKETS,
    REFUSED_ON_LAMBDA,
    RENAMED,
    refusal,
    unknown_option,
)
from framefleet.domain.rules.resolve import (
    Resolved,
    resolve_media,
    resolve_sequence,
    resolve_still,
)
from framefleet.domain.rules.sizes import (
    layout_size,
    read_dimension,
    read_duration,
    read_fps,
    read_overrides,
    read_scale,
)
from framefleet.domain.rules.streams import read_chunk_frames, read_concurrency
from framefleet.domain.rules.text import parse_fps, parse_frames, parse_metadata

__all__ = [
    "REFUSED",
    "REFUSED_FOR_BUCKETS",
    "REFUSED_ON_LAMBDA",
    "RENAMED",
    "FrameChoice",
    "Resolved",
    "check_executor",
    "check_gif_rate",
    "check_log_level",
    "layout_size",
    "media_name",
    "parse_fps",
    "parse_frames",
    "parse_metadata",
    "read_cache_size",
    "read_chromium",
    "read_chunk_frames",
    "read_concurrency",
    "read_dimension",
    "read_duration",
    "read_every_nth_frame",
    "read_flag",
    "read_fps",
    "read_frame_list",
    "read_frame_ranges",
    "read_gif_loops",
    "read_jpeg_quality",
    "read_metadata",
    "read_overrides",
    "read_path",
    "read_place",
    "read_scale",
    "read_separate_place",
    "read_sequence_pattern",
    "read_texts",
    "read_timeout",
    "refusal",
    "resolve_frames",
    "resolve_media",
    "resolve_sequence",
    "resolve_still",
    "resolve_still_frame",
    "serialize_props",
    "sound_name",
    "unknown_option",
]
