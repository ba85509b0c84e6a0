import React from 'react';
import {AbsoluteFill, useCurrentFrame} from 'remotion';

const LINES = [
	'Sphinx of black quartz,',
	'judge my vow. Pack my box',
	'with five dozen liquor jugs.',
	'How vexingly quick daft',
	'zebras jump!',
];

/** Text at 3840x2160 that moves, turns and grows: its outlines are drawn anew on every frame. */
export const Text4K: React.FC = () => {
	const frame = useCurrentFrame();
	return (
		<AbsoluteFill
			style={{
				background: '#0b1020',
				color: '#f8fafc',
				fontFamily: 'Liberation Serif, Times New Roman, serif',
				overflow: 'hidden',
			}}
		>
			{LINES.map((line, i) => (
				<div
					key={line}
					style={{
						position: 'absolute',
						left: 200,
						top: 140 + i * 390,
						fontSize: 250,
						fontWeight: i % 2 ? 400 : 700,
						whiteSpace: 'nowrap',
						color: `hsl(${i * 60 + frame} 80% 80%)`,
						transformOrigin: '0 50%',
						transform: `translateX(${Math.sin(frame / 20 + i) * 160}px) rotate(${Math.sin(frame / 30 + i) * 2}deg) scale(${1 + 0.002 * frame})`,
					}}
				>
					{line}
				</div>
			))}
		</AbsoluteFill>
	);
};
