import React, {useEffect} from 'react';
import {AbsoluteFill, cancelRender, useCurrentFrame} from 'remotion';
import {Stamp} from '../Stamp';

const Page: React.FC = () => (
	<AbsoluteFill style={{backgroundColor: '#4a1d1d'}}>
		<Stamp value={useCurrentFrame()} />
	</AbsoluteFill>
);

export const Cancels: React.FC = () => {
	const frame = useCurrentFrame();
	useEffect(() => {
		if (frame === 5) {
			cancelRender(new Error('no more'));
		}
	}, [frame]);
	return <Page />;
};

export const Throws: React.FC = () => {
	const frame = useCurrentFrame();
	if (frame === 7) {
		throw new Error('frame seven is broken');
	}
	return <Page />;
};

/** Logs at frame 2, warns at frame 3 and reports an error at frame 4; none ends the render. */
export const Logs: React.FC = () => {
	const frame = useCurrentFrame();
	useEffect(() => {
		if (frame === 2) {
			console.log('log of frame', frame, {answer: 42});
		}
		if (frame === 3) {
			console.warn('warning of frame', frame);
		}
		if (frame === 4) {
			console.error('error of frame', frame);
		}
	}, [frame]);
	return <Page />;
};
