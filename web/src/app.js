// The page: what /api/info and /api/sites say, as text. Names come from the traced
// program and are data: they are set by textContent, never as markup.

const at = (id) => document.getElementById(id);
const place = { offset: 0, total: 0, turn: 0 };

function make(tag, text, name) {
	const made = document.createElement(tag);

	made.textContent = text;
	if (name)
		made.className = name;
	return made;
}

function scaled(value, units, step) {
	let at = 0;

	while (value >= step && at < units.length - 1) {
		value /= step;
		at++;
	}
	return (at > 0 && value < 100 ? value.toFixed(1) : Math.round(value).toString()) + units[at];
}

const count = (value) => scaled(value ?? 0, ["", " k", " M", " G"], 1000);
const bytes = (value) => scaled(value ?? 0, [" B", " KiB", " MiB", " GiB"], 1024);
const time = (value) => value == null ? "" : scaled(value, [" ns", " µs", " ms", " s"], 1000);

async function ask(path) {
	const answer = await fetch(path);

	if (!answer.ok)
		throw new Error(`${path}: ${answer.status} ${(await answer.text()).trim()}`);
	return answer.json();
}

function say(error) {
	at("state").textContent = error.message;
}

function row(site) {
	const made = document.createElement("tr");
	const details = document.createElement("details");
	const stack = document.createElement("ol");
	const where = document.createElement("td");

	details.append(make("summary", site.function));
	for (const name of site.stack ?? [])
		stack.append(make("li", name));
	details.append(stack);
	where.append(site.file ? `${site.file}:${site.line}` : site.module ?? "");
	made.append(make("td", site.verdict));
	made.append(document.createElement("td"));
	made.lastChild.append(details);
	made.append(where);
	made.append(make("td", count(site.blocks?.estimated), "n"));
	made.append(make("td", bytes(site.bytes?.estimated), "n"));
	made.append(make("td", time(site.life_ns?.p50), "n"));
	made.append(make("td", time(site.cost_ns?.total), "n"));
	return made;
}

async function sites(from) {
	const turn = ++place.turn;
	const choice = new URLSearchParams({ sort: at("sort").value, offset: from, count: 200 });

	for (const name of ["verdict", "text"])
		if (at(name).value)
			choice.set(name, at(name).value);
	const found = await ask(`/api/sites?${choice}`);
	if (turn !== place.turn)
		return; // a later choice was made meanwhile
	if (from === 0)
		at("sites").replaceChildren();
	at("sites").append(...found.sites.map(row));
	place.offset = from + found.sites.length;
	place.total = found.page.total;
	at("more").hidden = place.offset >= place.total;
	at("state").textContent = place.total === 0
		? "No site is like that: choose another verdict or text."
		: `${place.offset} of ${place.total} sites`;
}

async function info() {
	const { run } = await ask("/api/info");
	const missing = [
		[run.lost, "events were lost"],
		[run.unknown, "blocks are not decided"],
	];

	at("command").textContent = (run.command ?? []).join(" ");
	document.title = `esc: ${at("command").textContent}`;
	at("facts").textContent = `mode ${run.mode}, ran ${time(run.duration_ns)}, ` +
		`${count(run.allocations)} allocations, ${count(run.frees)} frees, ` +
		`${bytes(run.bytes)} allocated, ${bytes(run.peak_bytes)} at the peak`;
	for (const [number, what] of missing)
		if (number > 0)
			at("warnings").append(make("li", `${count(number)} ${what}`));
}

for (const verdict of ["stack", "buffer", "caller", "reuse", "large", "mixed", "heap", "thread",
	"live", "unknown"])
	at("verdict").append(make("option", verdict));
for (const name of ["verdict", "sort", "text"])
	at(name).addEventListener("input", () => sites(0).catch(say));
at("choice").addEventListener("submit", (event) => event.preventDefault());
at("more").addEventListener("click", () => sites(place.offset).catch(say));
info().catch(say);
sites(0).catch(say);
