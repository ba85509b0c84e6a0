"""A crew of functions: each renders a chunk, and the main one assembles them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from framefleet.domain import lambda_planning
from framefleet.domain.composition import Composition
from framefleet.domain.destination import BucketAddress, Cloud, KeptRender, RemoteFile
from framefleet.domain.events import RenderFact
from framefleet.domain.plan import Plan
from framefleet.domain.rules import Resolved, resolve_frames
from framefleet.errors import OptionError, StorageError
from framefleet.executors.inline import InlineExecutor
from framefleet.interfaces.executor import Executor
from framefleet.interfaces.storage import Storage
from framefleet.local.bucket_place import BucketPlace, open_bucket_place
from framefleet.local.emitted import Emissions
from framefleet.local.place import Place, Target
from framefleet.local.requests import MediaRequest
from framefleet.local.session import Session
from framefleet.machine import usable_cores
from framefleet.rendering.planning import Division
from framefleet.routines.call import Call, now_ms
from framefleet.routines.emitted import EmittedToBucket
from framefleet.routines.keys import chunks_prefix, plan_hash, plan_key
from framefleet.routines.record_keeper import RecordKeeper
from framefleet.settings import Settings
from framefleet.wire.render_metadata import Kind, RenderedBy, render_metadata
from framefleet.wire.render_record import separate_audio_entry
from framefleet.wire.renderer_request import RendererRequest
from framefleet.wire.start_request import LaunchRequest
from framefleet.wiring.executors import local_artifacts
from framefleet.wiring.functions import open_functions
from framefleet.worker.artifacts import Artifacts
from framefleet.worker.worker import rendered_chunks


@dataclass(slots=True, kw_only=True)
class Fleet:
    """Renders as `Crew` has it; the main function films alone where one function is asked for.

    `serve_url` is the site's address for those who read the record. `is_resumed`: another function
    has begun with the render, and died.
    """

    launch: LaunchRequest
    media: MediaRequest
    session: Session
    call: Call
    storage: Storage
    keeper: RecordKeeper
    settings: Settings
    serve_url: str
    is_resumed: bool = False
    _place: BucketPlace | None = None
    _parts: int = 1

    @property
    def max_attempts(self) -> int:
        """One more than retries."""
        return self.launch.start.functions.max_retries + 1

    @property
    def is_alone(self) -> bool:
        """Whether no other function is called (spec/serverless-orchestration.md 3)."""
        functions = self.launch.start.functions
        return (
            functions.concurrency == 1
            and functions.renderer_function_name is None
            and self.launch.start.sequence is None
        )

    @asynccontextmanager
    async def open_place(self, scratch: Path) -> AsyncIterator[Place]:
        """The bucket; the record is the keeper's."""
        async with open_bucket_place(
            self.media.wanted,
            scratch,
            None,
            before_output=self._tell_before_output,
            # Another that goes on with the render puts the same files.
            is_ours=lambda: not self.keeper.is_lost,
        ) as place:
            self._place = place
            yield place

    def divide(self, composition: Composition, options: Resolved) -> Division:
        """One chunk for each function; the composition is known now."""
        self.keeper.state.validated_ms = now_ms()
        self.keeper.touch()
        ranges = resolve_frames(
            options.ranges, composition.duration_in_frames, options.every_nth_frame
        )
        if len(ranges) > 1:
            raise OptionError("Expected a single frame range, but received multiple frame ranges.")
        count = sum(map(len, ranges))
        functions = self.launch.start.functions
        frames = lambda_planning.frames_per_lambda(
            count,
            frames_per_lambda=functions.frames_per_lambda,
            concurrency=functions.concurrency,
        )
        lambda_planning.chunk_count(count, frames)
        own_cores = usable_cores() if functions.renderer_function_name is None else None
        self._parts = lambda_planning.streams_per_lambda(
            functions.concurrency_per_lambda, cores=own_cores
        )
        return Division(chunk_frames=frames, parts=self._parts)

    def threads(self, chunks: int) -> int:
        """A function has its cores to itself; the browsers in it share them."""
        return max(1, usable_cores() // self._parts)

    async def store(self, plan: Plan, scratch: Path) -> Artifacts:
        """The bucket; the record has the plan's facts from now on."""
        self.keeper.state.planned(plan, self._metadata(plan))
        await self.keeper.write()
        if self.is_alone:
            return local_artifacts(scratch)
        await self.storage.put(plan_key(self.launch.render_id), plan.to_json())
        prefix = chunks_prefix(self.launch.render_id, plan_hash(plan.to_json()))
        return Artifacts(self.storage, scratch, prefix=prefix)

    def emissions(self, stored: Artifacts, target: Target) -> Emissions:
        """They go to the bucket as they come."""
        assert self._place is not None, "the place is opened before chunks are stored"
        return EmittedToBucket(
            stored=stored, place=self._place, keeper=self.keeper, is_alone=self.is_alone
        )

    async def rendered(self, plan: Plan, stored: Artifacts) -> frozenset[int]:
        """Those of the function that has died."""
        if not self.is_resumed:
            return frozenset()
        done = frozenset() if self.is_alone else await rendered_chunks(stored, plan)
        self.keeper.state.rendered_before(done)
        return done

    @asynccontextmanager
    async def open_executor(self, plan: Plan, stored: Artifacts) -> AsyncIterator[Executor]:
        """Functions, or the browser that looked at the site."""
        if self.is_alone:
            async with InlineExecutor(
                1, self.session.site, stored, self.session.supervisor, self.media.site.on_log
            ) as inline:
                yield inline
            return
        # Imported here: it needs boto3, which not every function has.
        from framefleet.executors.aws_lambda.executor import LambdaExecutor

        hash_of_plan = plan_hash(plan.to_json())
        async with open_functions(self.call.region, self.settings) as functions:
            yield LambdaExecutor(
                slots=len(plan.chunks),
                functions=functions,
                function_name=self._renderer_name,
                request=lambda chunk, attempt: self._request(chunk, attempt, hash_of_plan),
                stop=self.stop,
            )

    def note(self, fact: RenderFact) -> None:
        """The keeper writes it down."""
        self.keeper.note(fact)

    async def stop(self) -> None:
        """Tell all functions that the render has ended, unless another goes on with it."""
        if not self.keeper.is_lost:
            await self.storage.delete([plan_key(self.launch.render_id)])

    async def _tell_before_output(self, sound: RemoteFile | None) -> None:
        """Whoever finds the output takes the render for done, and the record for whole.

        Raises:
            RecordTakenError: the render is another's, and so is the output.
        """
        state = self.keeper.state
        home = BucketAddress(cloud=Cloud.S3, name=self.launch.bucket_name)
        state.separate_audio = separate_audio_entry(sound, home)
        with suppress(StorageError):
            await self.keeper.write()

    @property
    def _renderer_name(self) -> str:
        return self.launch.start.functions.renderer_function_name or self.call.function_name

    def _request(self, chunk: int, attempt: int, plan_hash: str) -> bytes:
        return RendererRequest(
            render_id=self.launch.render_id,
            bucket_name=self.launch.bucket_name,
            region=self.call.region,
            chunk=chunk,
            attempt=attempt,
            plan_hash=plan_hash,
            serve_url=self.media.site.site,
            version=self.call.version,
            force_path_style=self.launch.start.output.force_path_style,
        ).encode()

    def _metadata(self, plan: Plan) -> dict[str, object]:
        assert self._place is not None, "the place is opened before the plan is stored"
        render = self.media.wanted.output
        assert isinstance(render, KeptRender), "a bucket keeps it"
        start = self.launch.start
        kind: Kind = "video" if plan.output.codec else "sequence"
        by = RenderedBy(
            version=self.call.version,
            serve_url=self.serve_url,
            # Of the function that renders: by its limit clients judge that time is up.
            started_ms=self.call.started_ms,
            memory_size_in_mb=self.call.memory_size_in_mb,
            function_name=self.call.function_name,
            renderer_function_name=start.functions.renderer_function_name,
            chunk_functions=0 if self.is_alone else len(plan.chunks),
            input_props=start.input_props.to_dict(),
            audio_bitrate=start.options.get("audio_bitrate"),
            metadata=start.options.get("metadata"),
            is_conditional=not start.output.overwrite,
        )
        main = self._place.planned_output()
        return render_metadata(self.launch.render_id, render, plan, kind, main, by)
