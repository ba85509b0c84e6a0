import React from 'react';
import {AbsoluteFill, Artifact, useCurrentFrame} from 'remotion';
import {Stamp} from '../Stamp';

/** Frame 1 gives a text file, frame 2 three bytes, frame 3 its own picture. */
export const Artifacts: React.FC = () => {
	const frame = useCurrentFrame();
	return (
		<AbsoluteFill style={{backgroundColor: '#1d4a2b'}}>
			<Stamp value={frame} />
			{frame === 1 && <Artifact filename="captions.srt" content="Grüße aus Bild eins 👋" />}
			{frame === 2 && <Artifact filename="bytes.bin" content={new Uint8Array([1, 2, 3])} />}
			{frame === 3 && <Artifact filename="thumbnail.jpeg" content={Artifact.Thumbnail} />}
		</AbsoluteFill>
	);
};
