// A HyperFrames page that shows a Remotion composition: `hf-seek` names the time, and React paints
// its frame before the event returns.
import React from 'react';
import {flushSync} from 'react-dom';
import {createRoot} from 'react-dom/client';
import {Stage} from './stage';

const container = document.getElementById('root')!;
const {composition, scene} = JSON.parse(container.dataset.stage!);
const root = createRoot(container);

const paint = (time: number) => {
	const frame = Math.round(time * scene.fps);
	flushSync(() => root.render(<Stage composition={composition} scene={scene} frame={frame} />));
};

paint(0);
window.addEventListener('hf-seek', (event) => paint((event as CustomEvent<{time: number}>).detail.time));
