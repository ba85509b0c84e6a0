import React from 'react';
import {AbsoluteFill, staticFile} from 'remotion';
import {Stamp} from '../Stamp';

export type PropsProps = {
	number: number;
	date: Date;
	list: number[];
	text: string;
	file: string;
};

/**
 * Shows what arrived: rows 0 to 4 are the number, the day of the year (0 if the date is no Date),
 * the sum of the list, the length of the text in UTF-16 units, and 1 if the file is `beep.wav`.
 */
export const Props: React.FC<PropsProps> = ({number, date, list, text, file}) => {
	const yearStart = date instanceof Date ? Date.UTC(date.getUTCFullYear(), 0, 1) : null;
	const day = yearStart === null ? 0 : Math.floor((date.getTime() - yearStart) / 86_400_000) + 1;
	const rows = [
		number,
		day,
		list.reduce((sum, item) => sum + item, 0),
		text.length,
		file === staticFile('beep.wav') ? 1 : 0,
	];
	return (
		<AbsoluteFill style={{backgroundColor: '#3b2f63'}}>
			{rows.map((value, row) => (
				<Stamp key={row} value={value} row={row} />
			))}
		</AbsoluteFill>
	);
};
