"""How far the goals are, computed from a run, beside the nearest peers."""
import statistics

from figures import row_of, rows_of, scale
from text import ns, number, table


def _each(result, profiler, of, digits, unit=""):
    """"least to most, median m" of a figure of all real programs."""
    values = [value for value in (of(program, row) for program, row in
                                  rows_of(result, "program", profiler)) if value is not None]
    if not values:
        return ""
    return (f"{number(min(values), digits)} to {number(max(values), digits)}{unit}, "
            f"median {number(statistics.median(values), digits)}{unit}")


def _percent(_, row):
    return 100 * (row["ratio"]["median"] - 1) if "ratio" in row else None


def _long(result, profiler):
    row = row_of(result, "python3-long", profiler)
    return number(_percent(None, row), 1) + " %" if row else ""


def _pair(result, program, profiler):
    value = row_of(result, program, profiler).get("ns_per_event")
    return None if value is None else 2 * value


def _pairs(result, profiler):
    cells = [_pair(result, f"storm-d10-{kind}-t1", profiler) for kind in ("hot", "churn")]
    return "" if None in cells else "%s hot, %s churn" % tuple(number(c, 1) for c in cells)


def _three(result, profiler):
    return ", ".join(f"{program} {ns(row_of(result, program, profiler))}"
                     for program in ("sqlite3", "python3", "cc1plus")
                     if row_of(result, program, profiler))


def _doubling(result, profiler):
    cells = []
    for stacks in ("same", "varying"):
        rates = [row_of(result, f"storm-d30-{stacks}-t{n}", profiler).get("throughput")
                 for n in (1, 2)]
        if None not in rates:
            cells.append(f"{stacks} × {number(rates[1]['median'] / rates[0]['median'], 2)}")
    return ", ".join(cells)


def _speed(result):
    def of(program, row):
        events_of = {one["program"]: one["events"] for one in result["programs"]
                     if one["scale"] == scale(result)}
        read = row.get("analysis")
        good = read and read["status"] == 0
        return events_of[program] / read["wall"] / 1e6 if good else None
    return of


def _read_mib(_, row):
    return row["analysis"]["anonymous_kib"] / 1024 if "analysis" in row else None


def _peers(*pairs):
    return "; ".join(f"{name} {text}" for name, text in pairs if text)


def _of_times(result):
    """Rows: what, goal, esc, peers. Of CPU time."""
    def share(program, row):
        peer = row_of(result, program, "heaptrack-preload").get("ns_per_event")
        return 100 * row["ns_per_event"] / peer if peer and row.get("ns_per_event") else None

    def both(cell):
        return _peers(("jemalloc", cell("jemalloc-sampled")),
                      ("tcmalloc", cell("tcmalloc-sampled")))
    return [
        ("an unsampled pair, ns", "1.5 hot, 0.5 churn", _pairs(result, "unsampled"),
         both(lambda key: _pairs(result, key))),
        ("*sampled*, CPU", "median 1 %", _each(result, "sampled", _percent, 1, " %"),
         both(lambda key: _each(result, key, _percent, 1, " %"))),
        ("*auto*, CPU of a long run", "2 %", _long(result, "auto"),
         _peers(("esc sampled", _long(result, "sampled")))),
        ("*full*, ns/event", "sqlite3 40, python3 45, cc1plus 80", _three(result, "full"),
         _peers(("heaptrack's preload", _three(result, "heaptrack-preload")))),
        ("the same, of heaptrack's preload", "25 %", _each(result, "full", share, 0, " %"), ""),
        ("*full*, two threads against one", "× 2", _doubling(result, "full"),
         _peers(("heaptrack's preload", _doubling(result, "heaptrack-preload")),
                ("native", _doubling(result, "native")))),
    ]


def _of_sizes(result):
    def each(profiler, name, digits):
        return _each(result, profiler, lambda _, row: row.get(name), digits)

    def raw(cell):
        return _peers(("heaptrack's, from raw", cell("heaptrack-preload")))

    def preload(name, digits):
        return _peers(("heaptrack's preload", each("heaptrack-preload", name, digits)))
    speed = _speed(result)
    return [
        ("trace, B/event", "8", each("full", "bytes_per_event", 1), preload("bytes_per_event", 1)),
        ("after zstd -3", "1", each("full", "zstd_per_event", 2), preload("zstd_per_event", 2)),
        ("after esc pack", "1", each("full", "packed_per_event", 2),
         _peers(("heaptrack", each("heaptrack", "bytes_per_event", 2)))),
        ("analysis, M events/s", "10", _each(result, "full", speed, 1),
         raw(lambda key: _each(result, key, speed, 1))),
        ("memory of the analysis, MiB", "150", _each(result, "full", _read_mib, 0),
         raw(lambda key: _each(result, key, _read_mib, 0))),
        ("memory added, MiB", "16", each("full", "added_mib", 1), preload("added_mib", 1)),
    ]


def goals(result):
    rows = _of_times(result) + _of_sizes(result)
    return table(["what", "goal, at most; speed: at least", "esc", "peers in the same run"],
                 [row for row in rows if row[2]])
