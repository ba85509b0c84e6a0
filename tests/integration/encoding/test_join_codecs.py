from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import floor
from typing import Any

import av
import numpy as np
import pytest
from av.codec import CodecContext

from framefleet.domain.codecs import CODECS, AudioCodec, Codec
from framefleet.domain.output import AudioOptions, ColorSpace, OutputOptions
from framefleet.encoding.containers import holds_sound
from framefleet.encoding.join import ChunkVideo, join
from framefleet.errors import EncodingError
from framefleet.testing.video import (
    beep_times_s,
    decoded_samples,
    flash_times_s,
    frames_of,
    presentation_times_s,
    read_stamps,
)

NTSC = Fraction(30000, 1001)
FILMS = [codec for codec, spec in CODECS.items() if spec.encoder]
TABLE = [
    pytest.param(codec, audio, extension, id=f"{codec}-{audio}-{extension}")
    for codec in FILMS
    for audio, extensions in codec.spec.audio.items()
    for extension in extensions
    if holds_sound(extension, audio)
]
# FFmpeg's readers of these do not cut the padding off a lossy codec's last packet.
PADDED = {"mp4", "mov", "ts"}
DELAY = {AudioCodec.AAC: 1024, AudioCodec.MP3: 1105, AudioCodec.OPUS: 312}
PACKET = {AudioCodec.AAC: 1024, AudioCodec.MP3: 1152, AudioCodec.OPUS: 960}


@pytest.fixture(scope="session")
def flashing(write_chunk, plain):
    """30 frames as two chunks: the last ten are white."""
    black, white = plain(0, 0, 0), plain(255, 255, 255)

    @cache
    def chunks(codec):
        return [
            write_chunk(codec, [black] * 13, rate=NTSC),
            write_chunk(codec, [black] * 7 + [white] * 10, rate=NTSC),
        ]

    return chunks


@pytest.fixture
def joined(tmp_path):
    def write(chunks, *, codec=Codec.H264, extension=None, rate=NTSC, sound=None, audio=None):
        target = OutputOptions(codec=codec, extension=extension or codec.spec.extension)
        path = tmp_path / f"film.{target.extension}"
        options = audio or AudioOptions()
        join(chunks, path, rate=rate, target=target, audio=options, sound=sound)
        return path

    return write


# checklist 2, 10, 11, 12, 82, 83
@pytest.mark.parametrize(("codec", "audio", "extension"), TABLE)
def test_every_allowed_file_plays_exactly_and_in_sync(
    codec, audio, extension, flashing, joined, beep
):
    samples, onset = round(30 / NTSC * 48_000), round(20 / NTSC * 48_000)
    sound = beep(samples, onset)
    path = joined(
        flashing(codec),
        codec=codec,
        extension=extension,
        sound=iter([sound[:20_000], sound[20_000:]]),
        audio=AudioOptions(codec=audio),
    )

    times = presentation_times_s(path)
    start = times[0]
    # Matroska counts in milliseconds, MPEG-TS in 1/90000 s.
    tick = Fraction(1, 1000) if extension in ("mkv", "webm") else Fraction(1, 90_000)
    assert len(times) == 30
    assert all(abs(time - start - n / NTSC) <= tick for n, time in enumerate(times))
    flashes, beeps = flash_times_s(path), beep_times_s(path)
    assert flashes == [times[20]]
    assert len(beeps) == 1
    assert abs(beeps[0] - flashes[0]) <= 0.001
    decoded, rate = decoded_samples(path)
    assert rate == 48_000
    if extension in PADDED and audio in PACKET:
        assert samples <= len(decoded) <= samples + 2 * PACKET[audio]
    else:
        assert len(decoded) == samples
    if audio is AudioCodec.PCM_16:
        # Exact to the bit: PCM has 16 of them.
        assert np.abs(decoded - sound).max() <= 0.5 / 32_768
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        assert video.guessed_rate == NTSC
        if extension != "mxf":
            assert video.average_rate == NTSC
        assert container.duration is not None
        # What lies before time 0 counts in Matroska and MPEG-TS.
        slack_s = DELAY.get(audio, 0) / 48_000 + float(2 * tick)
        assert abs(container.duration / av.time_base - float(30 / NTSC)) <= slack_s
        if extension != "ts":
            assert start == 0
            assert container.start_time == 0


@pytest.mark.parametrize("codec", FILMS, ids=str)
@pytest.mark.parametrize("rate", [Fraction(2997, 100), NTSC, Fraction(24), Fraction(60)], ids=str)
def test_the_rate_is_kept_exactly_without_sound(codec, rate, write_chunk, plain, joined):
    # checklist 11, 12
    chunk = write_chunk(codec, [plain(90, 90, 90)] * 5, rate=rate)
    path = joined([chunk, chunk], codec=codec, rate=rate)
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        # 90000 ticks a second hardly tell these two apart, so readers of MPEG-TS guess.
        is_guessed = codec is Codec.H264_TS and rate == Fraction(2997, 100)
        assert video.average_rate == video.base_rate == (NTSC if is_guessed else rate)
        assert not container.streams.audio
        if codec.spec.extension in ("mp4", "mov"):
            assert video.frames == 10
            assert Fraction(video.duration or 0) * Fraction(video.time_base or 0) == 10 / rate


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(2997, 100), NTSC, Fraction(60)], ids=str)
@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265, Codec.VP9, Codec.PRORES], ids=str)
def test_chunks_of_any_size_join_without_a_seam(codec, rate, write_chunk, stamped, joined):
    # checklist 100, 101
    chunks, first = [], 0
    for size in (5, 20, 37, 50):
        pictures = [stamped(first + n) for n in range(size)]
        chunks.append(write_chunk(codec, pictures, rate=rate, preset=fast(codec)))
        first += size
    path = joined(chunks, codec=codec, rate=rate)
    assert read_stamps(path) == list(range(112))
    times = presentation_times_s(path)
    if codec is Codec.VP9:
        assert times == [
            Fraction(floor(n / rate * 1000 + Fraction(1, 2)), 1000) for n in range(112)
        ]
    else:
        assert times == [n / rate for n in range(112)]


def fast(codec):
    return "ultrafast" if codec is Codec.H264 else None


# checklist 104
@pytest.mark.parametrize(
    ("codec", "audio", "extension"),
    [
        (Codec.H264, AudioCodec.AAC, "mp4"),
        (Codec.H264_MKV, AudioCodec.MP3, "mkv"),
        (Codec.VP8, AudioCodec.OPUS, "webm"),
        (Codec.H264_TS, AudioCodec.AAC, "ts"),
        (Codec.PRORES, AudioCodec.PCM_16, "mov"),
    ],
)
def test_two_hundred_chunks_do_not_drift(codec, audio, extension, flashing, joined, beep):
    dark, flash = flashing(codec)
    chunks = [dark] * 199 + [flash]
    frames = 199 * 13 + 17
    samples, onset = (round(n / NTSC * 48_000) for n in (frames, frames - 10))
    sound = beep(samples, onset)
    path = joined(
        chunks,
        codec=codec,
        extension=extension,
        sound=(sound[start : start + 48_000] for start in range(0, samples, 48_000)),
        audio=AudioOptions(codec=audio),
    )
    (flash_s,), (beep_s,) = flash_times_s(path), beep_times_s(path)
    assert abs(beep_s - flash_s) <= 0.001
    assert len(presentation_times_s(path)) == frames


@pytest.mark.parametrize("codec", [Codec.VP8, Codec.VP9], ids=str)
@pytest.mark.parametrize("extension", ["webm", "mkv"])
def test_transparency_of_vpx_survives(codec, extension, write_chunk, plain, joined):
    # checklist 7
    chunks = [
        write_chunk(codec, [plain(200, 40, 40, alpha)] * 3, pixel_format="yuva420p")
        for alpha in (0, 128, 255)
    ]
    path = joined(chunks, codec=codec, extension=extension, rate=Fraction(30))
    alphas = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.metadata["alpha_mode"] == "1"
        decoder: Any = CodecContext.create(str(codec.spec.encoder), "r")
        for packet in container.demux(stream):
            alphas += [frame_alpha(frame) for frame in decoder.decode(packet)]
    assert alphas == pytest.approx([0] * 3 + [128] * 3 + [255] * 3, abs=2)


def frame_alpha(frame):
    assert frame.format.name == "yuva420p"
    return bytes(frame.planes[3])[0]


@pytest.mark.parametrize("extension", ["mov", "mkv", "mxf"])
def test_transparency_of_prores_survives(extension, write_chunk, plain, joined):
    # checklist 8
    options = {"pixel_format": "yuva444p10le", "prores_profile": "4444"}
    chunks = [
        write_chunk(Codec.PRORES, [plain(200, 40, 40, alpha)] * 2, **options)
        for alpha in (0, 128, 255)
    ]
    path = joined(chunks, codec=Codec.PRORES, extension=extension, rate=Fraction(30))
    alphas = [int(frame.to_ndarray(format="rgba")[5, 5, 3]) for frame in frames_of(path)]
    assert alphas == pytest.approx([0, 0, 128, 128, 255, 255], abs=1)


def test_the_order_of_packets_is_the_order_of_time(flashing, joined, noise):
    sound = noise(round(30 / NTSC * 48_000))
    with av.open(str(joined(flashing(Codec.H264), sound=iter([sound])))) as container:
        packets = sorted(
            (packet.pos or 0, packet.stream.type, packet.dts * packet.time_base)
            for packet in container.demux()
            if packet.dts is not None
        )
    for (_, _, before_s), (_, _, time_s) in pairwise(packets):
        # A second of sound is encoded at a time.
        assert time_s >= before_s - 1
    for kind in ("video", "audio"):
        times = [time_s for _, of, time_s in packets if of == kind]
        assert times == sorted(set(times))


def test_fast_vp8_outpaces_the_milliseconds_of_its_chunks(write_chunk, stamped, joined):
    rate = Fraction(960)
    chunks = [
        write_chunk(Codec.VP8, [stamped(n) for n in part], rate=rate)
        for part in (range(40), range(40, 50))
    ]
    assert read_stamps(joined(chunks, codec=Codec.VP8, rate=rate)) == list(range(50))


def test_a_short_chunk_is_an_error(flashing, joined):
    dark, flash = flashing(Codec.H264)
    with pytest.raises(EncodingError, match="holds 13 frames instead of 14"):
        joined([ChunkVideo(dark.path, 14), flash])


@pytest.mark.parametrize(
    ("codec", "other"),
    [
        (Codec.H264, {"color_space": ColorSpace.BT601}),
        (Codec.H264, {"pixel_format": "yuv444p"}),
        (Codec.H265, {"color_space": ColorSpace.BT601}),
        (Codec.VP8, {"pixel_format": "yuva420p"}),
        (Codec.VP9, {"pixel_format": "yuv444p"}),
        (Codec.AV1, {"pixel_format": "yuv420p10le"}),
        (Codec.PRORES, {"prores_profile": "proxy"}),
    ],
    ids=str,
)
def test_chunks_that_differ_are_refused(codec, other, write_chunk, plain, joined):
    picture = plain(9, 9, 9, 255)
    chunks = [write_chunk(codec, [picture] * 3), write_chunk(codec, [picture] * 3, **other)]
    with pytest.raises(EncodingError, match="parameter sets"):
        joined(chunks, codec=codec, rate=Fraction(30))


def test_chunks_of_another_size_are_refused(write_chunk, plain, joined):
    chunks = [
        write_chunk(Codec.VP8, [plain(1, 1, 1, size=size)] * 2) for size in ((64, 64), (32, 64))
    ]
    with pytest.raises(EncodingError, match="parameter sets"):
        joined(chunks, codec=Codec.VP8, rate=Fraction(30))


# checklist 105
@pytest.mark.parametrize("codec", [codec for codec in FILMS if "-" not in codec], ids=str)
def test_other_pictures_make_the_same_parameter_sets(codec, write_chunk, plain, stamped, joined):
    chunks = [
        write_chunk(codec, [stamped(7)]),
        write_chunk(codec, [plain(0, 0, 0, size=(64, 320))] + [stamped(n) for n in range(40)]),
    ]
    assert len(presentation_times_s(joined(chunks, codec=codec, rate=Fraction(30)))) == 42


def test_progress_counts_frames_and_may_stop(flashing, tmp_path):
    counts: list[int] = []

    class Stop(Exception):
        pass

    def stop(count):
        counts.append(count)
        if count == 30:
            raise Stop

    with pytest.raises(Stop):
        join(
            flashing(Codec.H264),
            tmp_path / "film.mp4",
            rate=NTSC,
            target=OutputOptions(),
            audio=AudioOptions(),
            sound=None,
            on_frames=stop,
        )
    assert counts == [13, 30]


@pytest.mark.parametrize(
    ("codec", "extension"), [(Codec.H265, "hevc"), (Codec.PRORES, "mxf")], ids=str
)
def test_what_cannot_hold_the_sound_is_written_without(codec, extension, flashing, joined, beep):
    chunks = flashing(codec)
    with pytest.raises(EncodingError, match="cannot hold sound of the aac audio codec"):
        joined(chunks, codec=codec, extension=extension, sound=iter([beep(48_048, 0)]))
    path = joined(chunks, codec=codec, extension=extension)
    assert len(list(frames_of(path))) == 30
