// What tests/web/src/shown.c prints: [kind, value, text].
import { execFileSync } from "node:child_process";

export const top = process.env.top_srcdir ?? ".";

export function shown() {
	const program = `${process.env.top_builddir ?? "_build"}/tests/web/src/shown`;

	return execFileSync(program, { encoding: "utf8", maxBuffer: 1 << 26 }).trimEnd().split("\n")
		.map((line) => /^(\S+) (\S+) (.*)$/.exec(line).slice(1));
}
