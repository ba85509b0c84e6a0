import React from 'react';
import {AbsoluteFill, Html5Audio, Sequence, staticFile, useCurrentFrame, useVideoConfig} from 'remotion';

/** A white frame and a beep at every whole second: picture and sound must stay together. */
export const BeepFlash: React.FC = () => {
	const frame = useCurrentFrame();
	const {fps, durationInFrames} = useVideoConfig();
	const seconds = Math.ceil(durationInFrames / fps);
	return (
		<AbsoluteFill style={{backgroundColor: frame % fps === 0 ? 'white' : 'black'}}>
			{Array.from({length: seconds}, (_, second) => (
				<Sequence key={second} from={second * fps} durationInFrames={fps / 2}>
					<Html5Audio src={staticFile('beep.wav')} />
				</Sequence>
			))}
		</AbsoluteFill>
	);
};
