import React from 'react';
import {AbsoluteFill, random, useCurrentFrame, useVideoConfig} from 'remotion';

const SHAPES = 40;
const LINES = 12;

const sans = 'Liberation Sans, Helvetica, Arial, sans-serif';

/** Every pixel row differs from one frame to the next: nothing can be reused. */
export const Moving: React.FC = () => {
	const frame = useCurrentFrame();
	const {width, height} = useVideoConfig();
	return (
		<AbsoluteFill
			style={{
				background: `linear-gradient(${frame * 2}deg, hsl(${frame} 70% 30%), hsl(${frame + 120} 70% 45%))`,
				fontFamily: sans,
				overflow: 'hidden',
			}}
		>
			{Array.from({length: SHAPES}, (_, i) => {
				const size = 60 + random(`size${i}`) * 140;
				const x = (random(`x${i}`) * width + frame * (2 + random(`dx${i}`) * 6)) % (width + size);
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
							transform: `rotate(${frame * 3 + i * 9}deg)`,
							background: `linear-gradient(hsl(${i * 9} 80% 60% / 0.8), hsl(${i * 9 + 60} 80% 50% / 0.5))`,
						}}
					/>
				);
			})}
			{Array.from({length: LINES}, (_, i) => (
				<div
					key={i}
					style={{
						position: 'absolute',
						top: i * 90 + 20,
						left: ((i * 160 + frame * (i % 2 ? 5 : 7)) % (width + 900)) - 900,
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
