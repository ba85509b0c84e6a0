import React from 'react';

const BLOCKS = 16;
const BLOCK_PX = 20;

/**
 * Paints a number from 0 to 65535 as 16 blocks from the top left corner, least significant bit
 * first, white for 1. Row `r` lies 20 px below row `r - 1`. Without a value nothing is painted.
 */
export const Stamp: React.FC<{value: number | null; row?: number}> = ({value, row = 0}) => {
	if (value === null) {
		return null;
	}
	return (
		<div style={{position: 'absolute', left: 0, top: row * BLOCK_PX, display: 'flex'}}>
			{Array.from({length: BLOCKS}, (_, bit) => (
				<div
					key={bit}
					style={{
						width: BLOCK_PX,
						height: BLOCK_PX,
						backgroundColor: (value >> bit) & 1 ? 'white' : 'black',
					}}
				/>
			))}
		</div>
	);
};
