// What is not whole, above every view: whoever reads a number must know what it is of.
import { fill, h } from "./dom.js";
import { bytes, count, ns, share } from "./units.js";

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
	const of = (number, what) => number > 0 ? `${count(number)} ${what}` : null;

	return [
		["live", run.running ? "Live: the program is still running; numbers follow it." : null],
		["bad", error ? `The last look at the trace failed: ${error}` : null],
		["bad", run.complete === false && !run.running
			? "The trace was not closed: its end is missing." : null],
		["bad", of(run.damaged, "parts of the trace are damaged and left out.")],
		["bad", of(run.missing, "pieces of the trace are missing.")],
		["bad", run.lost > 0 ? `${count(run.lost)} events were lost` +
			`${run.lost_why ? ` (${run.lost_why})` : ""}: counts are too low.` : null],
		["note", run.filter ? `Only the sites and blocks that pass: ${run.filter}` : null],
		["note", run.pauses > 0 ? `Paused for ${ns(run.paused_ns)}: ${count(run.passed)} allocations of then ` +
			"were counted and not recorded." : null],
		["note", sampling(run)],
		["note", run.unknown > 0 ? `${count(run.unknown)} blocks ` +
			`(${share(run.unknown, run.recorded)} of those recorded) are not decided` +
			`${run.whole === false && !run.marks ? ": esc record --exact decides most of a sample's" : ""}.` : null],
		["note", of(run.cut, "stacks were cut at the depth limit.")],
		["note", of(run.broken, "stacks end early: code without unwind tables.")],
		...[].concat(left ?? []).map((what) => ["note", `Not in this file: ${what}`]),
	].filter(([, text]) => text);
}

export function banner(list, run, documents) {
	const found = notes(run, documents);

	list.hidden = found.length === 0;
	return fill(list, found.map(([kind, text]) => h("li", { class: kind }, text)));
}
