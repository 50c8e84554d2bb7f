// Names of the traced program as they may be looked at. What is invisible, turns the
// direction of text or is no character at all shows as an escape, as the commands have
// it (analyzer/util/term.c): a name never looks like another one.

const UNSAFE = new RegExp("[" +
	"\\u{0}-\\u{1f}\\u{7f}-\\u{9f}\\u{ad}\\u{34f}\\u{61c}\\u{115f}\\u{1160}\\u{17b4}\\u{17b5}" +
	"\\u{180b}-\\u{180f}\\u{200b}-\\u{200f}\\u{2028}-\\u{202e}\\u{2060}-\\u{206f}\\u{3164}" +
	"\\u{d800}-\\u{dfff}\\u{fdd0}-\\u{fdef}\\u{fe00}-\\u{fe0f}\\u{feff}\\u{ffa0}" +
	"\\u{fff0}-\\u{fffb}\\u{fffe}\\u{ffff}\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}" +
	"\\u{e0000}-\\u{e0fff}]", "gu");

// No name is of use beyond; a title of 64 KiB stops a browser.
export const LONGEST = 2000;

function escaped(character) {
	const code = character.codePointAt(0);

	return code < 0x80 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}

// The text, harmless, of at most `longest` characters and a mark where more were.
export function visible(text, longest = LONGEST) {
	const whole = String(text ?? "");
	const part = whole.length > longest ? `${whole.slice(0, longest)}…` : whole;

	return part.replace(UNSAFE, escaped);
}

// The last component of a path.
export function base(path) {
	return path.slice(path.lastIndexOf("/") + 1);
}

// What was run, as `esc report` has it: words apart, and empty ones there.
export function commandOf({ command }) {
	return (command ?? []).map((word) => word === "" || /[ \t"'$\\]/.test(word) ? `'${word}'` : word).join(" ");
}

// What a process was run as, which a link may call otherwise than its file.
export function programOf({ name, program } = {}) {
	return name || base(program ?? "");
}

// `file:line`, the file without its folders; the module in brackets where there is none.
export function place(file, line, module) {
	if (file)
		return line > 0 ? `${base(file)}:${line}` : base(file);
	return module ? `(${base(module)})` : "";
}
