import lottie, {type AnimationItem} from 'lottie-web';
import React, {useEffect, useRef, useState} from 'react';
import {AbsoluteFill, continueRender, delayRender, useCurrentFrame} from 'remotion';
import {Stamp} from '../Stamp';
import animationData from './lottie-title.json';

/** A white disc crosses from left to right while a bar grows beneath it. */
export const LottieTitle: React.FC = () => {
	const frame = useCurrentFrame();
	const container = useRef<HTMLDivElement>(null);
	const [animation, setAnimation] = useState<AnimationItem | null>(null);
	const [handle] = useState(() => delayRender('loading the Lottie animation'));

	useEffect(() => {
		const item = lottie.loadAnimation({
			container: container.current!,
			animationData: structuredClone(animationData),
			autoplay: false,
		});
		item.addEventListener('DOMLoaded', () => setAnimation(item));
		return () => item.destroy();
	}, []);

	useEffect(() => {
		if (animation) {
			animation.goToAndStop(frame, true);
			continueRender(handle);
		}
	}, [animation, frame, handle]);

	return (
		<AbsoluteFill style={{backgroundColor: '#101828'}}>
			<div ref={container} style={{width: '100%', height: '100%'}} />
			<Stamp value={frame} />
		</AbsoluteFill>
	);
};
