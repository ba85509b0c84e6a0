from __future__ import annotations

import json
import subprocess
import tracemalloc

import av
import numpy as np
import pytest

from framefleet.domain.codecs import AUDIO_CODEC_OF_EXTENSION, CODECS, AudioCodec
from framefleet.domain.output import AudioOptions
from framefleet.encoding.sound_file import write_sound
from framefleet.errors import EncodingError
from framefleet.testing.video import decoded_samples

SR = 48_000
# checklist 96
AUDIO_ONLY = {
    (extension, codec)
    for spec in CODECS.values()
    if spec.is_audio_only
    for codec, extensions in spec.audio.items()
    for extension in extensions
}
# checklist 94
SEPARATE = set(AUDIO_CODEC_OF_EXTENSION.items())
FILES = sorted(AUDIO_ONLY | SEPARATE)
FORMATS = {
    "3gp": "mov,mp4,m4a,3gp,3g2,mj2",
    "m4a": "mov,mp4,m4a,3gp,3g2,mj2",
    "m4b": "mov,mp4,m4a,3gp,3g2,mj2",
    "mpeg": "aac",
    "mpg": "aac",
    "opus": "ogg",
}
ADTS = ("aac", "mpg", "mpeg")


@pytest.fixture
def write(tmp_path):
    def make(extension, sound, *, metadata=None, **audio):
        path = tmp_path / f"sound.{extension}"
        write_sound(
            path,
            extension=extension,
            audio=AudioOptions(**audio),
            sound=(sound[start : start + SR] for start in range(0, len(sound), SR)),
            metadata=metadata or {},
        )
        return path

    return make


def probed(path):
    command = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", str(path)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


@pytest.mark.parametrize(("extension", "codec"), FILES)
@pytest.mark.parametrize("samples", [SR * 3 // 2 + 123, 1600])
def test_every_file_holds_the_sound_from_its_first_sample_to_its_last(
    extension, codec, samples, write, noise, lag_of
):
    source = noise(samples)
    path = write(extension, source, codec=codec)
    decoded, rate = decoded_samples(path)
    assert rate == SR
    if extension in ADTS:
        # It cannot say that the first packet is the encoder's delay.
        assert lag_of(decoded, source) == 1024
        assert samples + 1024 <= len(decoded) < samples + 3 * 1024
    else:
        assert lag_of(decoded, source) == 0
        # FFmpeg does not cut the last packet of an MP4 where its edit list ends.
        padding = 1024 if extension in ("m4a", "m4b", "3gp") else 0
        assert samples <= len(decoded) <= samples + padding
        seen = probed(path)
        # This program counts whole packets of MP3, and the pre-skip of Opus.
        exact = {AudioCodec.MP3: 2 * 1152 / SR, AudioCodec.OPUS: 312 / SR}.get(codec, 1e-6)
        assert float(seen["streams"][0]["duration"]) == pytest.approx(samples / SR, abs=exact)
    if codec is AudioCodec.PCM_16:
        assert np.abs(decoded - source).max() <= 0.5 / 32_768


@pytest.mark.parametrize(("extension", "codec"), FILES)
def test_another_program_sees_the_format_that_the_name_promises(extension, codec, write, noise):
    seen = probed(write(extension, noise(SR), codec=codec))
    (stream,) = seen["streams"]
    assert seen["format"]["format_name"] == FORMATS.get(extension, extension)
    assert stream["codec_name"] == {AudioCodec.PCM_16: "pcm_s16le"}.get(codec, codec)
    assert (stream["sample_rate"], stream["channels"]) == (str(SR), 2)


@pytest.mark.parametrize(("extension", "codec"), sorted(SEPARATE))
def test_44100_hz_is_kept_or_resampled_in_step(extension, codec, write, beep):
    # checklist 92
    path = write(extension, beep(44_100, 22_050, 44_100), codec=codec, sample_rate=44_100)
    decoded, rate = decoded_samples(path)
    assert rate == (SR if codec is AudioCodec.OPUS else 44_100)
    onset = np.flatnonzero(np.abs(decoded[:, 0]) > 0.2)[0] / rate
    delay = 1024 / rate if extension == "aac" else 0
    assert abs(onset - delay - 0.5) <= 0.001
    if extension != "aac":
        assert len(decoded) == rate


@pytest.mark.parametrize(
    ("extension", "codec", "asked", "given"),
    [
        ("mp3", AudioCodec.MP3, 128_000, 128_000),
        ("mp3", AudioCodec.MP3, 320_000, 320_000),
        ("mp3", AudioCodec.MP3, 1_000_000, 320_000),
        ("opus", AudioCodec.OPUS, 96_000, 96_000),
        ("opus", AudioCodec.OPUS, 1_000_000, 512_000),
        ("m4a", AudioCodec.AAC, 96_000, 96_000),
    ],
)
def test_the_bitrate_is_the_one_asked_for_or_the_codecs_highest(
    extension, codec, asked, given, write
):
    # checklist 81
    white = np.random.default_rng(1).uniform(-0.5, 0.5, (4 * SR, 2)).astype(np.float32)
    path = write(extension, white, codec=codec, bitrate=asked)
    with av.open(str(path)) as container:
        size = sum(packet.size for packet in container.demux(audio=0))
    assert size * 8 / 4 == pytest.approx(given, rel=0.15)


def test_an_m4a_is_ready_to_stream(write, noise):
    data = write("m4a", noise(SR), codec=AudioCodec.AAC).read_bytes()
    assert data[4:12] == b"ftypM4A "
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("extension", ["mp3", "wav", "m4a"])
def test_tags_are_written_where_the_format_has_them(extension, write, noise):
    metadata = {"comment": 'Made; with = "q" 😀', "title": "Über", "artist": ""}
    codec = {"mp3": AudioCodec.MP3, "wav": AudioCodec.PCM_16, "m4a": AudioCodec.AAC}[extension]
    tags = probed(write(extension, noise(SR), codec=codec, metadata=metadata))["format"]["tags"]
    assert tags["comment"] == metadata["comment"]
    assert tags["title"] == metadata["title"]
    assert "artist" not in tags


def test_opus_keeps_tags_in_its_stream(write, noise):
    path = write("opus", noise(SR), codec=AudioCodec.OPUS, metadata={"comment": "a=b;c"})
    assert probed(path)["streams"][0]["tags"]["comment"] == "a=b;c"


def test_sound_passes_through_in_bounded_memory(tmp_path):
    block = np.random.default_rng(1).uniform(-0.5, 0.5, (SR, 2)).astype(np.float32)
    taken: list[int] = []
    tracemalloc.start()
    try:
        write_sound(
            tmp_path / "long.wav",
            extension="wav",
            audio=AudioOptions(codec=AudioCodec.PCM_16),
            sound=(block for _ in range(300)),
            metadata={},
            on_samples=taken.append,
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken == [SR * n for n in range(1, 301)]
    assert peak < 12 * block.nbytes
    assert (tmp_path / "long.wav").stat().st_size == pytest.approx(300 * SR * 4, abs=500)


def test_what_a_container_cannot_hold_is_an_encoding_error(write, noise):
    with pytest.raises(EncodingError):
        write("mp3", noise(SR), codec=AudioCodec.OPUS)
