// What is not whole, above every view: whoever reads a number must know what it is of.
import { fill, h } from "./dom.js";
import { bytes, ns, plural, share } from "./units.js";

function sampling(run) {
	const { interval_low: low, interval_high: high } = run;
	const interval = high > 1 ? `one block every ${bytes(low)}${high > low ? ` to ${bytes(high)}` : ""}`
		: "samples that met no block";

	// of several some may be complete
	if (run.sampled_runs > 0 && run.sampled_runs < run.runs)
		return `Estimates: ${run.sampled_runs} of ${run.runs} traces ${run.sampled_runs === 1 ? "is" : "are"} sampled, ` +
			`${interval}; the others are complete.`;
	if (run.mode === "auto" && !run.whole)
		return `Estimates: everything was recorded for ${run.runs > 1 ? "" : "the first "}${ns(run.whole_ns)}, ` +
			`${run.runs > 1 ? "else" : "then"} ${interval}.`;
	return run.mode === "sampled" && run.sample_interval > 1
		? `Estimates: one block every ${bytes(run.sample_interval)} was recorded.` : null;
}

// [kind, text]: of a run, in the order of what matters.
export function notes(run, { left_out: left = [], error } = {}) {
	const of = (what, number, noun, more = "") => number > 0 ? `${what}: ${plural(number, noun)}${more}.` : null;

	return [
		["live", run.running ? `Live: the program is still running; numbers are of its first ${ns(run.duration_ns)}, and follow it.` : null],
		["bad", error ? `The last look at the trace failed: ${error}` : null],
		["bad", run.complete === false && !run.running
			? "The trace was not closed: its end is missing." : null],
		["bad", of("Damaged and left out", run.damaged, "part", " of the trace")],
		["bad", of("Missing", run.missing, "piece", " of the trace")],
		["bad", of("Lost", run.lost, "event", `${run.lost_why ? ` (${run.lost_why})` : ""}; counts are too low`)],
		["note", run.filter ? `Only the sites and blocks that pass: ${run.filter}` : null],
		["note", run.pauses > 0 ? `Paused for ${ns(run.paused_ns)}: ${plural(run.passed, "allocation")} of then ` +
			"counted and not recorded." : null],
		["note", sampling(run)],
		["note", of("Not decided", run.unknown, "block", ` (${share(run.unknown, run.recorded)} of those recorded)` +
			(run.whole === false && !run.marks ? "; esc record --exact decides most of a sample's" : ""))],
		["note", of("Cut at the depth limit", run.cut, "stack")],
		["note", of("Ending early, at code without unwind tables", run.broken, "stack")],
		...[].concat(left ?? []).map((what) => ["note", `Not in this file: ${what}`]),
	].filter(([, text]) => text);
}

// `other`: the run that is shown beside it, or null.
export function banner(list, run, documents, other) {
	const found = [...notes(run, documents), ...(other ? notes(other) : []).map(([kind, text]) => [kind, `The other run: ${text}`])];

	list.hidden = found.length === 0;
	return fill(list, found.map(([kind, text]) => h("li", { class: kind }, text)));
}
