// Where documents come from: the server that sent the page, or the file that the page is
// in. No view knows which.
import { unpack } from "./unpack.js";

function keyOf(name, params) {
	const query = new URLSearchParams();

	for (const key of Object.keys(params).sort()) {
		if (params[key] !== undefined && params[key] !== null)
			query.set(key, params[key]);
	}
	return `${name}?${query}`;
}

// Asks `esc serve`. Errors have `absent` where this esc or run has no such document.
export function http(ask = fetch) {
	return {
		live: true,
		exportLink: (name, run = 1) => `/export/${encodeURIComponent(name)}${run === 1 ? "" : `?run=${run}`}`,
		async load(name, params) {
			const answer = await ask(`/api/${keyOf(name, params)}`).catch(() => {
				throw new Error("esc serve does not answer: is it still running?");
			});
			if (answer.ok)
				return answer.json();
			const text = (await answer.text()).trim().slice(0, 300);
			const error = new Error(text || `${name}: HTTP ${answer.status}`);

			// 400: nobody can have called anything so
			error.absent = answer.status === 404 || (answer.status === 400 && name in KEYED);
			throw error;
		},
	};
}

// Blocks of one kind of document by their key: what is looked up in them, and how.
const KEYED = { site: "id", source: "file" };

// Reads blocks, name (as `sites?run=1`) to base64 of gzip, that `esc serve --html` wrote.
export function file(blocks) {
	const opened = new Map();

	function block(name) {
		if (!blocks.has(name))
			return null;
		if (!opened.has(name))
			opened.set(name, unpack(blocks.get(name)).then(JSON.parse));
		return opened.get(name);
	}
	return {
		live: false,
		exportLink: () => null,
		async load(name, { run = 1, ...rest }) {
			const found = await (block(`${name}?run=${run}`) ?? block(name));
			const key = KEYED[name];
			const part = found && key ? found[rest[key]] : found;

			if (part !== null && part !== undefined)
				return part;
			const error = new Error(found
				? `this file does not have that ${name}: esc serve has them all`
				: `this file does not have the document ${name}: esc serve has it`);

			error.absent = true;
			throw error;
		},
	};
}

// The provider that fits: blocks in the page, or the server.
export function provider(page = document) {
	const found = [...page.querySelectorAll('script[type="application/json+gzip"]')];

	return found.length > 0
		? file(new Map(found.map((one) => [one.dataset.name, one.textContent])))
		: http();
}

// get(name, params) asks for each document once, until forget().
export function documents(from) {
	const kept = new Map();

	return {
		live: from.live,
		exportLink: from.exportLink,
		get(name, params = {}) {
			const key = keyOf(name, params);

			if (!kept.has(key)) {
				const asked = from.load(name, params);

				kept.set(key, asked);
				// what failed may work the next time
				asked.catch(() => kept.get(key) === asked && kept.delete(key));
			}
			return kept.get(key);
		},
		// The document, or null where there is none.
		async find(name, params = {}) {
			try {
				return await this.get(name, params);
			} catch (error) {
				if (error.absent)
					return null;
				throw error;
			}
		},
		// The next get asks again: for all documents, or for those of that name.
		forget(name) {
			for (const key of [...kept.keys()])
				if (name === undefined || key.startsWith(`${name}?`))
					kept.delete(key);
		},
	};
}
