import React from 'react';
import {AbsoluteFill, interpolate, spring, useCurrentFrame, useVideoConfig} from 'remotion';

export type HelloProps = {name: string};

export const Hello: React.FC<HelloProps> = ({name}) => {
	const frame = useCurrentFrame();
	const {fps, durationInFrames} = useVideoConfig();
	const entrance = spring({frame, fps, config: {damping: 14}});
	const wave = spring({frame: frame - 20, fps, config: {damping: 6}});
	const subtitle = interpolate(frame, [25, 45], [0, 1], {
		extrapolateLeft: 'clamp',
		extrapolateRight: 'clamp',
	});
	const exit = interpolate(frame, [durationInFrames - 15, durationInFrames - 1], [1, 0], {
		extrapolateLeft: 'clamp',
	});
	return (
		<AbsoluteFill
			style={{
				background: `linear-gradient(${120 + frame}deg, #1e1b4b, #7c3aed 55%, #f472b6)`,
				alignItems: 'center',
				justifyContent: 'center',
				fontFamily: 'Liberation Sans, Helvetica, Arial, sans-serif',
				color: 'white',
			}}
		>
			<AbsoluteFill style={{alignItems: 'center', justifyContent: 'center', opacity: exit}}>
				<div style={{fontSize: 110, fontWeight: 700, transform: `scale(${entrance})`}}>
					Hello {name}{' '}
					<span style={{display: 'inline-block', transform: `rotate(${30 - wave * 30}deg)`}}>👋</span>
				</div>
				<div
					style={{
						fontSize: 40,
						marginTop: 24,
						opacity: subtitle,
						transform: `translateY(${(1 - subtitle) * 30}px)`,
					}}
				>
					Every frame, exactly once
				</div>
			</AbsoluteFill>
		</AbsoluteFill>
	);
};
