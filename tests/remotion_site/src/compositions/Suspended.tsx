import React from 'react';
import {AbsoluteFill, useCurrentFrame} from 'remotion';
import {Stamp} from '../Stamp';

/** Arrives in a bundle chunk of its own, so that mounting it suspends. */
const Suspended: React.FC = () => (
	<AbsoluteFill style={{backgroundColor: '#5c4a0f'}}>
		<Stamp value={useCurrentFrame()} />
	</AbsoluteFill>
);

export default Suspended;
