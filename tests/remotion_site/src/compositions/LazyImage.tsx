import React from 'react';
import {AbsoluteFill, Img, staticFile, useCurrentFrame} from 'remotion';
import {Stamp} from '../Stamp';

/** Every frame loads and decodes a blue image of 4000x2000 anew; too early a picture is black. */
export const LazyImage: React.FC = () => {
	const frame = useCurrentFrame();
	return (
		<AbsoluteFill style={{backgroundColor: 'black'}}>
			<Img
				key={frame}
				src={`${staticFile('blue.png')}?frame=${frame}`}
				style={{position: 'absolute', top: '50%', width: '100%', height: '50%'}}
			/>
			<Stamp value={frame} />
		</AbsoluteFill>
	);
};
