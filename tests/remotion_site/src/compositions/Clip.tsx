import {Video} from '@remotion/media';
import React from 'react';
import {AbsoluteFill, Html5Video, OffthreadVideo, staticFile, useCurrentFrame} from 'remotion';
import {Stamp} from '../Stamp';

export type ClipProps = {trimBefore: number; playbackRate: number; volume: number};

const src = staticFile('clip.mp4');

/** The clip paints its own frame number in row 0; the composition's lies below it in row 1. */
const Stage: React.FC<{children: React.ReactNode}> = ({children}) => (
	<AbsoluteFill style={{backgroundColor: 'black'}}>
		{children}
		<Stamp value={useCurrentFrame()} row={1} />
	</AbsoluteFill>
);

export const Clip: React.FC<ClipProps> = (props) => (
	<Stage>
		<OffthreadVideo src={src} {...props} />
	</Stage>
);

export const Html5Clip: React.FC<ClipProps> = (props) => (
	<Stage>
		<Html5Video src={src} {...props} />
	</Stage>
);

export const MediaClip: React.FC<ClipProps> = (props) => (
	<Stage>
		<Video src={src} {...props} />
	</Stage>
);
