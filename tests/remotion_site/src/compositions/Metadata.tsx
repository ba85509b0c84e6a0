import React from 'react';
import {AbsoluteFill, type CalculateMetadataFunction, useVideoConfig} from 'remotion';
import {Stamp} from '../Stamp';

export type MetadataProps = {rows: string[]; loaded: number};

/** Ten frames and 20 px of height for each row, and a prop that only this function sets. */
export const metadataOfRows: CalculateMetadataFunction<MetadataProps> = async ({props}) => {
	await new Promise((resolve) => setTimeout(resolve, 50));
	return {
		width: 400,
		height: 100 + props.rows.length * 20,
		fps: 25,
		durationInFrames: props.rows.length * 10,
		props: {...props, loaded: props.rows.length},
		defaultOutName: `rows-${props.rows.length}`,
		defaultCodec: 'h264',
	};
};

/** Rows 0 to 3: the calculated prop, then width, height and duration as the page sees them. */
export const Metadata: React.FC<MetadataProps> = ({loaded}) => {
	const {width, height, durationInFrames} = useVideoConfig();
	return (
		<AbsoluteFill style={{backgroundColor: '#5b1a3a'}}>
			{[loaded, width, height, durationInFrames].map((value, row) => (
				<Stamp key={row} value={value} row={row} />
			))}
		</AbsoluteFill>
	);
};
