"""The files that outputs are: which muxer writes them, how it is set, which tags it keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from math import lcm
from pathlib import Path

import av
from av.container import OutputContainer

from framefleet.domain.codecs import AudioCodec
from framefleet.encoding.files import translated

# The reference names any AAC file as asked and fills it with ADTS (spec/encoding.md 1.2); we do so
# where there is no better meaning of the name.
_MUXERS = {
    "3gp": "3gp",
    "aac": "adts",
    "gif": "gif",
    "hevc": "hevc",
    "m4a": "ipod",
    "m4b": "ipod",
    "mkv": "matroska",
    "mov": "mov",
    "mp3": "mp3",
    "mp4": "mp4",
    "mpeg": "adts",
    "mpg": "adts",
    "mxf": "mxf",
    "opus": "opus",
    "ts": "mpegts",
    "wav": "wav",
    "webm": "webm",
}
_WITH_EDIT_LISTS = frozenset({"mp4", "mov", "ipod", "3gp"})

# What the reference writes (spec/encoding.md 1.3); kept where it can say every frame's time.
_TRACK_TIMESCALE = 90_000
_LARGEST_TIMESCALE = 2**31 - 1
# The ffmpeg command's `-muxdelay`, in microseconds: decoders get that long to fill their buffers.
_TS_DELAY_US = 700_000

_MOV_TAGS = frozenset({"title", "artist", "album", "date", "comment", "genre", "copyright"})
_MP4_TAGS = _MOV_TAGS | {
    "album_artist",
    "compilation",
    "composer",
    "description",
    "disc",
    "episode_id",
    "episode_sort",
    "gapless_playback",
    "grouping",
    "hd_video",
    "keywords",
    "lyrics",
    "media_type",
    "network",
    "season_number",
    "show",
    "synopsis",
    "track",
}
# By muxer, as measured with FFmpeg 8.1; those missing keep every tag.
_KEPT_TAGS: Mapping[str, frozenset[str]] = {
    "3gp": frozenset(),
    "adts": frozenset(),
    "gif": frozenset(),
    "hevc": frozenset(),
    "ipod": _MP4_TAGS,
    "mov": _MOV_TAGS,
    "mp4": _MP4_TAGS,
    "mpegts": frozenset(),
    "mxf": frozenset(),
    "wav": _MOV_TAGS | {"track"},
}


def muxer_of(extension: str) -> str:
    """FFmpeg's name of the muxer that writes files of `extension` (no dot, lower case)."""
    return _MUXERS[extension]


def has_edit_lists(muxer: str) -> bool:
    """Whether its files are of the MP4 family."""
    return muxer in _WITH_EDIT_LISTS


def holds_sound(extension: str, codec: AudioCodec) -> bool:
    """Whether files of `extension` can hold sound of `codec`: a raw video stream holds none."""
    return extension != "hevc" and (extension != "mxf" or codec is AudioCodec.PCM_16)


def kept_tags(extension: str) -> frozenset[str] | None:
    """The metadata keys that survive in files of `extension`; None where all do."""
    return _KEPT_TAGS.get(muxer_of(extension))


def movie_timescale(fps: Fraction, sample_rate: int) -> int:
    """The muxer option `movie_timescale` with which an MP4 can name the end of picture and sound.

    Edit lists count in it. Left at FFmpeg's 1000, up to a millisecond is cut off either stream.
    """
    exact = lcm(fps.numerator, sample_rate)
    return exact if exact <= _LARGEST_TIMESCALE else sample_rate


@contextmanager
def output_container(
    path: Path,
    extension: str,
    *,
    metadata: Mapping[str, str],
    sample_rate: int,
    rate: Fraction = Fraction(1),
    index_bytes: int | None = None,
) -> Iterator[OutputContainer]:
    """A new file to add streams to and mux; whole once the block ends, gone after an error in it.

    Args:
        metadata: tags; an empty value writes none.
        sample_rate: of the sound as it is encoded, in Hz.
        rate: of the pictures, in frames a second, if there are any.
        index_bytes: room to keep for the index at the start of an MP4 or MOV; None moves it there
            at the end, for which the file is written twice.

    Raises:
        IndexTooLargeError: it is larger than that; the file is of no use.
        EncodingError: the file cannot be created or finished.
        DiskFullError: no space is left.
    """
    muxer = muxer_of(extension)
    options = _options(muxer, rate, sample_rate, index_bytes)
    with translated("create", path):
        container = av.open(str(path), "w", format=muxer, options=options)
    container.metadata.update({key: value for key, value in metadata.items() if value})
    try:
        yield container
    except BaseException:
        # Without a name it is not read again to be put in order.
        path.unlink(missing_ok=True)
        with translated("close", path, swallow=True):
            container.close()
        raise
    with translated("finish the output file", path):
        try:
            container.close()
        except av.ArgumentError as exc:
            if index_bytes is None:
                raise
            raise IndexTooLargeError from exc


class IndexTooLargeError(Exception):
    """The index of a file does not fit the room that was kept for it."""


def _options(
    muxer: str, rate: Fraction, sample_rate: int, index_bytes: int | None
) -> dict[str, str]:
    if muxer in _WITH_EDIT_LISTS:
        is_exact = (_TRACK_TIMESCALE / rate).denominator == 1
        place = (
            {"movflags": "faststart"} if index_bytes is None else {"moov_size": str(index_bytes)}
        )
        return {
            **place,
            "video_track_timescale": str(_TRACK_TIMESCALE if is_exact else rate.numerator),
            "movie_timescale": str(movie_timescale(rate, sample_rate)),
        }
    if muxer == "mpegts":
        return {"max_delay": str(_TS_DELAY_US)}
    if muxer == "mxf":
        # Rates of frames that SMPTE does not name.
        return {"strict": "unofficial"}
    if muxer == "wav":
        # Past 4 GiB, six hours at 48 kHz, a plain WAV cannot name its length.
        return {"rf64": "auto"}
    return {}
