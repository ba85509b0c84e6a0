import React from 'react';
import {AbsoluteFill, Easing, interpolate, useCurrentFrame} from 'remotion';

const SLIDE_FRAMES = 60;
const MOTION_FRAMES = 20;

const slides = [
	['Quarterly report', 'Revenue grew by a fifth'],
	['Customers', '1,204 new teams joined us'],
	['Product', 'Renders finish twice as fast'],
	['Costs', 'Down by a third since spring'],
	['Next', 'A fleet on every cloud'],
];

/** Slides that move in for 20 frames and stand still for 40: two frames in three are repeats. */
export const Holds: React.FC = () => {
	const frame = useCurrentFrame();
	const index = Math.floor(frame / SLIDE_FRAMES) % slides.length;
	const [title, text] = slides[index];
	const progress = interpolate(frame % SLIDE_FRAMES, [0, MOTION_FRAMES], [0, 1], {
		extrapolateRight: 'clamp',
		easing: Easing.out(Easing.cubic),
	});
	return (
		<AbsoluteFill
			style={{
				background: `linear-gradient(135deg, hsl(${220 + index * 25} 60% 20%), hsl(${260 + index * 25} 60% 40%))`,
				fontFamily: 'Liberation Sans, Helvetica, Arial, sans-serif',
				color: 'white',
				padding: 140,
			}}
		>
			<div style={{fontSize: 120, fontWeight: 700, transform: `translateX(${(1 - progress) * 400}px)`}}>
				{title}
			</div>
			<div style={{fontSize: 56, marginTop: 30, opacity: progress}}>{text}</div>
			<div style={{display: 'flex', alignItems: 'flex-end', gap: 40, height: 420, marginTop: 80}}>
				{[0.4, 0.6, 0.5, 0.8, 1].map((share, i) => (
					<div
						key={i}
						style={{
							width: 180,
							height: `${share * progress * 100}%`,
							borderRadius: 16,
							background: 'linear-gradient(#fde68a, #f59e0b)',
						}}
					/>
				))}
			</div>
		</AbsoluteFill>
	);
};
