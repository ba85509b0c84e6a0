import React from 'react';
import {AbsoluteFill, random, spring, useCurrentFrame, useVideoConfig} from 'remotion';

const COLUMNS = 24;
const ROWS = 54;

const values = Array.from({length: COLUMNS * ROWS}, (_, i) => random(`value${i}`));

/** Three nodes; its bar springs to its share and then breathes, so it is new on every frame. */
const Cell: React.FC<{share: number; entrance: number; phase: number}> = ({share, entrance, phase}) => {
	const shown = entrance * share * (0.85 + 0.15 * Math.sin(phase));
	return (
		<div style={{position: 'relative', height: 18, background: '#1e293b', overflow: 'hidden'}}>
			<div
				style={{
					position: 'absolute',
					inset: 0,
					width: `${shown * 100}%`,
					background: `hsl(${160 + shown * 160} 70% 42%)`,
				}}
			/>
			<span style={{position: 'relative', paddingLeft: 4}}>{(shown * 1000).toFixed(1)}</span>
		</div>
	);
};

/** A table of some 4,000 nodes, all of which React renders anew on each frame. */
export const ReactHeavy: React.FC = () => {
	const frame = useCurrentFrame();
	const {fps} = useVideoConfig();
	return (
		<AbsoluteFill
			style={{
				display: 'grid',
				gridTemplateColumns: `repeat(${COLUMNS}, 1fr)`,
				gap: 2,
				background: '#0f172a',
				color: 'white',
				fontFamily: 'Liberation Sans, Helvetica, Arial, sans-serif',
				fontSize: 13,
				lineHeight: '18px',
			}}
		>
			{values.map((share, i) => {
				const row = Math.floor(i / COLUMNS);
				const entrance = spring({frame: frame - row, fps, config: {damping: 12}});
				return <Cell key={i} share={share} entrance={entrance} phase={frame / 9 + i} />;
			})}
		</AbsoluteFill>
	);
};
