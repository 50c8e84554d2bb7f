// A canvas of so many CSS pixels, sharp on any screen, cleared, and its context.
export function surface(canvas, width, height) {
	const ratio = devicePixelRatio || 1;
	const context = canvas.getContext("2d");

	if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
		canvas.width = Math.round(width * ratio);
		canvas.height = Math.round(height * ratio);
		canvas.style.setProperty("width", `${width}px`);
		canvas.style.setProperty("height", `${height}px`);
	}
	context.setTransform(ratio, 0, 0, ratio, 0, 0);
	context.clearRect(0, 0, width, height);
	return context;
}
