// Calls one function of the official client. Reads on stdin {"function", "arguments", "callbacks"?,
// "from"?, "until"?, "timed"?}, prints {"result", "calls"} or {"error": {"name", "message", "stack"}}.
//
// "callbacks" are names of arguments that are functions; "calls" has what each was called with, and
// if "timed" is true, "earlier" has how many milliseconds before the result. "from" is the package.
// With "until", a list of keys, the function is called until one of them is set in its result, and
// "result" is the list of all results.
import {text} from 'node:stream/consumers';
import {setTimeout as sleep} from 'node:timers/promises';

const POLL_MS = 250;

// Standard output is for the answer.
console.log = console.info = console.error;

const request = JSON.parse(await text(process.stdin));
const lambda = await import(request.from ?? '@remotion/lambda');
const calls = {};
const moments = {};
const recorded = (request.callbacks ?? []).map((name) => {
	calls[name] = [];
	moments[name] = [];
	return [
		name,
		(argument) => {
			calls[name].push(structuredClone(argument));
			moments[name].push(performance.now());
		},
	];
});

const call = () =>
	lambda[request.function]({...request.arguments, ...Object.fromEntries(recorded)});

const callUntil = async (keys) => {
	const results = [await call()];
	while (!keys.some((key) => results.at(-1)[key])) {
		await sleep(POLL_MS);
		results.push(await call());
	}
	return results;
};

let answer;
try {
	const result = await (request.until ? callUntil(request.until) : call());
	answer = {result, calls};
	if (request.timed) {
		const now = performance.now();
		answer.earlier = Object.fromEntries(
			Object.entries(moments).map(([name, times]) => [name, times.map((time) => now - time)]),
		);
	}
} catch (error) {
	answer = {error: {name: error.name, message: error.message, stack: error.stack}};
}

// A timer of the client's may still run.
process.stdout.write(JSON.stringify(answer), () => process.exit());
