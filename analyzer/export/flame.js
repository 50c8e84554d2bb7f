"use strict";
(function () {
	var svg = document.documentElement;
	var ROW = 18, PAD = 10, TOP = 104;
	var unit = svg.getAttribute("data-unit");
	var total = +svg.getAttribute("data-total");
	var id = function (name) { return document.getElementById(name); };
	var frames = [].slice.call(id("frames").children).map(function (g) {
		return {
			g: g, rect: g.children[1], text: g.children[2],
			start: +g.getAttribute("data-s"),
			value: +g.getAttribute("data-v"),
			depth: +g.getAttribute("data-d"),
			verdict: g.getAttribute("data-k"),
			/* of two runs: what stands in front of the name, what is said of it */
			mark: g.getAttribute("data-m") || "", change: g.getAttribute("data-c"),
			name: g.getAttribute("data-n"), hit: false
		};
	});
	var zoom = frames[0], byName = false, width = 1200, letter = 7;

	function count(value) {
		var units = [[1e12, " T"], [1e9, " G"], [1e6, " M"], [1e3, " k"]];
		for (var i = 0; i < units.length && value >= 9999.5; i++)
			if (value >= units[i][0])
				return (value / units[i][0]).toPrecision(3) + units[i][1];
		return String(Math.round(value));
	}
	function bytes(value) {
		var units = ["B", "KiB", "MiB", "GiB", "TiB"], i = 0;
		for (; value >= 1023.5 && i < 4; i++)
			value /= 1024;
		return (i ? value.toPrecision(value >= 999.5 ? 4 : 3) : Math.round(value)) +
			" " + units[i];
	}
	function time(value) {
		if (value < 999.5)
			return Math.round(value) + " ns";
		if (value < 999.5e3)
			return (value / 1e3).toPrecision(3) + " us";
		if (value < 999.5e6)
			return (value / 1e6).toPrecision(3) + " ms";
		return (value / 1e9).toFixed(2) + " s";
	}
	function shown(value) {
		return unit === "bytes" ? bytes(value) :
			unit === "ns" ? time(value) :
			count(value) + (count(value) === "1" ? " block" : " blocks");
	}
	function share(part, whole) {
		var value = whole > 0 ? 100 * part / whole : 0;
		return (value === 0 ? "0" : value < 10 ? value.toFixed(value < 0.1 ? 3 : 1) :
			value.toFixed(0)) + "%";
	}
	function describe(frame) {
		if (frame.change)
			return frame.name + " \u2014 " + frame.change;
		return frame.name + " \u2014 " + shown(frame.value) + ", " +
			share(frame.value, total) + " of all" +
			(zoom.depth > 0 ? ", " + share(frame.value, zoom.value) +
				" of the view" : "") + " \u2014 mostly " + frame.verdict;
	}

	/* What it is nested in goes first, then its end. */
	function shorten(name, most) {
		var rest = name, at;
		while (rest.length + (rest !== name) > most &&
				(at = rest.indexOf("::")) >= 0 && at + 2 < rest.length)
			rest = rest.slice(at + 2);
		if (rest !== name)
			rest = "\u2026" + rest;
		return rest.length <= most ? rest : rest.slice(0, most - 1) + "\u2026";
	}

	/* As much of the name as the box holds, by real measurement. */
	function fit(frame, room) {
		var text = frame.text, name = (frame.mark ? frame.mark + " " : "") + frame.name;
		if (room < 3 * letter) {
			text.textContent = "";
			return;
		}
		var most = Math.floor(room / letter);
		if (/^[ -~]*$/.test(name)) {
			text.textContent = shorten(name, most);
			return;
		}
		var letters = Array.from(name), low = 0, high = letters.length;
		text.textContent = name;
		if (text.getComputedTextLength() <= room)
			return;
		while (low < high) {
			var middle = (low + high + 1) >> 1;
			text.textContent = letters.slice(0, middle).join("") + "\u2026";
			if (text.getComputedTextLength() <= room)
				low = middle;
			else
				high = middle - 1;
		}
		text.textContent = low ? letters.slice(0, low).join("") + "\u2026" : "";
	}
	function layout() {
		var from = zoom.start, to = zoom.start + zoom.value;
		var scale = (width - 2 * PAD) / (zoom.value || 1);
		var deepest = 0, slack = (zoom.value || 1) * 1e-9;
		frames.forEach(function (frame) {
			var end = frame.start + frame.value;
			var above = frame.depth < zoom.depth && frame.start <= from + slack &&
				end >= to - slack;
			var inside = frame.depth >= zoom.depth && frame.start >= from - slack &&
				end <= to + slack;
			var size = above ? width - 2 * PAD : frame.value * scale;
			if (!(above || inside) || size < 0.3) {
				frame.g.style.display = "none";
				return;
			}
			var x = above ? PAD : PAD + (frame.start - from) * scale;
			frame.g.style.display = "";
			frame.g.style.opacity = above ? 0.55 : 1;
			frame.rect.setAttribute("x", x.toFixed(2));
			frame.rect.setAttribute("width", Math.max(size - 0.6, 0.3).toFixed(2));
			frame.text.setAttribute("x", (x + 4).toFixed(2));
			fit(frame, size - 8);
			deepest = Math.max(deepest, frame.depth);
		});
		var height = TOP + (deepest + 1) * ROW + 34;
		svg.setAttribute("width", width);
		svg.setAttribute("height", height);
		svg.setAttribute("viewBox", "0 0 " + width + " " + height);
		id("page").setAttribute("width", width);
		id("page").setAttribute("height", height);
		id("bar").setAttribute("width", width);
		id("note").setAttribute("y", height - 12);
		id("tools").setAttribute("transform", "translate(" + (width - 412) + ",14)");
	}
	function hash(name) {
		var value = 2166136261;
		for (var i = 0; i < name.length; i++)
			value = Math.imul(value ^ name.charCodeAt(i), 16777619);
		return (value >>> 0) / 4294967296;
	}
	function paint() {
		frames.forEach(function (frame) {
			var part = hash(frame.name), more = hash(frame.name + "!");
			frame.rect.style.fill = byName && frame.depth > 0 ?
				"hsl(" + Math.round(12 + part * 46) + "," +
				Math.round(62 + more * 25) + "%," +
				Math.round(62 + more * 12) + "%)" : "";
		});
		id("legend").style.display = byName ? "none" : "";
		id("colour").textContent = "Colour: " +
			(byName ? "function" : svg.getAttribute("data-colour"));
	}
	function zoomTo(frame) {
		zoom = frame;
		id("reset").style.opacity = frame.depth > 0 ? 1 : 0.4;
		layout();
		say("");
	}
	function say(text) {
		id("details").textContent = text ||
			(zoom.depth > 0 ? describe(zoom) :
				"Click a frame to zoom in, Esc to go back, Ctrl-F to search");
	}

	/* Of frames inside one another only the outermost counts. */
	function search(term) {
		var test = null, sum = 0, spans = [];
		if (term) {
			try {
				var pattern = new RegExp(term, "i");
				test = function (name) { return pattern.test(name); };
			} catch (e) {
				test = function (name) { return name.indexOf(term) >= 0; };
			}
		}
		frames.forEach(function (frame) {
			frame.hit = frame.depth > 0 && test !== null && test(frame.name);
			frame.g.setAttribute("class", frame.hit ? "f hit" :
				test ? "f miss" : "f");
			if (frame.hit)
				spans.push(frame);
		});
		spans.sort(function (a, b) {
			return a.start - b.start || a.depth - b.depth;
		});
		var end = -1;
		spans.forEach(function (frame) {
			if (frame.start >= end - total * 1e-9) {
				sum += frame.value;
				end = frame.start + frame.value;
			}
		});
		id("matched").textContent = test ?
			spans.length + " found, " + share(sum, total) : "";
	}
	function frameOf(target) {
		var g = target.closest ? target.closest("#frames > g") : null;
		return g ? frames[[].indexOf.call(id("frames").children, g)] : null;
	}
	id("frames").addEventListener("mouseover", function (event) {
		var frame = frameOf(event.target);
		if (frame)
			say(describe(frame));
	});
	id("frames").addEventListener("mouseout", function () { say(""); });
	id("frames").addEventListener("click", function (event) {
		var frame = frameOf(event.target);
		if (frame)
			zoomTo(frame);
	});
	id("frames").addEventListener("keydown", function (event) {
		var frame = frameOf(event.target);
		if (frame && event.key === "Enter")
			zoomTo(frame);
	});
	id("reset").addEventListener("click", function () { zoomTo(frames[0]); });
	id("colour").addEventListener("click", function () {
		byName = !byName;
		paint();
	});
	id("search").addEventListener("input", function () { search(this.value.trim()); });
	window.addEventListener("keydown", function (event) {
		if ((event.ctrlKey || event.metaKey) && event.key === "f") {
			event.preventDefault();
			id("search").focus();
			id("search").select();
		} else if (event.key === "Escape") {
			id("search").value = "";
			search("");
			id("search").blur();
			zoomTo(frames[0]);
		}
	});
	function resize() {
		width = Math.max(760, document.documentElement.clientWidth ||
			window.innerWidth || 1200);
		layout();
	}
	/* The head stays in sight above deep stacks. */
	window.addEventListener("scroll", function () {
		id("head").setAttribute("transform", "translate(0," + window.scrollY + ")");
	});
	window.addEventListener("resize", resize);
	id("ruler").textContent = new Array(101).join("m");
	letter = id("ruler").getComputedTextLength() / 100 || 7;
	id("ruler").textContent = "";
	id("tools").style.display = "";
	paint();
	resize();
	zoomTo(frames[0]);
}());
