from __future__ import annotations

import json
import subprocess
from fractions import Fraction
from functools import cache

import av
import pytest

from framefleet.domain.codecs import AudioCodec, Codec
from framefleet.domain.output import AudioOptions, OutputOptions
from framefleet.encoding.containers import kept_tags
from framefleet.encoding.join import ChunkVideo, join
from framefleet.encoding.sound_file import write_sound

VALUES = {
    "comment": "Made with framefleet; a=b; \"quoted\" and 'single'",
    "title": "two\nlines and = signs",
    "artist": "Ünïcödé 😀 名前",
    "description": "back\\slash #hash",
}
TEXTS = (
    "title artist album_artist composer album comment genre copyright grouping lyrics description "
    "synopsis show episode_id network keywords my_key"
)
NUMBERS = (
    "date track disc episode_sort season_number media_type hd_video gapless_playback compilation"
)
CANDIDATES = {
    **dict.fromkeys(TEXTS.split(), "some text"),
    **dict.fromkeys(NUMBERS.split(), "5"),
}
FILMS = {
    "mp4": Codec.H264,
    "mov": Codec.H264,
    "mkv": Codec.H264_MKV,
    "webm": Codec.VP8,
    "ts": Codec.H264_TS,
    "mxf": Codec.PRORES,
    "hevc": Codec.H265,
}
SOUNDS = {
    "mp3": AudioCodec.MP3,
    "wav": AudioCodec.PCM_16,
    "m4a": AudioCodec.AAC,
    "m4b": AudioCodec.AAC,
    "3gp": AudioCodec.AAC,
    "aac": AudioCodec.AAC,
    "opus": AudioCodec.OPUS,
}


@pytest.fixture(scope="session")
def black(write_chunk, plain):
    return cache(lambda codec: write_chunk(codec, [plain(0, 0, 0)] * 10))


@pytest.fixture
def write(tmp_path, black, noise):
    """A film or a sound with `metadata`."""
    blocks = [noise(4800)]

    def make(extension, metadata, *, chunk=None):
        path = tmp_path / f"film.{extension}"
        if extension in SOUNDS:
            sound = AudioOptions(codec=SOUNDS[extension])
            write_sound(path, extension=extension, audio=sound, sound=blocks, metadata=metadata)
            return path
        target = OutputOptions(codec=FILMS[extension], extension=extension, metadata=metadata)
        join(
            [chunk or black(FILMS[extension])],
            path,
            rate=Fraction(30),
            target=target,
            audio=AudioOptions(codec=None),
            sound=None,
        )
        return path

    return make


def probed_tags(path):
    """What another program reads; keys in lower case."""
    command = ["ffprobe", "-v", "error", "-show_format", "-of", "json", str(path)]
    seen = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return {key.lower(): value for key, value in seen["format"].get("tags", {}).items()}


@pytest.mark.parametrize("extension", ["mp4", "mkv", "webm", "mp3", "m4a"])
def test_any_text_survives_as_it_is(extension, write):
    # checklist 97, 98
    tags = probed_tags(write(extension, VALUES))
    assert {key: tags[key] for key in VALUES} == VALUES


@pytest.mark.parametrize("extension", ["mp4", "mkv"])
def test_an_empty_value_writes_no_tag(extension, write):
    tags = probed_tags(write(extension, {"title": "", "comment": "kept"}))
    assert "title" not in tags
    assert tags["comment"] == "kept"


@pytest.mark.parametrize("extension", [*FILMS, *SOUNDS])
def test_the_tags_said_to_be_kept_are_those_kept(extension, write):
    # One at a time: FFmpeg folds some into others when it reads them.
    found = set()
    for key, value in CANDIDATES.items():
        with av.open(str(write(extension, {key: value}))) as container:
            tags = [container.metadata, *(stream.metadata for stream in container.streams)]
            if any(value in each.values() for each in tags):
                found.add(key)
    kept = kept_tags(extension)
    assert found == (set(CANDIDATES) if kept is None else kept)


@pytest.mark.parametrize("extension", ["mp4", "mkv"])
def test_nothing_leaks_from_the_chunks(extension, tmp_path, black, write):
    # checklist 99
    tagged = tmp_path / "tagged.mp4"
    with av.open(str(black(Codec.H264).path)) as source, av.open(str(tagged), "w") as copy:
        stream = copy.add_stream_from_template(source.streams.video[0])
        stream.metadata.update({"language": "deu", "handler_name": "secret"})
        copy.metadata.update({"title": "secret", "comment": "secret"})
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    assert b"secret" in tagged.read_bytes()
    path = write(extension, {"comment": "mine"}, chunk=ChunkVideo(tagged, 10))
    data = path.read_bytes()
    assert b"mine" in data
    assert b"secret" not in data
    with av.open(str(path)) as container:
        assert container.streams.video[0].metadata.get("language", "und") == "und"
