import {Lottie} from '@remotion/lottie';
import React from 'react';
import {AbsoluteFill, useCurrentFrame} from 'remotion';
import {Stamp} from '../Stamp';
import animation from './lottie-title.json';

/** A white disc crosses from left to right while a bar grows beneath it. */
export const LottieTitle: React.FC = () => (
	<AbsoluteFill style={{backgroundColor: '#101828'}}>
		<Lottie animationData={animation} style={{width: '100%', height: '100%'}} />
		<Stamp value={useCurrentFrame()} />
	</AbsoluteFill>
);
