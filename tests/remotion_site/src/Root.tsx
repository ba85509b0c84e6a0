import React from 'react';
import {Composition, Folder, staticFile} from 'remotion';
import {Artifacts} from './compositions/Artifacts';
import {BeepFlash} from './compositions/BeepFlash';
import {Clip, type ClipProps, Html5Clip, MediaClip} from './compositions/Clip';
import {EnvVars} from './compositions/EnvVars';
import {Cancels, Logs, Throws} from './compositions/Failures';
import {Hello} from './compositions/Hello';
import {Holds} from './compositions/Holds';
import {LazyImage} from './compositions/LazyImage';
import {LottieTitle} from './compositions/LottieTitle';
import {Metadata, metadataOfRows} from './compositions/Metadata';
import {Moving} from './compositions/Moving';
import {Props} from './compositions/Props';
import {ReactHeavy} from './compositions/ReactHeavy';
import {Slides} from './compositions/Slides';
import {Sounds} from './compositions/Sounds';
import {Stamped, stampedMetadata} from './compositions/Stamped';
import {StaticFiles} from './compositions/StaticFiles';
import {Text4K} from './compositions/Text4K';
import {VideoHeavy} from './compositions/VideoHeavy';
import {Delayed, LateCanvas, NeverReady, Retry} from './compositions/Waits';
import {WebGL} from './compositions/WebGL';

const small = {width: 640, height: 360, fps: 30, durationInFrames: 10};
const hd = {width: 1280, height: 720, fps: 30, durationInFrames: 90};
const fourK = {width: 3840, height: 2160, fps: 30, durationInFrames: 90};
const fullHd = {width: 1920, height: 1080, fps: 30, durationInFrames: 300};
const clip = {...small, durationInFrames: 120};
const clipProps: ClipProps = {trimBefore: 0, playbackRate: 1, volume: 1};

export const Root: React.FC = () => (
	<>
		<Composition
			id="Stamped"
			component={Stamped}
			defaultProps={{fps: 30, durationInFrames: 60, width: 640, height: 360}}
			calculateMetadata={stampedMetadata}
		/>
		<Composition id="Hello" component={Hello} {...hd} defaultProps={{name: 'world'}} />
		<Composition
			id="Odd"
			component={Stamped}
			defaultProps={{fps: 30, durationInFrames: 10, width: 321, height: 181}}
			calculateMetadata={stampedMetadata}
		/>
		<Folder name="Benchmark">
			<Composition id="Moving" component={Moving} {...fullHd} />
			<Composition id="Holds" component={Holds} {...fullHd} />
			<Composition id="Slides" component={Slides} {...fullHd} durationInFrames={1800} />
			<Composition id="ReactHeavy" component={ReactHeavy} {...fullHd} durationInFrames={150} />
			<Composition id="VideoHeavy" component={VideoHeavy} {...fullHd} durationInFrames={120} />
			<Composition id="WebGL" component={WebGL} {...hd} />
			<Composition id="Text4K" component={Text4K} {...fourK} />
		</Folder>
		<Folder name="Media">
			<Composition
				id="BeepFlash"
				component={BeepFlash}
				width={320}
				height={180}
				fps={30}
				durationInFrames={62 * 30}
			/>
			<Composition id="Sounds" component={Sounds} {...small} durationInFrames={8 * 30} />
			<Composition id="Clip" component={Clip} {...clip} defaultProps={clipProps} />
			<Composition id="Html5Clip" component={Html5Clip} {...clip} defaultProps={clipProps} />
			<Composition id="MediaClip" component={MediaClip} {...clip} defaultProps={clipProps} />
			<Composition id="StaticFiles" component={StaticFiles} {...small} />
			<Composition id="LazyImage" component={LazyImage} {...small} />
			<Composition id="LottieTitle" component={LottieTitle} {...small} durationInFrames={60} />
		</Folder>
		<Folder name="Values">
			<Composition
				id="Props"
				component={Props}
				{...small}
				defaultProps={{
					number: 1234,
					date: new Date('2024-02-29T12:00:00Z'),
					list: [1, 2, 3],
					text: 'Grüße 👋',
					file: staticFile('beep.wav'),
				}}
			/>
			<Composition
				id="Metadata"
				component={Metadata}
				{...small}
				defaultProps={{rows: ['a', 'b', 'c'], loaded: 0}}
				calculateMetadata={metadataOfRows}
			/>
			<Composition id="EnvVars" component={EnvVars} {...small} />
			<Composition id="Artifacts" component={Artifacts} {...small} />
		</Folder>
		<Folder name="Waits">
			<Composition
				id="Delayed"
				component={Delayed}
				{...small}
				durationInFrames={30}
				defaultProps={{delayMilliseconds: 20}}
			/>
			<Composition id="LateCanvas" component={LateCanvas} {...small} />
			<Composition id="NeverReady" component={NeverReady} {...small} />
			<Composition id="Retry" component={Retry} {...small} defaultProps={{atMount: false}} />
			<Composition
				id="Suspended"
				lazyComponent={() => import('./compositions/Suspended')}
				{...small}
			/>
		</Folder>
		<Folder name="Failures">
			<Composition id="Cancels" component={Cancels} {...small} />
			<Composition id="Throws" component={Throws} {...small} />
			<Composition id="Logs" component={Logs} {...small} />
		</Folder>
	</>
);
