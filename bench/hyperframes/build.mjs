// Makes a HyperFrames project that shows a composition of the Remotion site.
//
//   node build.mjs --composition ID --width PX --height PX --fps N --duration FRAMES --frames N
//                  --media DIR --out DIR
//
// `duration` is the composition's own length, `frames` how many of them are to be rendered.
import {copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {build} from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const names = ['composition', 'width', 'height', 'fps', 'duration', 'frames', 'media', 'out'];
const {values} = parseArgs({
	options: Object.fromEntries(names.map((name) => [name, {type: 'string'}])),
});
const {composition, media} = values;
const out = resolve(values.out);
const [width, height, fps, duration, frames] = names.slice(1, 6).map((name) => Number(values[name]));

const bundle = (entry, outfile, options) =>
	build({
		entryPoints: [join(here, entry)],
		outfile,
		bundle: true,
		alias: {remotion: join(here, 'remotion.tsx')},
		nodePaths: [join(here, '../../tests/remotion_site/node_modules')],
		define: {'process.env.NODE_ENV': '"production"'},
		jsx: 'automatic',
		logLevel: 'error',
		...options,
	});

rmSync(out, {recursive: true, force: true});
mkdirSync(out, {recursive: true});
const server = `${out}.markup.cjs`;
await bundle('markup.tsx', server, {platform: 'node', format: 'cjs'});
await bundle('page.tsx', join(out, 'page.js'), {format: 'iife', minify: true});

const stage = {composition, scene: {width, height, fps, durationInFrames: duration}};
const markup = createRequire(import.meta.url)(server).markup(stage);
const films = readdirSync(media).filter((name) => markup.includes(`"${name}"`));
for (const name of films) {
	copyFileSync(join(media, name), join(out, name));
}
// HyperFrames looks for films in the page's source. For fonts too, and would put its own in place
// of ours; so a page without films comes empty.
const html = films.length ? markup : '';

writeFileSync(
	join(out, 'index.html'),
	`<!doctype html>
<html>
<head>
<meta charset="utf-8">
<style>
html, body { margin: 0; width: ${width}px; height: ${height}px; overflow: hidden; }
/* Remotion sets the first for all; HyperFrames geometricPrecision, which moves glyphs. */
* { box-sizing: border-box; text-rendering: auto !important; }
#root { position: relative; width: ${width}px; height: ${height}px; overflow: hidden; }
</style>
</head>
<body>
<div id="root" data-composition-id="root" data-start="0" data-duration="${frames / fps}"
 data-no-timeline data-width="${width}" data-height="${height}" data-fps="${fps}"
 data-stage='${JSON.stringify(stage)}'>${html}</div>
<script src="page.js"></script>
</body>
</html>
`,
);
