// Calls one function of the official client. Reads {"function", "arguments", "callbacks"?} on stdin,
// prints {"result", "calls"} or {"error": {"name", "message"}}. "callbacks" are names of arguments
// that are functions; "calls" has what each was called with.
import {text} from 'node:stream/consumers';
import * as lambda from '@remotion/lambda';

// Standard output is for the answer.
console.log = console.info = console.error;

const request = JSON.parse(await text(process.stdin));
const calls = {};
const recorded = (request.callbacks ?? []).map((name) => {
	calls[name] = [];
	return [name, (argument) => calls[name].push(structuredClone(argument))];
});

let answer;
try {
	const result = await lambda[request.function]({
		...request.arguments,
		...Object.fromEntries(recorded),
	});
	answer = {result, calls};
} catch (error) {
	answer = {error: {name: error.name, message: error.message}};
}

process.stdout.write(JSON.stringify(answer));
