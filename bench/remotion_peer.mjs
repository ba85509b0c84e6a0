// Renders one composition of a bundle with Remotion's own renderer and prints what it cost.
//
//   node remotion_peer.mjs --site DIR --composition ID --output FILE --browser FILE [--concurrency N]
//                          [--props JSON] [--frames N] [--jpeg-quality Q]
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(join(here, '../tests/remotion_site/package.json'));
const {renderMedia, selectComposition} = require('@remotion/renderer');

const {values} = parseArgs({
  options: {
    site: {type: 'string'},
    composition: {type: 'string'},
    output: {type: 'string'},
    browser: {type: 'string'},
    concurrency: {type: 'string', default: '2'},
    props: {type: 'string', default: '{}'},
    frames: {type: 'string'},
    'jpeg-quality': {type: 'string', default: '80'},
  },
});

const shared = {
  serveUrl: values.site,
  inputProps: JSON.parse(values.props),
  browserExecutable: values.browser,
  logLevel: 'error',
};

const start = performance.now();
const composition = await selectComposition({...shared, id: values.composition});
await renderMedia({
  ...shared,
  composition,
  outputLocation: values.output,
  codec: 'h264',
  crf: 18,
  x264Preset: 'medium',
  imageFormat: 'jpeg',
  jpegQuality: Number(values['jpeg-quality']),
  frameRange: values.frames ? [0, Number(values.frames) - 1] : null,
  colorSpace: 'bt709',
  concurrency: Number(values.concurrency),
});

console.log(
  JSON.stringify({
    wallSeconds: (performance.now() - start) / 1000,
    frames: composition.durationInFrames,
    remotion: require('@remotion/renderer/package.json').version,
  }),
);
