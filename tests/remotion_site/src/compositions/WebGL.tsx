import React, {useLayoutEffect, useRef} from 'react';
import {AbsoluteFill, useCurrentFrame, useVideoConfig} from 'remotion';

const vertexSource = `
attribute vec2 corner;
void main() { gl_Position = vec4(corner, 0.0, 1.0); }
`;

const fragmentSource = `
precision highp float;
uniform vec2 size;
uniform float time;
void main() {
	vec2 p = (2.0 * gl_FragCoord.xy - size) / size.y;
	float sum = 0.0;
	for (int i = 0; i < 5; i++) {
		float n = float(i);
		vec2 centre = vec2(sin(time * (0.7 + 0.1 * n) + n), cos(time * (0.9 - 0.1 * n) + 2.0 * n));
		sum += 0.18 / (0.05 + length(p - centre));
	}
	vec3 colour = 0.5 + 0.5 * cos(sum + time + vec3(0.0, 2.1, 4.2));
	gl_FragColor = vec4(colour * smoothstep(0.1, 0.9, sum), 1.0);
}
`;

const compile = (gl: WebGLRenderingContext, type: number, source: string): WebGLShader => {
	const shader = gl.createShader(type)!;
	gl.shaderSource(shader, source);
	gl.compileShader(shader);
	if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) {
		throw new Error(gl.getShaderInfoLog(shader) ?? 'the shader does not compile');
	}
	return shader;
};

type Painter = (time: number) => void;

const createPainter = (canvas: HTMLCanvasElement): Painter => {
	const gl = canvas.getContext('webgl', {preserveDrawingBuffer: true});
	if (!gl) {
		throw new Error('WebGL is not there');
	}
	const program = gl.createProgram()!;
	gl.attachShader(program, compile(gl, gl.VERTEX_SHADER, vertexSource));
	gl.attachShader(program, compile(gl, gl.FRAGMENT_SHADER, fragmentSource));
	gl.linkProgram(program);
	gl.useProgram(program);
	gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
	gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 3, -1, -1, 3]), gl.STATIC_DRAW);
	const corner = gl.getAttribLocation(program, 'corner');
	gl.enableVertexAttribArray(corner);
	gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
	gl.uniform2f(gl.getUniformLocation(program, 'size'), canvas.width, canvas.height);
	const timeUniform = gl.getUniformLocation(program, 'time');
	return (time) => {
		gl.uniform1f(timeUniform, time);
		gl.drawArrays(gl.TRIANGLES, 0, 3);
	};
};

/** A fragment shader over the whole frame. */
export const WebGL: React.FC = () => {
	const frame = useCurrentFrame();
	const {fps, width, height} = useVideoConfig();
	const canvas = useRef<HTMLCanvasElement>(null);
	const painter = useRef<Painter>(null);
	useLayoutEffect(() => {
		painter.current ??= createPainter(canvas.current!);
		painter.current(frame / fps);
	}, [frame, fps]);
	return (
		<AbsoluteFill style={{background: 'black'}}>
			<canvas ref={canvas} width={width} height={height} />
		</AbsoluteFill>
	);
};
