import React from 'react';
import {AbsoluteFill, Easing, interpolate, useCurrentFrame} from 'remotion';

const SLIDE_FRAMES = 225;
const MOTION_FRAMES = 22;

type Slide = {
	title: string;
	lines?: string[];
	bars?: number[];
	rows?: string[][];
	quote?: string;
};

const slides: Slide[] = [
	{title: 'The year in review', lines: ['Eight slides', 'A minute long', 'Nine frames in ten stand still']},
	{title: 'Revenue by quarter', bars: [0.42, 0.55, 0.61, 0.78]},
	{
		title: 'Regions',
		rows: [
			['Region', 'Teams', 'Renders', 'Growth'],
			['North', '1,204', '88,120', '+12 %'],
			['South', '986', '71,004', '+31 %'],
			['East', '1,530', '120,448', '+8 %'],
			['West', '742', '52,981', '+44 %'],
		],
	},
	{title: 'In their words', quote: 'It renders while we fetch a coffee, and then it waits for us.'},
	{title: 'What we shipped', lines: ['Chunks that join without a seam', 'Sound mixed once', 'A fleet on every cloud']},
	{title: 'Cost of a minute', bars: [1, 0.8, 0.52, 0.33, 0.21, 0.2]},
	{
		title: 'Next',
		rows: [
			['When', 'What'],
			['Spring', 'Storage of every kind'],
			['Summer', 'Clusters of one’s own'],
			['Autumn', 'A dashboard to watch it all'],
		],
	},
	{title: 'Thank you', lines: ['Questions?']},
];

const Bars: React.FC<{shares: number[]; progress: number}> = ({shares, progress}) => (
	<div style={{display: 'flex', alignItems: 'flex-end', gap: 60, height: 560}}>
		{shares.map((share, i) => (
			<div
				key={i}
				style={{
					width: 160,
					height: share * progress * 560,
					borderRadius: 12,
					background: 'linear-gradient(#a5f3fc, #0891b2)',
				}}
			/>
		))}
	</div>
);

const Rows: React.FC<{rows: string[][]}> = ({rows}) => (
	<table style={{borderCollapse: 'collapse', fontSize: 46}}>
		<tbody>
			{rows.map((cells, y) => (
				<tr key={y} style={{fontWeight: y ? 400 : 700}}>
					{cells.map((cell, x) => (
						<td key={x} style={{padding: '18px 90px 18px 0', borderBottom: '2px solid #ffffff55'}}>
							{cell}
						</td>
					))}
				</tr>
			))}
		</tbody>
	</table>
);

/** A minute of slides: each moves in for 22 of its 225 frames, then nothing changes. */
export const Slides: React.FC = () => {
	const frame = useCurrentFrame();
	const index = Math.floor(frame / SLIDE_FRAMES) % slides.length;
	const {title, lines = [], bars, rows, quote} = slides[index];
	const progress = interpolate(frame % SLIDE_FRAMES, [0, MOTION_FRAMES], [0, 1], {
		extrapolateRight: 'clamp',
		easing: Easing.out(Easing.cubic),
	});
	return (
		<AbsoluteFill
			style={{
				background: `radial-gradient(circle at 20% 10%, hsl(${190 + index * 20} 60% 34%), hsl(${210 + index * 20} 70% 14%))`,
				fontFamily: 'Liberation Sans, Helvetica, Arial, sans-serif',
				color: 'white',
				padding: '110px 140px',
				boxSizing: 'border-box',
			}}
		>
			<div style={{fontSize: 104, fontWeight: 700, transform: `translateX(${(1 - progress) * 300}px)`}}>
				{title}
			</div>
			<div style={{marginTop: 70, opacity: progress}}>
				{lines.map((line) => (
					<div key={line} style={{fontSize: 60, marginBottom: 36}}>
						• {line}
					</div>
				))}
				{bars ? <Bars shares={bars} progress={progress} /> : null}
				{rows ? <Rows rows={rows} /> : null}
				{quote ? <div style={{fontSize: 84, fontStyle: 'italic', lineHeight: 1.3}}>“{quote}”</div> : null}
			</div>
		</AbsoluteFill>
	);
};
