import React from 'react';
import {AbsoluteFill, random, useCurrentFrame, useVideoConfig} from 'remotion';

const SHAPES = 12;
const LINES = 6;

const sans = 'Liberation Sans, Helvetica, Arial, sans-serif';

/** Every pixel row differs from one frame to the next: nothing can be reused. */
export const Moving: React.FC = () => {
	const frame = useCurrentFrame();
	const {width, height} = useVideoConfig();
	return (
		<AbsoluteFill
			style={{
				background: `linear-gradient(${110 + frame / 6}deg, hsl(${220 + frame / 4} 60% 18%), hsl(${300 + frame / 4} 60% 40%))`,
				fontFamily: sans,
				overflow: 'hidden',
			}}
		>
			{Array.from({length: SHAPES}, (_, i) => {
				const size = 60 + random(`size${i}`) * 140;
				const x = (random(`x${i}`) * width + frame * (1 + random(`dx${i}`) * 4)) % (width + size);
				const y = random(`y${i}`) * height + Math.sin(frame / 15 + i) * 80;
				return (
					<div
						key={i}
						style={{
							position: 'absolute',
							left: x - size,
							top: y - size / 2,
							width: size,
							height: size,
							borderRadius: i % 2 ? size : 16,
							transform: `rotate(${frame + i * 30}deg)`,
							background: `hsl(${i * 30} 80% 60%)`,
						}}
					/>
				);
			})}
			{Array.from({length: LINES}, (_, i) => (
				<div
					key={i}
					style={{
						position: 'absolute',
						top: i * 180 + 60,
						left: ((i * 300 + frame * (i % 2 ? 3 : 5)) % (width + 900)) - 900,
						fontSize: 44,
						color: 'white',
						whiteSpace: 'nowrap',
					}}
				>
					line {i}, frame {frame}: the quick brown fox jumps
				</div>
			))}
		</AbsoluteFill>
	);
};
