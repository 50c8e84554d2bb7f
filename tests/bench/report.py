"""What raw runs come to, and the tables of it in Markdown."""
import re
import statistics


def _spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def _cpu(run):
    return run["user"] + run["sys"]


def _sum_row(row, base, events):
    """Adds what the runs of a row come to: beside those of its base, turn by turn."""
    runs = row["runs"]
    row["cpu"] = _spread([_cpu(run) for run in runs])
    row["cpu_outside"] = statistics.median(
        [_cpu(run) - run["own_user"] - run["own_sys"] for run in runs])
    row["wall"] = _spread([run["wall"] for run in runs])
    row["peak_mib"] = statistics.median([run["anonymous_kib"] for run in runs]) / 1024
    if all("throughput" in run for run in runs):
        row["throughput"] = _spread([run["throughput"] for run in runs])
    if base is not None and base["runs"]:
        pairs = list(zip(runs, base["runs"]))
        row["ratio"] = _spread([_cpu(run) / max(_cpu(other), 1e-6) for run, other in pairs])
        added = row["cpu"]["median"] - statistics.median(map(_cpu, base["runs"]))
        row["added_cpu"] = added
        row["ns_per_event"] = added * 1e9 / events if events else None
        row["ns_at_best"] = (row["cpu"]["min"] - min(map(_cpu, base["runs"]))) * 1e9 / events \
            if events else None
        row["added_mib"] = row["peak_mib"] - statistics.median(
            [run["anonymous_kib"] for run in base["runs"]]) / 1024
    if "trace_bytes" in runs[0] and events:
        row["bytes_per_event"] = statistics.median(
            [run["trace_bytes"] for run in runs]) / events
    for name in ("zstd", "packed"):
        if row.get(name + "_bytes") and events:
            row[name + "_per_event"] = row[name + "_bytes"] / events


def summed(results):
    """The results of measure.program, each row with its sums."""
    for result in results:
        result["events"] = result.get("allocations", 0) + result.get("frees", 0)
        rows = {row["profiler"]: row for row in result["rows"]}
        for row in result["rows"]:
            if row["runs"]:
                _sum_row(row, rows.get(row["base"]), result["events"])
    return results


def _table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def _number(value, digits):
    if value is None:
        return ""
    text = "%.*f" % (digits, value)
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def _range(spread, digits):
    if spread is None:
        return ""
    return "%s (%s to %s)" % tuple(_number(spread[key], digits) for key in ("median", "min", "max"))


def _ns(row, name="ns_per_event"):
    value = row.get(name)
    if value is not None and abs(value) >= 10000:
        return f"{_number(value / 1000, 0)} k"
    return _number(value, 0 if value is None or abs(value) >= 10 else 1)


def _of(result, group):
    return [one for one in result["programs"] if one["group"] == group]


def _scale(result):
    """Of the inputs that most profilers had."""
    return max(one["scale"] for one in result["programs"])


def _row(result, program, profiler):
    for one in result["programs"]:
        if one["program"] == program and one["scale"] == _scale(result):
            for row in one["rows"]:
                if row["profiler"] == profiler and "cpu" in row:
                    return row
    return {}


def _rows(result, group, profiler):
    """(program, row) of all programs of a group that ran under a profiler."""
    found = ((one["program"], _row(result, one["program"], profiler))
             for one in _of(result, group) if one["scale"] == _scale(result))
    return [(program, row) for program, row in found if row]


def _titles(programs):
    """Profilers in the order in which they ran: key -> title."""
    titles = {}
    for program in programs:
        for row in program["rows"]:
            titles.setdefault(row["profiler"], row["title"])
    return titles


def _matrix(programs, columns, cell):
    """A table of profilers by columns: (heading, programs that may hold the cell)."""
    titles = _titles(programs)
    titles.pop("native", None)
    rows = []
    for key, title in titles.items():
        cells = []
        for _, those in columns:
            found = [row for program in those for row in program["rows"]
                     if row["profiler"] == key]
            # The full inputs come first; only what is too slow has others.
            cells.append(cell(found[0]) if found else "")
        rows.append([title, *cells])
    return _table(["", *(heading for heading, _ in columns)], rows)


def _cell_of_overview(row):
    if "failed" in row:
        return row["failed"]
    return f"{_ns(row)} ({_number(row['ratio']['median'], 2)})" if row.get("ns_per_event") else ""


def brief(result):
    """The overview of what esc does, and its nearest peer."""
    kept = {key: value for key, value in result.items() if key != "programs"}
    kept["programs"] = [dict(one, rows=[row for row in one["rows"] if row["profiler"] in BRIEF])
                        for one in result["programs"]]
    return overview(kept)


def _by_program(result, cell):
    programs = [one for one in _of(result, "program") if one["rows"]]
    keys = dict.fromkeys(program["program"] for program in programs)
    return _matrix(programs, [(key, [one for one in programs if one["program"] == key])
                              for key in keys], cell)


def overview(result):
    return _by_program(result, _cell_of_overview)


def _cell_of_memory(row):
    return row.get("failed") or _number(row.get("added_mib"), 1)


def memory(result):
    """MiB that a profiler adds to the peak of all processes."""
    return _by_program(result, _cell_of_memory)


def redis(result):
    """Commands a second that the server takes, and of the native server's."""
    rows = []
    native = _row(result, "redis", "native").get("throughput")
    for key, title in _titles(_of(result, "program")).items():
        rate = _row(result, "redis", key).get("throughput")
        if rate and native:
            rows.append([title, *(_number(rate[which] / 1000, 0)
                                  for which in ("median", "min", "max")),
                         _number(100 * rate["median"] / native["median"], 0) + " %"])
    return _table(["", "thousand commands a second", "min", "max", "of native"], rows)


def _noise(result):
    spreads = [100 * (row["cpu"]["max"] - row["cpu"]["min"]) / row["cpu"]["median"]
               for group in ("program", "long") for _, row in _rows(result, group, "native")
               if len(row["runs"]) > 1]
    if not spreads:
        return "One run each: nothing is known of the noise."
    return (f"Noise: from the least to the most CPU of a native program, "
            f"{_number(statistics.median(spreads), 1)} % (median), "
            f"{_number(max(spreads), 1)} % (most).")


def machine(result):
    about = result["machine"]
    words = [about["processor"], f"{about['cores']} cores" + (
        " of a virtual machine" if about["virtual"] else ""), f"{about['memory_gib']} GiB",
        f"Linux {about['kernel']}", about["libc"], about["compiler"]]
    lines = [f"Command: `{result['command']}`, {result['when']}.",
             "Machine: " + ", ".join(word for word in words if word) + ".",
             "Packages: " + ", ".join(f"{name} {version}" for name, version in
                                      about["packages"].items()) + "."]
    lines.append(_noise(result))
    lines += [f"Absent: {one['title']}: {one['why']}." for one in result["absent"].values()]
    lines += [f"Absent: {one['program']}: {one['absent']}." for one in result["programs"]
              if "absent" in one]
    return "\n".join("- " + line for line in lines)


def _details(programs):
    rows = []
    for program in programs:
        for row in program["rows"]:
            name = program["program"] if row is program["rows"][0] else ""
            if name and program["scale"] != 1:
                name += f" × {program['scale']:g}"
            if "cpu" not in row:
                rows.append([name, row["title"], row.get("failed", "")] + [""] * 8)
                continue
            rate = row.get("throughput")
            rows.append([name, row["title"], _range(row["cpu"], 3), _range(row.get("ratio"), 2),
                         _ns(row), _ns(row, "ns_at_best"), _number(row["cpu_outside"], 3),
                         _range(row["wall"], 3),
                         _number(rate["median"] / 1e6 if rate else None, 2),
                         _number(row["peak_mib"], 1), _number(row.get("bytes_per_event"), 1)])
    return _table(["program", "under", "CPU s (min to max)", "ratio", "ns/event", "at best",
                   "outside s", "wall s", "M ops/s", "peak MiB", "B/event"], rows)


def programs(result):
    return _details([one for one in result["programs"] if one["group"] in ("program", "long")])


def storms(result):
    return _details(_of(result, "storm"))


def events(result):
    rows = [[one["program"], one["title"], f"{one['events'] / 1e6:.2f} M",
             f"{one['allocations'] / 1e6:.2f} M",
             _number(one["events"] / one["rows"][0]["cpu"]["median"] / 1e6, 1)]
            for one in result["programs"] if one["group"] in ("program", "long") and
            one["scale"] == _scale(result) and one["rows"] and
            "cpu" in one["rows"][0]]
    return _table(["program", "what it does", "events", "allocations", "M events per CPU second"],
                  rows)


def start(result):
    rows = []
    for row in (row for one in _of(result, "start") for row in one["rows"]):
        if "cpu" in row:
            rows.append([row["title"], *(_number(1000 * value, 1) for value in (
                row["cpu"]["median"], row["cpu_outside"], row["wall"]["median"],
                statistics.median([run["wall_all"] for run in row["runs"]])))])
    return _table(["", "CPU ms", "of it outside", "wall ms", "until the last is gone"], rows)


def traces(result):
    rows = []
    for program in _of(result, "program"):
        name = program["program"]
        for row in program["rows"]:
            if "bytes_per_event" not in row or program["scale"] != _scale(result):
                continue
            read, again = row.get("analysis"), row.get("analysis_again")
            took = read["wall"] if read and read["status"] == 0 else None
            rows.append([name, row["title"], _number(row["bytes_per_event"], 1),
                         _number(row.get("zstd_per_event"), 2),
                         _number(row.get("packed_per_event"), 2),
                         _number(took, 2) if took or not read else "failed",
                         _number(again["wall"] if again and took else None, 2),
                         _number(program["events"] / took / 1e6 if took else None, 1),
                         _number(read["anonymous_kib"] / 1024 if read else None, 0)])
            name = ""
    return _table(["program", "under", "B/event", "zstd -3", "esc pack", "analysis s", "again s",
                   "M events/s", "peak MiB"], rows)


def storm(result):
    """ns an event of one thread, by depth and kind of stacks."""
    ones = [one for one in _of(result, "storm") if one["threads"] == 1]
    keys = list(dict.fromkeys(one["program"] for one in ones))
    columns = []
    for key in keys:
        those = [one for one in ones if one["program"] == key]
        columns.append((f"{those[0]['depth']} frames, {those[0]['stacks']}", those))
    return _matrix(ones, columns, _cell_of_overview)


def threads(result):
    """Throughput by threads, M events/s, and that of two against one."""
    wanted = [one for one in _of(result, "storm")
              if one["depth"] == 30 and one["scale"] == _scale(result)]
    rows = []
    for stacks in ("same", "varying"):
        by_threads = {one["threads"]: {row["profiler"]: row for row in one["rows"]}
                      for one in wanted if one["stacks"] == stacks}
        for key, title in _titles(wanted).items():
            rates = [by_threads.get(n, {}).get(key, {}).get("throughput") for n in (1, 2, 8, 64)]
            twice = rates[1]["median"] / rates[0]["median"] if rates[0] and rates[1] else None
            if sum(rate is not None for rate in rates) < 2:
                continue
            rows.append([title, stacks, *(_number(rate["median"] / 1e6 if rate else None, 1)
                                          for rate in rates), _number(twice, 2)])
    return _table(["", "stacks", "1 thread", "2", "8", "64", "2 against 1"], rows)


def _each(result, profiler, of, digits, unit=""):
    """"least to most, median m" of a figure of all real programs."""
    values = [value for value in (of(program, row) for program, row in
                                  _rows(result, "program", profiler)) if value is not None]
    if not values:
        return ""
    return (f"{_number(min(values), digits)} to {_number(max(values), digits)}{unit}, "
            f"median {_number(statistics.median(values), digits)}{unit}")


def _percent(_, row):
    return 100 * (row["ratio"]["median"] - 1) if "ratio" in row else None


def _long(result, profiler):
    row = _row(result, "python3-long", profiler)
    return _number(_percent(None, row), 1) + " %" if row else ""


def _pair(result, program, profiler):
    value = _row(result, program, profiler).get("ns_per_event")
    return None if value is None else 2 * value


def _pairs(result, profiler):
    cells = [_pair(result, f"storm-d10-{kind}-t1", profiler) for kind in ("hot", "churn")]
    return "" if None in cells else "%s hot, %s churn" % tuple(_number(c, 1) for c in cells)


def _three(result, profiler):
    return ", ".join(f"{program} {_ns(_row(result, program, profiler))}"
                     for program in ("sqlite3", "python3", "cc1plus")
                     if _row(result, program, profiler))


def _doubling(result, profiler):
    cells = []
    for stacks in ("same", "varying"):
        rates = [_row(result, f"storm-d30-{stacks}-t{n}", profiler).get("throughput")
                 for n in (1, 2)]
        if None not in rates:
            cells.append(f"{stacks} × {_number(rates[1]['median'] / rates[0]['median'], 2)}")
    return ", ".join(cells)


def _speed(result):
    def of(program, row):
        events_of = {one["program"]: one["events"] for one in result["programs"]
                     if one["scale"] == _scale(result)}
        read = row.get("analysis")
        good = read and read["status"] == 0
        return events_of[program] / read["wall"] / 1e6 if good else None
    return of


def _read_mib(_, row):
    return row["analysis"]["anonymous_kib"] / 1024 if "analysis" in row else None


def goals(result):
    """What esc wants to be, and is, beside its nearest peer in the same run."""
    def share(program, row):
        peer = _row(result, program, "heaptrack-preload").get("ns_per_event")
        return 100 * row["ns_per_event"] / peer if peer and row.get("ns_per_event") else None

    def peers(of, digits, unit):
        return "; ".join(f"{name} {text}" for name, text in (
            (name, _each(result, name + "-sampled", of, digits, unit))
            for name in ("jemalloc", "tcmalloc")) if text)

    def each(profiler, name, digits, unit=""):
        return _each(result, profiler, lambda _, row: row.get(name), digits, unit)
    peer = "heaptrack-preload"
    speed = _speed(result)
    rows = [
        ("an unsampled pair, ns", "1.5 hot, 0.5 churn", _pairs(result, "unsampled"),
         "; ".join(f"{name} {_pairs(result, name + '-sampled')}"
                   for name in ("jemalloc", "tcmalloc") if _pairs(result, name + "-sampled"))),
        ("*sampled*, CPU", "median 1 %", _each(result, "sampled", _percent, 1, " %"),
         peers(_percent, 1, " %")),
        ("*auto*, CPU of a long run", "2 %", _long(result, "auto"),
         "esc sampled " + _long(result, "sampled")),
        ("*full*, ns/event", "sqlite3 40, python3 45, cc1plus 80", _three(result, "full"),
         "heaptrack's preload " + _three(result, peer)),
        ("the same, of heaptrack's preload", "25 %", _each(result, "full", share, 0, " %"), ""),
        ("*full*, two threads against one", "× 2", _doubling(result, "full"),
         "heaptrack's preload " + _doubling(result, peer) + "; native " +
         _doubling(result, "native")),
        ("trace, B/event", "8", each("full", "bytes_per_event", 1),
         "heaptrack's preload " + each(peer, "bytes_per_event", 1)),
        ("after zstd -3", "1", each("full", "zstd_per_event", 2),
         "heaptrack's preload " + each(peer, "zstd_per_event", 2)),
        ("after esc pack", "1", each("full", "packed_per_event", 2),
         "heaptrack " + each("heaptrack", "bytes_per_event", 2)),
        ("analysis, M events/s", "10", _each(result, "full", speed, 1),
         "heaptrack's, from raw " + _each(result, peer, speed, 1)),
        ("memory of the analysis, MiB", "150", _each(result, "full", _read_mib, 0),
         "heaptrack's, from raw " + _each(result, peer, _read_mib, 0)),
        ("memory added, MiB", "16", each("full", "added_mib", 1),
         "heaptrack's preload " + each(peer, "added_mib", 1)),
    ]
    return _table(["what", "goal, at most; speed: at least", "esc", "peers in the same run"],
                  [row for row in rows if row[2]])


WORDS = """An *event* is an allocation or a free of a block (a `realloc` that moves or keeps a
block is both); they are counted by a shim that only counts. *CPU* is user and system time of
the program and of all processes that it started, keepers and interpreters of the profiler too;
*outside* is the part that is not the program's own. *ratio* is CPU by that of the base in the
same turn, *ns/event* the difference of the medians by the events; *at best* is that of the
least CPU, which a busy machine disturbs less. Base is the native run; for
jemalloc's and tcmalloc's profilers it is the same allocator without. *peak* is anonymous memory
of all these processes at the worst moment seen (every 4 ms): no page cache, no trace. *B/event*
is the size of all that was written. Medians, with the least and the most of all runs, which are
taken in turn: each profiler once, then all again. DHAT and HEAPPROFILE have smaller inputs and a
third of the runs."""

BRIEF = ("native", "full", "exact", "sampled", "auto", "heaptrack-preload", "heaptrack")
SECTIONS = {"machine": machine, "overview": overview, "brief": brief, "goals": goals,
            "events": events, "programs": programs, "start": start, "traces": traces,
            "storm": storm, "memory": memory, "redis": redis, "threads": threads,
            "storms": storms, "words": lambda _: WORDS}
PRINTED = (("", "machine"), ("Goals", "goals"),
           ("Added, ns per event (CPU ratio)", "overview"),
           ("The programs", "events"), ("All figures", "programs"),
           ("redis", "redis"), ("Memory added, MiB", "memory"),
           ("Starting and ending", "start"), ("Traces", "traces"),
           ("Malloc storm, one thread: ns per event (CPU ratio)", "storm"),
           ("Malloc storm: M events/s", "threads"), ("All figures of the storm", "storms"),
           ("", "words"))


def markdown(result):
    parts = []
    for heading, name in PRINTED:
        text = SECTIONS[name](result)
        if text.count("\n") == 1 and text.startswith("|"):
            continue  # a table of nothing
        parts += ["## " + heading] if heading else []
        parts.append(text)
    return "\n\n".join(parts)


def update(path, result):
    """Replaces what stands between <!-- bench SECTION --> and <!-- bench end -->."""
    with open(path, encoding="utf-8") as file:
        text = file.read()

    def fill(match):
        return f"{match.group(1)}\n{SECTIONS[match.group(2)](result)}\n{match.group(3)}"
    text = re.sub(r"(<!-- bench (\w+) -->)\n.*?(<!-- bench end -->)", fill, text, flags=re.S)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
