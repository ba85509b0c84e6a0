import React from 'react';
import {AbsoluteFill, OffthreadVideo, staticFile, useCurrentFrame} from 'remotion';

const pictures = [
	{src: 'footage-left.mp4', left: 60, top: 60, drift: 0},
	{src: 'footage-right.mp4', left: 1220, top: 640, drift: 2},
];

/** A film that fills the frame and two in small over it, none with sound. */
export const VideoHeavy: React.FC = () => {
	const frame = useCurrentFrame();
	return (
		<AbsoluteFill style={{background: 'black'}}>
			<OffthreadVideo
				muted
				src={staticFile('footage-full.mp4')}
				style={{position: 'absolute', width: '100%', height: '100%'}}
			/>
			{pictures.map(({src, left, top, drift}) => (
				<div
					key={src}
					style={{
						position: 'absolute',
						left: left - drift * frame,
						top,
						width: 640,
						height: 360,
						borderRadius: 24,
						overflow: 'hidden',
						boxShadow: '0 10px 40px #000a',
					}}
				>
					<OffthreadVideo
						muted
						src={staticFile(src)}
						style={{position: 'absolute', width: '100%', height: '100%'}}
					/>
				</div>
			))}
		</AbsoluteFill>
	);
};
