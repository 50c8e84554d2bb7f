// What a file packs: base64 of gzip.
export async function unpack(text) {
	const packed = Uint8Array.from(atob(text.replace(/\s+/g, "")), (c) => c.charCodeAt(0));
	const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));

	return new Response(stream).text();
}

// The script of that name that is packed in this page, or null: there is none.
export function packed(name) {
	return document.querySelector(`script[type="text/javascript+gzip"][data-name="${name}"]`);
}

// Runs it, if it is one that the page's policy names by its sum.
export async function run(block) {
	const script = document.createElement("script");

	script.textContent = await unpack(block.textContent);
	document.head.append(script); // it runs at once
	script.remove();
}
