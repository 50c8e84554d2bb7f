// What somebody folded or unfolded stays so when a view is drawn anew: of a run that is
// still written, every few seconds.

// By what it is about (the nearest data-key around it), and which of those.
function all(root) {
	const counts = new Map();
	const found = new Map();

	for (const one of root.querySelectorAll("details")) {
		const about = one.closest("[data-key]")?.dataset.key ?? "";
		const at = counts.get(about) ?? 0;

		counts.set(about, at + 1);
		found.set(`${at} ${about}`, one);
	}
	return found;
}

// How they are now: for restore(), when others stand in their place.
export function keep(root) {
	return new Map([...all(root)].map(([key, { open, firstElementChild: summary }]) =>
		[key, { open, focus: summary !== null && summary === document.activeElement }]));
}

export function restore(root, kept) {
	for (const [key, one] of all(root)) {
		const before = kept.get(key);

		if (!before)
			continue;
		one.open = before.open;
		if (before.focus)
			one.firstElementChild?.focus({ preventScroll: true });
	}
}
