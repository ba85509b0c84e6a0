// Stands in for `remotion` where a composition is painted outside Remotion: the frame comes from a
// context, a film is a plain <video>; all else is Remotion's own.
import React, {createContext, useContext} from 'react';
import type {VideoConfig} from 'remotion';

export * from '../../tests/remotion_site/node_modules/remotion/dist/esm/index.mjs';

export type Scene = Pick<VideoConfig, 'width' | 'height' | 'fps' | 'durationInFrames'>;

export const SceneContext = createContext<Scene | null>(null);
export const FrameContext = createContext(0);

export const useCurrentFrame = (): number => useContext(FrameContext);
export const useVideoConfig = (): Scene => useContext(SceneContext)!;
export const staticFile = (name: string): string => name;

// HyperFrames decodes the film itself and shows its pictures in place of the element.
export const OffthreadVideo: React.FC<{src: string; muted: true; style: React.CSSProperties}> = ({
	src,
	style,
}) => {
	const {fps, durationInFrames} = useVideoConfig();
	return (
		<video
			muted
			playsInline
			id={src.replace('.mp4', '')}
			src={src}
			style={style}
			data-start="0"
			data-duration={durationInFrames / fps}
		/>
	);
};
