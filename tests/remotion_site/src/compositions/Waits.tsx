import React, {useEffect, useState} from 'react';
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
