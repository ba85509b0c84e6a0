import React from 'react';
import {AbsoluteFill, Html5Audio, Sequence, staticFile, useCurrentFrame, useVideoConfig} from 'remotion';
import {Stamp} from '../Stamp';

/** A white frame and a beep at every whole second, and the frame's number. */
export const BeepFlash: React.FC = () => {
	const frame = useCurrentFrame();
	const {fps, durationInFrames} = useVideoConfig();
	const seconds = Math.ceil(durationInFrames / fps);
	return (
		<AbsoluteFill style={{backgroundColor: frame % fps === 0 ? 'white' : 'black'}}>
			<Stamp value={frame} />
			{Array.from({length: seconds}, (_, second) => (
				<Sequence key={second} from={second * fps} durationInFrames={fps / 2}>
					<Html5Audio src={staticFile('beep.wav')} />
				</Sequence>
			))}
		</AbsoluteFill>
	);
};
