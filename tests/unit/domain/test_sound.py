from __future__ import annotations

from framefleet.domain.sound import FrameSounds, Sound, SoundSegment, join_sounds


def sound(id="a", *, at=0.0, volume=1.0, rate=1.0):
    return Sound(id=id, source=f"{id}.wav", media_time_s=at, volume=volume, playback_rate=rate)


def frames(*sounds, first=0):
    return [FrameSounds(frame=first + i, sounds=tuple(here)) for i, here in enumerate(sounds)]


def test_one_sound_over_all_frames_is_one_segment():
    first = sound(at=2.0)
    joined = join_sounds(frames([first], [sound(at=2.1)], [sound(at=2.2)]))
    assert joined == [SoundSegment(sound=first, start=0, volumes=(1.0, 1.0, 1.0))]
    assert joined[0].frames == 3


def test_nothing_sounds_in_nothing():
    assert join_sounds([]) == []
    assert join_sounds(frames([], [])) == []


def test_a_frame_without_the_sound_ends_the_segment():
    again = sound(at=9.0)
    joined = join_sounds(frames([sound()], [], [again], [sound(at=9.1)]))
    assert [(s.start, s.frames, s.sound.media_time_s) for s in joined] == [(0, 1, 0.0), (2, 2, 9.0)]


def test_volumes_are_kept_frame_by_frame():
    fade = [0.25, 0.5, 1.0, 1.0]
    joined = join_sounds(frames(*([sound(volume=v)] for v in fade)))
    assert [s.volumes for s in joined] == [tuple(fade)]


def test_of_equal_ids_in_one_frame_the_first_counts():
    joined = join_sounds(frames([sound(volume=0.3), sound(volume=0.9)], [sound(volume=0.3)]))
    assert [s.volumes for s in joined] == [(0.3, 0.3)]


def test_a_jump_of_the_composition_ends_every_segment():
    there = [*frames([sound(), sound("b")], [sound()]), *frames([sound(at=5.0)], first=7)]
    joined = join_sounds(there)
    assert [(s.sound.id, s.start, s.frames) for s in joined] == [
        ("b", 0, 1),
        ("a", 0, 2),
        ("a", 2, 1),
    ]


def test_start_counts_frames_of_the_render():
    joined = join_sounds(frames([], [sound()], first=100))
    assert [(s.start, s.frames) for s in joined] == [(1, 1)]


def test_the_first_frame_decides_rate_and_trim():
    joined = join_sounds(frames([sound(at=1.0, rate=2.0)], [sound(at=4.0, rate=3.0)]))
    assert [(s.sound.media_time_s, s.sound.playback_rate) for s in joined] == [(1.0, 2.0)]


def test_segments_come_in_order_of_their_start():
    joined = join_sounds(frames([sound("late")], [sound("late"), sound("b")], [sound("late")]))
    assert [s.start for s in joined] == [0, 1]
