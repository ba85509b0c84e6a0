import React, {useEffect, useLayoutEffect, useRef, useState} from 'react';
import {AbsoluteFill, continueRender, delayRender, useCurrentFrame} from 'remotion';
import {Stamp} from '../Stamp';

const sea = {backgroundColor: '#0f3d5c'};

export type DelayedProps = {delayMilliseconds: number};

/** Each frame waits for a timer, as one that loads data would; a stale picture has no stamp. */
export const Delayed: React.FC<DelayedProps> = ({delayMilliseconds}) => {
	const frame = useCurrentFrame();
	const [loaded, setLoaded] = useState<number | null>(null);
	useEffect(() => {
		const handle = delayRender(`data of frame ${frame}`);
		const timer = setTimeout(() => {
			setLoaded(frame);
			continueRender(handle);
		}, delayMilliseconds);
		return () => {
			clearTimeout(timer);
			continueRender(handle);
		};
	}, [frame, delayMilliseconds]);
	return (
		<AbsoluteFill style={sea}>
			<Stamp value={loaded === frame ? frame : null} />
		</AbsoluteFill>
	);
};

/** Each frame is painted a moment after it was drawn, which changes nothing of the document. */
export const LateCanvas: React.FC = () => {
	const frame = useCurrentFrame();
	const canvas = useRef<HTMLCanvasElement>(null);
	useLayoutEffect(() => {
		const context = canvas.current?.getContext('2d');
		const handle = delayRender(`painting frame ${frame}`);
		context?.clearRect(0, 0, 320, 20);
		setTimeout(() => {
			for (let bit = 0; bit < 16; bit++) {
				if (context) context.fillStyle = (frame >> bit) & 1 ? 'white' : 'black';
				context?.fillRect(bit * 20, 0, 20, 20);
			}
			continueRender(handle);
		}, 100);
	}, [frame]);
	return (
		<AbsoluteFill style={sea}>
			<canvas ref={canvas} width={320} height={20} />
		</AbsoluteFill>
	);
};

export const NeverReady: React.FC = () => {
	useState(() => delayRender('waiting for the moon'));
	return <AbsoluteFill style={sea} />;
};

export type RetryProps = {atMount: boolean};

const FLAKY_FRAME = 3;

/**
 * Frame 3 times out after a second on the first attempt. With `atMount` the page opens the handle
 * again whenever it mounts on that frame with attempt 1, which makes Remotion itself retry for ever.
 */
export const Retry: React.FC<RetryProps> = ({atMount}) => {
	const frame = useCurrentFrame();
	const [mountFrame] = useState(frame);
	useEffect(() => {
		const isSecondPage = mountFrame === FLAKY_FRAME;
		if (frame === FLAKY_FRAME && window.remotion_attempt < 2 && (atMount || !isSecondPage)) {
			// Remotion takes two seconds off a handle's limit.
			delayRender('the second try', {retries: 1, timeoutInMilliseconds: 3000});
		}
	}, [frame, mountFrame, atMount]);
	return (
		<AbsoluteFill style={sea}>
			<Stamp value={frame} />
		</AbsoluteFill>
	);
};
