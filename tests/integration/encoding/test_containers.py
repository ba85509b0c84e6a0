from __future__ import annotations

import json
import struct
import subprocess
from fractions import Fraction

import av
import pytest

from framefleet.domain.codecs import CODECS, AudioCodec, Codec
from framefleet.domain.output import AudioOptions, ColorSpace, OutputOptions
from framefleet.encoding.join import join

NTSC = Fraction(30000, 1001)


@pytest.fixture
def film(tmp_path, write_chunk, plain, noise):
    """Twice five grey frames with sound."""

    def write(codec, extension=None, *, rate=Fraction(30), audio=None, **options):
        target = OutputOptions(codec=codec, extension=extension or codec.spec.extension)
        path = tmp_path / f"film.{target.extension}"
        chunk = write_chunk(codec, [plain(90, 90, 90, 255)] * 5, rate=rate, **options)
        sound = AudioOptions(codec=audio or codec.spec.default_audio)
        blocks = [noise(round(10 / rate * 48_000))]
        join([chunk, chunk], path, rate=rate, target=target, audio=sound, sound=iter(blocks))
        return path

    return write


def video_of(path):
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", str(path)]
    streams = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return next(stream for stream in streams["streams"] if stream["codec_type"] == "video")


def field(data, box, offset):
    """A 32-bit number of an MP4's box."""
    return struct.unpack_from(">I", data, data.index(box) + 4 + offset)[0]


@pytest.mark.parametrize("rate", [Fraction(30), Fraction(25), NTSC, Fraction(2997, 100)], ids=str)
@pytest.mark.parametrize(
    ("codec", "extension"),
    [(Codec.H264, "mp4"), (Codec.H264, "mov"), (Codec.H265, "mp4"), (Codec.PRORES, "mov")],
)
def test_mp4_and_mov_start_fast_and_count_in_90000ths(codec, extension, rate, film):
    # checklist 1, 13
    data = film(codec, extension, rate=rate).read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    expected = 90_000 if (90_000 / rate).denominator == 1 else rate.numerator
    assert field(data, b"mdhd", 12) == expected


def test_a_rate_that_90000ths_cannot_say_is_exact_all_the_same(film):
    rate = Fraction(2997, 100)
    stream = video_of(film(Codec.H264, rate=rate))
    assert stream["avg_frame_rate"] == stream["r_frame_rate"] == "2997/100"
    assert Fraction(stream["duration_ts"]) * Fraction(stream["time_base"]) == 10 / rate


@pytest.mark.parametrize(
    ("codec", "extension", "tag"),
    [
        (Codec.H264, "mp4", "avc1"),
        (Codec.H264, "mov", "avc1"),
        (Codec.H265, "mp4", "hvc1"),
        (Codec.AV1, "mp4", "av01"),
    ],
)
def test_video_is_marked_as_players_want_it(codec, extension, tag, film):
    # checklist 9
    assert video_of(film(codec, extension))["codec_tag_string"] == tag


@pytest.mark.parametrize("extension", ["mov", "mkv"])
@pytest.mark.parametrize(
    ("profile", "tag"),
    [
        ("proxy", "apco"),
        ("light", "apcs"),
        ("standard", "apcn"),
        ("hq", "apch"),
        ("4444", "ap4h"),
        ("4444-xq", "ap4x"),
    ],
)
def test_the_profile_of_prores_is_kept(profile, tag, extension, film):
    # checklist 6
    pixels = "yuv444p10le" if profile.startswith("4444") else "yuv422p10le"
    path = film(Codec.PRORES, extension, prores_profile=profile, pixel_format=pixels)
    assert video_of(path)["codec_tag_string"] == tag


@pytest.mark.parametrize(
    ("codec", "extension", "kind"),
    [
        (Codec.VP8, "webm", b"webm"),
        (Codec.VP9, "webm", b"webm"),
        (Codec.AV1, "webm", b"webm"),
        (Codec.VP8, "mkv", b"matroska"),
        (Codec.H264_MKV, "mkv", b"matroska"),
    ],
)
def test_webm_and_matroska_name_themselves(codec, extension, kind, film):
    audio = AudioCodec.OPUS if extension == "webm" else AudioCodec.PCM_16
    assert (
        b"\x42\x82" + bytes([0x80 | len(kind)]) + kind
        in film(codec, extension, audio=audio).read_bytes()
    )


def test_ts_and_mkv_hold_what_their_codecs_promise(film):
    # checklist 10
    for codec, muxer, audio in [
        (Codec.H264_TS, "mpegts", "aac"),
        (Codec.H264_MKV, "matroska,webm", "pcm_s16le"),
    ]:
        with av.open(str(film(codec))) as container:
            assert container.format.name == muxer
            assert container.streams.audio[0].codec_context.name == audio


@pytest.mark.parametrize(
    ("codec", "extension"),
    [
        (codec, extension)
        for codec, spec in CODECS.items()
        if spec.encoder
        for extension in sorted({name for names in spec.audio.values() for name in names})
        if extension not in ("hevc", "mxf")
    ],
)
def test_colours_shape_and_count_of_frames_are_the_chunks(codec, extension, film):
    # checklist 12
    audio = next(audio for audio, names in codec.spec.audio.items() if extension in names)
    stream = video_of(film(codec, extension, audio=audio, color_space=ColorSpace.BT709))
    tags = {key: stream.get(key) for key in ("color_range", "color_space", "color_transfer")}
    assert tags == {"color_range": "tv", "color_space": "bt709", "color_transfer": "bt709"}
    assert stream.get("sample_aspect_ratio", "1:1") == "1:1"
    assert stream["nb_read_frames"] == "10"
    assert (stream["width"], stream["height"]) == (64, 64)
