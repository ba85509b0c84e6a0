"""The assembly of a render on this machine: a thread that waits for chunks, or is called off."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import anyio
import pytest

from framefleet.compositions.location import SiteLocation
from framefleet.compositions.media import MediaLibrary
from framefleet.domain.codecs import AudioCodec, Codec
from framefleet.domain.plan import ChromiumOptions, Plan
from framefleet.errors import MediaError, OutputExistsError, PageScriptError
from framefleet.local.assembling import LocalAssembly
from framefleet.local.emitted import EmittedBeside
from framefleet.local.place import Target
from framefleet.rendering.artifacts import Emitted
from framefleet.rendering.chunk_sounds import ChunkSounds
from framefleet.rendering.part import ARTIFACT_FOLDER, RECORD_FILE, VIDEO_FILE
from framefleet.testing.video import read_stamps
from framefleet.wiring.executors import local_artifacts
from framefleet.worker.artifacts import Artifacts
from framefleet.worker.worker import part_key

from ..rendering.films import CHUNKS, Shop, bed_and_clips, plan_of

pytestmark = pytest.mark.anyio
LENGTH = len(CHUNKS)


@pytest.fixture(scope="session")
def shop(tmp_path_factory) -> Shop:
    return Shop(tmp_path_factory.mktemp("chunks"))


@dataclass
class Bench:
    """An assembly whose site has a sound, and the folder its output goes to."""

    plan: Plan
    storage: Artifacts
    assembly: LocalAssembly
    emissions: EmittedBeside
    out: Path
    shop: Shop

    async def store(self, sounds: list[ChunkSounds], **artifacts: tuple[Emitted, ...]):
        """Put all chunks into the storage; `artifacts` of chunks by `chunk_N`."""
        for number, chunk in enumerate(self.shop.chunks(self.plan, sounds, {})):
            record = replace(chunk.record, artifacts=artifacts.get(f"chunk_{number}", ()))
            folder = self.out.parent / "records" / str(number)
            folder.mkdir(parents=True)
            record.write(folder)
            await self.storage.put(part_key(number, 0, VIDEO_FILE), chunk.paths[VIDEO_FILE])
            await self.storage.put(part_key(number, 0, RECORD_FILE), folder / RECORD_FILE)

    async def assemble(self, *chunks: int, on_frames=lambda count: None, is_all=False) -> None:
        """Assemble chunks as they come; unless they are all, it waits for the next one then."""
        send, receive = anyio.create_memory_object_stream[int](LENGTH)
        with send, receive:
            for chunk in chunks:
                await self.assembly.fetch(chunk)
                send.send_nowait(chunk)
            if is_all:
                send.close()
            await self.assembly.run(receive, on_frames)

    @property
    def left(self) -> list[str]:
        return sorted(path.name for path in self.out.iterdir())


@pytest.fixture
async def bench(shop, tmp_path) -> AsyncIterator[Bench]:
    plan = plan_of(Codec.H264, "mp4", AudioCodec.AAC)
    site, out = tmp_path / "site", tmp_path / "out"
    site.mkdir()
    out.mkdir()
    (site / "index.html").write_text("")
    storage = local_artifacts(tmp_path / "storage")
    target = Target(out / "film.mp4", None, False)
    async with MediaLibrary(SiteLocation.parse(str(site)), ChromiumOptions()) as media:
        emissions = EmittedBeside(storage, target)
        assembly = LocalAssembly(plan, storage, media, target, emissions)
        yield Bench(plan, storage, assembly, emissions, out, shop)


async def test_chunks_become_a_file(bench):
    await bench.store([])
    seen: list[tuple[int, bool]] = []

    def note(count: int) -> None:
        seen.append((count, (bench.out / "film.mp4").exists()))

    await bench.assemble(*range(LENGTH), on_frames=note, is_all=True)
    assert seen == [(40, False), (65, False), (125, False), (160, False)]
    assert bench.left == ["film.mp4"]
    assert read_stamps(bench.out / "film.mp4") == list(range(sum(CHUNKS)))


@pytest.mark.parametrize("there", range(LENGTH + 1))
async def test_an_assembly_that_waits_is_called_off_at_once(bench, there):
    await bench.store([])
    waits = anyio.Event()
    frames = sum(CHUNKS[:there])

    def note(count: int) -> None:
        if count == frames:
            waits.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(bench.assemble, *range(there), on_frames=note))
        if there:
            await waits.wait()
        await anyio.wait_all_tasks_blocked()
        started = time.monotonic()
        tasks.cancel_scope.cancel()
    assert time.monotonic() - started < 5
    assert bench.left == []


async def test_an_assembly_at_work_is_called_off_at_the_next_chunk(bench):
    await bench.store([])
    counts: list[int] = []
    with anyio.CancelScope() as scope:

        def stop(count: int) -> None:
            counts.append(count)
            scope.cancel()

        await bench.assemble(*range(LENGTH), on_frames=stop, is_all=True)
    assert scope.cancelled_caught
    assert counts == [CHUNKS[0]]
    assert bench.left == []


async def test_a_sound_the_site_does_not_have_is_found_out_when_its_chunk_is_fetched(bench):
    sounds = [
        ChunkSounds(
            segments=tuple(
                replace(part, sound=replace(part.sound, source="site:/none.mp3"))
                for part in chunk.segments
            )
        )
        for chunk in bed_and_clips(from_chunk=2)
    ]
    await bench.store(sounds)
    await bench.assembly.fetch(0)
    with pytest.raises(MediaError, match="The site has no file"):
        await bench.assembly.fetch(2)


async def test_what_a_listener_raises_ends_the_assembly(bench):
    await bench.store([])

    def complain(count: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await bench.assemble(0, on_frames=complain)
    assert bench.left == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_artifacts_of_one_name_are_refused_when_the_second_comes(bench, order):
    await bench.store(
        [],
        chunk_0=(Emitted("a.txt", 3),),
        chunk_1=(Emitted("b.txt", 44), Emitted("a.txt", 45)),
    )
    await bench.assembly.fetch(order[0])
    with pytest.raises(PageScriptError, match=r"registered at frame 3, .* at frame 45"):
        await bench.assembly.fetch(order[1])


async def test_an_artifact_does_not_replace_a_file(bench):
    (bench.out / "a.txt").write_text("mine")
    await bench.store([], chunk_1=(Emitted("a.txt", 44),))
    with pytest.raises(OutputExistsError, match=r"a\.txt"):
        await bench.assemble(0, 1)
    assert bench.left == ["a.txt"]


async def test_artifacts_are_published_beside_the_output(bench, tmp_path):
    named = ((0, Emitted("z.txt", 3)), (1, Emitted("notes/a.txt", 44)))
    await bench.store([], **{f"chunk_{chunk}": (file,) for chunk, file in named})
    for chunk, file in reversed(named):
        text = tmp_path / f"emitted-{chunk}.txt"
        text.write_text(file.name)
        await bench.storage.put(part_key(chunk, 0, f"{ARTIFACT_FOLDER}/{file.name}"), text)
        await bench.assembly.fetch(chunk)
    published = await bench.emissions.publish()
    assert [(file.filename, file.frame) for file in published] == [file[:2] for _, file in named]
    assert [file.path.read_text() for file in published] == [file.name for _, file in named]
