"""Names: codecs, endings of files, tags (spec/encoding.md 1.2, 1.7, 2)."""

from __future__ import annotations

from importlib.metadata import version
from itertools import chain

import pytest

from framefleet.domain.codecs import CODEC_OF_EXTENSION, CODECS, Codec
from framefleet.domain.rules import read_metadata, read_path, read_sequence_pattern
from framefleet.errors import OptionError, OptionTypeError

ALL_CODECS = "h264, h265, vp8, vp9, av1, mp3, aac, wav, prores, h264-mkv, h264-ts, gif"
OURS = f"Made with framefleet {version('framefleet')}"


def wrong_name(codec, audio, output, allowed, **options):
    return (
        {"codec": codec, "output": output, **options},
        OptionTypeError,
        f"When using the {codec} codec with the {audio} audio codec, the output filename must end "
        f"in one of the following: {allowed}.",
    )


REFUSED = [
    # checklist 37
    wrong_name("vp8", "opus", "a.mov", "webm"),
    wrong_name("h264", "aac", "a.webm", "mp4, mkv, mov"),
    wrong_name("h264", "aac", "a", "mp4, mkv, mov"),
    wrong_name("h264", "pcm-16", "a.mp4", "mkv, mov", audio_codec="pcm-16"),
    wrong_name("h265", "aac", "a.mov", "mp4, mkv, hevc"),
    wrong_name("av1", "opus", "a.mp4", "webm, mkv", audio_codec="opus"),
    wrong_name("prores", "pcm-16", "a.mp4", "mov, mkv, mxf"),
    wrong_name("h264-mkv", "pcm-16", "a.mp4", "mkv"),
    wrong_name("h264-ts", "aac", "a.mp4", "ts"),
    wrong_name("mp3", "mp3", "a.wav", "mp3"),
    wrong_name("aac", "aac", "a.mp4", "aac, 3gp, m4a, m4b, mpg, mpeg"),
    wrong_name("wav", "pcm-16", "a.mp3", "wav"),
    wrong_name("h264", "pcm-16", "a.mp4", "mkv, mov", audio_codec="pcm-16", muted=True),
    # checklist 38
    (
        {"codec": "gif", "output": "a.mp4"},
        OptionTypeError,
        "When using the gif codec, the output filename must end in .gif.",
    ),
    # codecs
    ({"codec": "h263"}, OptionTypeError, 'Got unexpected codec "h263"'),
    ({"codec": 264}, OptionTypeError, 'Got unexpected codec "264"'),
    ({"codec": ["h264"]}, OptionTypeError, 'Got unexpected codec "h264"'),
    # ours: the muxers refuse these at the end of the render
    (
        {"codec": "h265", "output": "a.hevc"},
        OptionTypeError,
        "A .hevc file holds pictures only, but this render may have sound.",
    ),
    (
        {"codec": "prores", "output": "a.mxf", "audio_codec": "aac"},
        OptionTypeError,
        "A .mxf file cannot hold sound of the aac audio codec.",
    ),
]


@pytest.mark.parametrize(("options", "kind", "message"), REFUSED, ids=str)
def test_names_that_do_not_go_together_are_refused(options, kind, message, media, refused):
    assert refused(kind, message, media, **options)


@pytest.mark.parametrize("options", [{"muted": True}, {"separate_audio_to": "a.aac"}])
def test_an_elementary_stream_holds_pictures(options, media):
    assert media(output="a.hevc", **options).output.extension == "hevc"


@pytest.mark.parametrize("codec", Codec)
def test_every_ending_of_the_table_is_taken(codec, media):
    for audio, endings in CODECS[codec].audio.items():
        for ending in {*endings, endings[0].upper()} - {"hevc"}:
            if (ending, audio) == ("mxf", "aac"):
                continue
            found = media(codec=codec, audio_codec=audio.value, output=f"a.{ending}")
            assert found.output.extension == ending.lower()


@pytest.mark.parametrize("codec", Codec)
def test_a_render_without_a_name_has_the_codecs_ending(codec, media):
    assert media(codec=codec).output.extension == CODECS[codec].extension


@pytest.mark.parametrize(("ending", "codec"), CODEC_OF_EXTENSION.items())
def test_a_name_says_the_codec(ending, codec, media, composition):
    found = media(output=f"a.{ending}", composition=composition(), muted=ending == "hevc")
    assert found.output.codec is codec


@pytest.mark.parametrize(
    ("given", "output", "default", "codec"),
    [
        (None, None, None, "h264"),
        (None, None, "vp9", "vp9"),
        ("h265", None, "vp9", "h265"),
        ("h265", "a.mp4", "vp9", "h265"),
        # What the name may hold, the composition chooses, as in the reference.
        (None, "a.webm", "vp9", "vp9"),
        (None, "a.mp4", "h265", "h265"),
        (None, "a.mov", "h264", "h264"),
        (None, "a.mp4", "vp9", "h264"),
        (None, "a.gif", "vp9", "gif"),
        (None, "a.webm", None, "vp8"),
    ],
)
def test_caller_then_name_then_composition_choose_the_codec(
    given, output, default, codec, media, composition
):
    site = composition(default_codec=default)
    assert media(codec=given, output=output, composition=site).output.codec == codec


def test_a_codec_the_composition_made_up_is_refused(media, composition, refused):
    message = f"Codec must be one of the following: {ALL_CODECS}, but got h263"
    refused(OptionError, message, media, composition=composition(default_codec="h263"))


# Before the composition is known, only what no default of it could mend is refused.
def test_options_for_a_codec_of_the_composition_wait_for_it(media, composition, refused):
    options = {"pixel_format": "yuva420p", "image_format": "png"}
    media(**options)
    assert media(composition=composition(default_codec="vp9"), **options).video.codec == "vp9"
    message = (
        "Pixel format was set to 'yuva420p' but codec h264 does not support it. Valid pixel "
        "formats for codec h264 are: yuv420p, yuv422p, yuv444p, yuv420p10le, yuv422p10le, "
        "yuv444p10le."
    )
    refused(OptionTypeError, message, media, composition=composition(), **options)
    refused(OptionTypeError, message, media, output="a.mp4", **options)


def test_what_no_codec_can_do_is_refused_at_once(media, refused):
    refused(
        OptionTypeError,
        "CRF must be between 1 and 51 for codec h264. Passed: 99",
        media,
        crf=99,
    )
    refused(
        OptionTypeError,
        "When using the h264 codec with the aac audio codec, the output filename must end in one "
        "of the following: mp4, mkv, mov.",
        media,
        output="a.txt",
    )


# checklist 97
@pytest.mark.parametrize(
    ("given", "tags"),
    [
        (None, {"comment": OURS}),
        ({}, {"comment": OURS}),
        ({"title": "Hello"}, {"comment": OURS, "title": "Hello"}),
        ({"Comment": "mine"}, {"comment": f"{OURS}; mine"}),
        ({"TITLE": "a", "COMMENT": "b=c;d"}, {"comment": f"{OURS}; b=c;d", "title": "a"}),
        ({"title": "", "artist": "x"}, {"comment": OURS, "artist": "x"}),
        ({"title": 'é "q"\n😀'}, {"comment": OURS, "title": 'é "q"\n😀'}),
    ],
    ids=str,
)
def test_tags_begin_with_our_comment_and_have_small_letters(given, tags, media):
    found = media(metadata=given).output.metadata
    assert found == tags
    assert list(found) == list(tags)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("title=x", '"metadata" must be an object, but got string ("title=x")'),
        (["title"], '"metadata" must be an object, but got object (["title"])'),
        ({"year": 2024}, '"metadata" must hold names and texts, but got "year": 2024'),
        ({"": "x"}, '"metadata" must hold names and texts, but got "": "x"'),
        ({3: "x"}, '"metadata" must hold names and texts, but got 3: "x"'),
        ({"a": None}, '"metadata" must hold names and texts, but got "a": null'),
        ({"a": "b\0c"}, '"metadata" must hold names and texts, but got "a": "b\\u0000c"'),
    ],
)
def test_tags_are_text(given, message, media, refused):
    assert refused(OptionTypeError, message, media, metadata=given)


def test_half_a_character_is_no_text(refused):
    with pytest.raises(OptionTypeError, match="must hold names and texts"):
        read_metadata({"title": "\ud83d"})


@pytest.mark.parametrize("given", ["[frame].[ext]", "a-[frame]-[frame].png"])
def test_a_sequence_is_named_by_its_frames(given):
    assert read_sequence_pattern(given) == given
    assert read_sequence_pattern(None) == "element-[frame].[ext]"


@pytest.mark.parametrize("given", ["same.png", "a/[frame].png", "..\\[frame]", "", 5, ["[frame]"]])
def test_pictures_of_one_name_or_elsewhere_are_refused(given, sequence):
    with pytest.raises(OptionTypeError, match=r"must be a file name with \[frame\] in it"):
        sequence(image_sequence_pattern=given)


@pytest.mark.parametrize("given", [5, "", "a\0b", ["a"], {}])
def test_what_is_no_path_is_named(given):
    with pytest.raises(OptionTypeError, match='"output" must be a path, but got'):
        read_path(given, "output")


def test_every_codec_is_found_by_some_name():
    endings = {codec: set(chain(*CODECS[codec].audio.values())) for codec in Codec}
    for codec, found in endings.items():
        assert codec is Codec.GIF or found <= set(CODEC_OF_EXTENSION)
