import React from 'react';
import {Hello} from '../../tests/remotion_site/src/compositions/Hello';
import {Holds} from '../../tests/remotion_site/src/compositions/Holds';
import {Moving} from '../../tests/remotion_site/src/compositions/Moving';
import {ReactHeavy} from '../../tests/remotion_site/src/compositions/ReactHeavy';
import {Slides} from '../../tests/remotion_site/src/compositions/Slides';
import {Text4K} from '../../tests/remotion_site/src/compositions/Text4K';
import {VideoHeavy} from '../../tests/remotion_site/src/compositions/VideoHeavy';
import {WebGL} from '../../tests/remotion_site/src/compositions/WebGL';
import {FrameContext, type Scene, SceneContext} from './remotion';

const compositions: Record<string, React.FC> = {
	Hello: () => <Hello name="world" />,
	Holds,
	Moving,
	ReactHeavy,
	Slides,
	Text4K,
	VideoHeavy,
	WebGL,
};

export type StageProps = {composition: string; scene: Scene; frame: number};

/** One frame of a composition of the Remotion site, as its own component draws it. */
export const Stage: React.FC<StageProps> = ({composition, scene, frame}) => {
	const Composition = compositions[composition];
	return (
		<SceneContext.Provider value={scene}>
			<FrameContext.Provider value={frame}>
				<Composition />
			</FrameContext.Provider>
		</SceneContext.Provider>
	);
};
