import React from 'react';
import {AbsoluteFill} from 'remotion';
import {Stamp} from '../Stamp';

/** Stamps `process.env.STAMP`, or 0 when it is not set. */
export const EnvVars: React.FC = () => (
	<AbsoluteFill style={{backgroundColor: '#204060'}}>
		<Stamp value={Number(process.env.STAMP ?? 0)} />
	</AbsoluteFill>
);
