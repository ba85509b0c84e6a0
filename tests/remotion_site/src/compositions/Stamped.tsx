import React from 'react';
import {AbsoluteFill, type CalculateMetadataFunction, useCurrentFrame} from 'remotion';
import {Stamp} from '../Stamp';

export type StampedProps = {
	fps: number;
	durationInFrames: number;
	width: number;
	height: number;
};

export const stampedMetadata: CalculateMetadataFunction<StampedProps> = ({props}) => ({
	fps: props.fps,
	durationInFrames: props.durationInFrames,
	width: props.width,
	height: props.height,
});

export const Stamped: React.FC<StampedProps> = ({width}) => {
	const frame = useCurrentFrame();
	return (
		<AbsoluteFill style={{backgroundColor: '#204060'}}>
			<div
				style={{
					position: 'absolute',
					top: '50%',
					left: (frame * 7) % (width - 60),
					width: 60,
					height: 60,
					borderRadius: 12,
					backgroundColor: '#ffb347',
				}}
			/>
			<Stamp value={frame} />
		</AbsoluteFill>
	);
};
