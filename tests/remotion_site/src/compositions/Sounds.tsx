import React from 'react';
import {AbsoluteFill, Html5Audio, Loop, Sequence, staticFile, useCurrentFrame} from 'remotion';
import {Stamp} from '../Stamp';

const FPS = 30;

/**
 * One second for each thing an `<Html5Audio>` can do. `steps.wav` is 400, 800, 1200 and 1600 Hz
 * for a second each, `beep.wav` is 0.1 s of 1000 Hz in a file of 0.25 s.
 */
export const Sounds: React.FC = () => {
	const frame = useCurrentFrame();
	return (
		<AbsoluteFill style={{backgroundColor: '#143d33'}}>
			<Stamp value={frame} />
			<Sequence name="0 s: 400 Hz, fading in" durationInFrames={FPS}>
				<Html5Audio src={staticFile('steps.wav')} volume={(f) => f / FPS} />
			</Sequence>
			<Sequence name="1 s: 1200 Hz" from={FPS} durationInFrames={FPS}>
				<Html5Audio src={staticFile('steps.wav')} trimBefore={2 * FPS} />
			</Sequence>
			<Sequence name="2 s: 400, then 800 Hz" from={2 * FPS} durationInFrames={FPS}>
				<Html5Audio src={staticFile('steps.wav')} playbackRate={2} />
			</Sequence>
			<Sequence name="3 s: four beeps" from={3 * FPS} durationInFrames={FPS}>
				<Html5Audio loop src={staticFile('beep.wav')} />
			</Sequence>
			<Sequence name="4 s: silence" from={4 * FPS} durationInFrames={FPS}>
				<Html5Audio muted src={staticFile('steps.wav')} />
			</Sequence>
			<Sequence name="5 s: 400 and 1600 Hz together" from={5 * FPS} durationInFrames={FPS}>
				<Html5Audio src={staticFile('steps.wav')} volume={0.5} />
				<Html5Audio src={staticFile('steps.wav')} volume={0.5} trimBefore={3 * FPS} />
			</Sequence>
			<Sequence name="6 s: 600 Hz" from={6 * FPS} durationInFrames={FPS}>
				<Html5Audio src={staticFile('steps.wav')} toneFrequency={1.5} />
			</Sequence>
			<Sequence name="7 s: two beeps" from={7 * FPS} durationInFrames={FPS}>
				<Loop durationInFrames={FPS / 2}>
					<Html5Audio src={staticFile('beep.wav')} />
				</Loop>
			</Sequence>
		</AbsoluteFill>
	);
};
