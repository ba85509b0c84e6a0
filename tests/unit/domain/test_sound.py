from __future__ import annotations

from framefleet.domain.sound import Sound, SoundJoiner, SoundSegment


def sound(id="a", *, at=0.0, volume=1.0, rate=1.0):
    return Sound(id=id, source=f"{id}.wav", media_time_s=at, volume=volume, playback_rate=rate)


def join(*frames):
    joiner = SoundJoiner()
    for sounds in frames:
        joiner.add(sounds)
    return list(joiner.finish())


def test_one_sound_over_all_frames_is_one_segment():
    first = sound(at=2.0)
    found = join([first], [sound(at=2.1)], [sound(at=2.2)])
    assert found == [SoundSegment(sound=first, start=0, frames=3, volume=1.0)]
    assert found[0].stop == 3


def test_nothing_sounds_in_nothing():
    assert join() == []
    assert join([], []) == []


def test_a_frame_without_the_sound_ends_the_segment():
    found = join([sound()], [], [sound(at=9.0)], [sound(at=9.1)])
    assert [(s.start, s.frames, s.sound.media_time_s) for s in found] == [(0, 1, 0.0), (2, 2, 9.0)]


def test_volumes_are_kept_frame_by_frame_where_they_change():
    fade = [0.25, 0.5, 1.0, 1.0]
    assert [s.volume for s in join(*([sound(volume=v)] for v in fade))] == [tuple(fade)]
    assert [s.volume for s in join(*([sound(volume=0.3)] for _ in fade))] == [0.3]


def test_of_equal_ids_in_one_frame_the_first_counts():
    found = join([sound(volume=0.3), sound(volume=0.9)], [sound(volume=0.3)])
    assert [(s.frames, s.volume) for s in found] == [(2, 0.3)]


def test_start_counts_frames_of_the_render():
    assert [(s.start, s.frames) for s in join([], [sound()])] == [(1, 1)]


def test_the_first_frame_decides_rate_and_trim():
    found = join([sound(at=1.0, rate=2.0)], [sound(at=4.0, rate=3.0)])
    assert [(s.sound.media_time_s, s.sound.playback_rate) for s in found] == [(1.0, 2.0)]


def test_segments_come_in_order_of_their_start_and_id():
    found = join([sound("late")], [sound("late"), sound("c"), sound("b")], [sound("late")])
    assert [(s.start, s.sound.id) for s in found] == [(0, "late"), (1, "b"), (1, "c")]
