// Keys that work everywhere but where text is typed. A view adds its own while it is shown.

const everywhere = new Map();
let here = new Map();

// {key, title, run}: key as KeyboardEvent.key has it.
export function bind(...bindings) {
	for (const binding of bindings)
		everywhere.set(binding.key, binding);
}

// Replaces the keys of the view before.
export function bindView(bindings = []) {
	here = new Map(bindings.map((binding) => [binding.key, binding]));
}

// All that work now, for the help.
export function list() {
	return [...everywhere.values(), ...here.values()];
}

const typing = (element) => element?.matches?.("input:not([type=checkbox]), textarea, select") ?? false;

export function start() {
	addEventListener("keydown", (event) => {
		if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey)
			return;
		if (typing(event.target)) {
			if (event.key === "Escape")
				event.target.blur();
			return;
		}
		const binding = here.get(event.key) ?? everywhere.get(event.key);

		if (binding) {
			event.preventDefault();
			binding.run(event);
		}
	});
}
