import React from 'react';
import {AbsoluteFill, getStaticFiles, Img, staticFile} from 'remotion';
import {Stamp} from '../Stamp';

const photo = 'été photo #1 & 100%.png';

/** A red image whose name needs encoding fills the lower half; row 0 is 1 if the site lists it. */
export const StaticFiles: React.FC = () => (
	<AbsoluteFill style={{backgroundColor: 'black'}}>
		<Img
			src={staticFile(photo)}
			style={{position: 'absolute', top: '50%', width: '100%', height: '50%'}}
		/>
		<Stamp value={getStaticFiles().some(({name}) => name === photo) ? 1 : 0} />
	</AbsoluteFill>
);
