"""The tables of a result, one function each."""
import statistics

from figures import of_group, row_of, rows_of, scale
from text import ns, number, spread, table

BUSY = 0.5
BRIEF = ("native", "full", "exact", "sampled", "auto", "heaptrack-preload", "heaptrack")


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
    return table(["", *(heading for heading, _ in columns)], rows)


def _cell_of_overview(row):
    if "failed" in row:
        return row["failed"]
    return f"{ns(row)} ({number(row['ratio']['median'], 2)})" if row.get("ns_per_event") else ""


def brief(result):
    """The overview of what esc does, and its nearest peer."""
    kept = {key: value for key, value in result.items() if key != "programs"}
    kept["programs"] = [dict(one, rows=[row for row in one["rows"] if row["profiler"] in BRIEF])
                        for one in result["programs"]]
    return overview(kept)


def _by_program(result, cell):
    programs = [one for one in of_group(result, "program") if one["rows"]]
    keys = dict.fromkeys(program["program"] for program in programs)
    return _matrix(programs, [(key, [one for one in programs if one["program"] == key])
                              for key in keys], cell)


def overview(result):
    return _by_program(result, _cell_of_overview)


def _cell_of_memory(row):
    return row.get("failed") or number(row.get("added_mib"), 1)


def memory(result):
    """MiB that a profiler adds to the peak of all processes."""
    return _by_program(result, _cell_of_memory)


def redis(result):
    """Commands a second that the server takes, and of the native server's."""
    rows = []
    native = row_of(result, "redis", "native").get("throughput")
    for key, title in _titles(of_group(result, "program")).items():
        rate = row_of(result, "redis", key).get("throughput")
        if rate and native:
            rows.append([title, *(number(rate[which] / 1000, 0)
                                  for which in ("median", "min", "max")),
                         number(100 * rate["median"] / native["median"], 0) + " %"])
    return table(["", "thousand commands a second", "min", "max", "of native"], rows)


def _noise(result):
    spreads = [100 * (row["cpu"]["max"] - row["cpu"]["min"]) / row["cpu"]["median"]
               for group in ("program", "long") for _, row in rows_of(result, group, "native")
               if len(row["runs"]) > 1]
    if not spreads:
        return "One run each: nothing is known of the noise."
    return (f"Noise: from the least to the most CPU of a native program, "
            f"{number(statistics.median(spreads), 1)} % (median), "
            f"{number(max(spreads), 1)} % (most).")


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
    if about["load"] > BUSY:
        lines.append(f"Other programs ran: the load was {about['load']:.1f} when it began.")
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
            rows.append([name, row["title"], spread(row["cpu"], 3), spread(row.get("ratio"), 2),
                         ns(row), ns(row, "ns_at_best"), number(row["cpu_outside"], 3),
                         spread(row["wall"], 3),
                         number(rate["median"] / 1e6 if rate else None, 2),
                         number(row["peak_mib"], 1), number(row.get("bytes_per_event"), 1)])
    return table(["program", "under", "CPU s (min to max)", "ratio", "ns/event", "at best",
                   "outside s", "wall s", "M ops/s", "peak MiB", "B/event"], rows)


def programs(result):
    return _details([one for one in result["programs"] if one["group"] in ("program", "long")])


def storms(result):
    return _details(of_group(result, "storm"))


def events(result):
    rows = [[one["program"], one["title"], f"{one['events'] / 1e6:.2f} M",
             f"{one['allocations'] / 1e6:.2f} M",
             number(one["events"] / one["rows"][0]["cpu"]["median"] / 1e6, 1)]
            for one in result["programs"] if one["group"] in ("program", "long") and
            one["scale"] == scale(result) and one["rows"] and
            "cpu" in one["rows"][0]]
    return table(["program", "what it does", "events", "allocations", "M events per CPU second"],
                  rows)


def start(result):
    rows = []
    for row in (row for one in of_group(result, "start") for row in one["rows"]):
        if "cpu" in row:
            rows.append([row["title"], *(number(1000 * value, 1) for value in (
                row["cpu"]["median"], row["cpu_outside"], row["wall"]["median"],
                statistics.median([run["wall_all"] for run in row["runs"]])))])
    return table(["", "CPU ms", "of it outside", "wall ms", "until the last is gone"], rows)


def traces(result):
    rows = []
    for program in of_group(result, "program"):
        name = program["program"]
        for row in program["rows"]:
            if "bytes_per_event" not in row or program["scale"] != scale(result):
                continue
            read, again = row.get("analysis"), row.get("analysis_again")
            took = read["wall"] if read and read["status"] == 0 else None
            rows.append([name, row["title"], number(row["bytes_per_event"], 1),
                         number(row.get("zstd_per_event"), 2),
                         number(row.get("packed_per_event"), 2),
                         number(took, 2) if took or not read else "failed",
                         number(again["wall"] if again and took else None, 2),
                         number(program["events"] / took / 1e6 if took else None, 1),
                         number(read["anonymous_kib"] / 1024 if read else None, 0)])
            name = ""
    return table(["program", "under", "B/event", "zstd -3", "esc pack", "analysis s", "again s",
                   "M events/s", "peak MiB"], rows)


def storm(result):
    """ns an event of one thread, by depth and kind of stacks."""
    ones = [one for one in of_group(result, "storm") if one["threads"] == 1]
    keys = list(dict.fromkeys(one["program"] for one in ones))
    columns = []
    for key in keys:
        those = [one for one in ones if one["program"] == key]
        columns.append((f"{those[0]['depth']} frames, {those[0]['stacks']}", those))
    return _matrix(ones, columns, _cell_of_overview)


THREADS = (1, 2, 8, 64)


def threads(result):
    """Throughput by threads, with CPU per event; and that of two against one."""
    wanted = [one for one in of_group(result, "storm")
              if one["depth"] == 30 and one["scale"] == scale(result)]
    rows = []
    for stacks in ("same", "varying"):
        those = [next((one for one in wanted if (one["stacks"], one["threads"]) == (stacks, n)),
                      {"rows": []}) for n in THREADS]
        for key, title in _titles(wanted).items():
            found = [next((row for row in one["rows"] if row["profiler"] == key and
                           "throughput" in row), None) for one in those]
            if sum(row is not None for row in found) < 2:
                continue
            cells = ["" if row is None else
                     f"{number(row['throughput']['median'] / 1e6, 1)} "
                     f"({number(row['cpu']['median'] * 1e9 / one['events'], 0)})"
                     for one, row in zip(those, found)]
            twice = found[1]["throughput"]["median"] / found[0]["throughput"]["median"] \
                if found[0] and found[1] else None
            rows.append([title, stacks, *cells, number(twice, 2)])
    return table(["", "stacks", "1 thread", *map(str, THREADS[1:]), "2 against 1"], rows)
