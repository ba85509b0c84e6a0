import React from 'react';
import {renderToString} from 'react-dom/server';
import {Stage, type StageProps} from './stage';

/** The first frame as HTML: HyperFrames looks for films in the page's source. */
export const markup = (props: Omit<StageProps, 'frame'>): string =>
	renderToString(<Stage {...props} frame={0} />);
