"""What raw runs come to, and where it is found in a result."""
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


def of_group(result, group):
    return [one for one in result["programs"] if one["group"] == group]


def scale(result):
    """Of the inputs that most profilers had."""
    return max(one["scale"] for one in result["programs"])


def row_of(result, program, profiler):
    for one in result["programs"]:
        if one["program"] == program and one["scale"] == scale(result):
            for row in one["rows"]:
                if row["profiler"] == profiler and "cpu" in row:
                    return row
    return {}


def rows_of(result, group, profiler):
    """(program, row) of all programs of a group that ran under a profiler."""
    found = ((one["program"], row_of(result, one["program"], profiler))
             for one in of_group(result, group) if one["scale"] == scale(result))
    return [(program, row) for program, row in found if row]
