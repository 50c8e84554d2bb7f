#!/usr/bin/python3
"""A large database, for what the page must be quick with.

make_large.py SCHEMA OUT [SITES [NODES [SEED]]]: SITES (50,000) sites in a tree of
NODES (300,000) stacks, by schema.sql. Few functions have most of the weight, most have
next to none, as in programs; the tree is deep in places and wide in others, and no
two children of a node are the same function, so that a flame graph cannot merge any.
Prints what it made.
"""
import random
import sqlite3
import sys

MODULES, FUNCTIONS, THREADS, SLICES = 20, 3000, 24, 60
DURATION = 300 * 10**9
DEEP = 1200  # frames of the deepest stacks
FATES = {  # verdict: fates of 100 blocks; local, up, thread, live, unknown
    "stack": (100, 0, 0, 0, 0), "buffer": (100, 0, 0, 0, 0), "caller": (40, 60, 0, 0, 0),
    "reuse": (70, 30, 0, 0, 0), "large": (80, 20, 0, 0, 0), "mixed": (93, 7, 0, 0, 0),
    "heap": (10, 60, 10, 20, 0), "thread": (5, 5, 80, 10, 0), "live": (0, 10, 0, 90, 0),
    "unknown": (30, 10, 0, 10, 50),
}
VERDICTS = list(FATES)
SHARES = [22, 9, 12, 5, 3, 4, 30, 5, 7, 3]
WORDS = ("buffer cache parse render query index node tree list map pool session request header "
         "body frame packet token lexer symbol table cursor page record log event queue worker "
         "socket stream codec image glyph layout style script plan filter join sort hash "
         "merge split load store flush commit").split()
KINDS = ("reader writer builder visitor factory manager handler helper entry view iterator").split()


class Tree:
    """Stacks: parent, frame, depth; node 0 is no stack."""

    def __init__(self, rng):
        self.rng, self.parent, self.function, self.depth = rng, [0], [-1], [0]
        self.taken = set()

    def add(self, parent, function):
        """A child of another function than its siblings."""
        while (parent, function) in self.taken:
            function = (function + 1) % FUNCTIONS
        self.taken.add((parent, function))
        self.parent.append(parent)
        self.function.append(function)
        self.depth.append(self.depth[parent] + 1)
        return len(self.parent) - 1


def skewed(rng, count):
    """0 far more often than count - 1."""
    return int(count * rng.random() ** 3)


def grow(rng, sites, nodes):
    """Callers first, then at least one allocating stack below each that has none."""
    tree = Tree(rng)
    inner = max(1, int(nodes * 0.6))
    at = tree.add(0, 0)
    while len(tree.parent) <= inner:
        at = 1 + skewed(rng, len(tree.parent) - 1)
        calls = DEEP if rng.random() < 0.0004 else int(rng.expovariate(0.22)) + 1
        for _ in range(min(calls, DEEP - tree.depth[at], inner + 1 - len(tree.parent))):
            at = tree.add(at, skewed(rng, FUNCTIONS))
    has_child = bytearray(len(tree.parent))
    for parent in tree.parent:
        has_child[parent] = 1
    childless = [node for node in range(1, len(tree.parent)) if not has_child[node]]
    paths = []
    while len(tree.parent) <= nodes:
        number = len(paths)
        parent = childless[number] if number < len(childless) else rng.randrange(1, inner)
        site = number if number < sites else skewed(rng, sites)
        paths.append((site, tree.add(parent, site * 7919 % FUNCTIONS)))
    assert len(paths) >= sites >= 1, (len(paths), sites)
    return tree, paths


def function_name(number):
    word, kind = WORDS[number % len(WORDS)], KINDS[number // len(WORDS) % len(KINDS)]
    if number % 5 == 0:
        return "%s_%s_%d" % (word, kind, number)
    if number % 17 == 0:
        return "std::vector<app::%s_%s, std::allocator<app::%s_%s> >::reserve_%d(unsigned long)" % (
            word, kind, word, kind, number)
    return "app::%s::%s_%s%d(std::string const&, int)" % (word, word, kind, number)


class Filler:
    """Rows by the columns that the schema has, so that a new one need not be known here: it
    gets 0, '' or NULL."""

    def __init__(self, db):
        self.db, self.columns = db, {}
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
            self.columns[table] = [
                (name, "" if kind == "TEXT" else 0 if need else None)
                for _, name, kind, need, _, _ in db.execute("PRAGMA table_info(%s)" % table)]

    def add(self, table, rows):
        """Rows are dicts; tables that there are not (yet) are left out."""
        columns = self.columns.get(table)
        if columns is None:
            return
        rows = [tuple(row.get(name, default) for name, default in columns) for row in rows]
        self.db.executemany("INSERT INTO %s VALUES (%s)" % (
            table, ",".join("?" * len(columns))), rows)


def site_row(rng, number, verdict, frame, stack, blocks):
    size = 1 << rng.randrange(4, 12 if verdict not in ("reuse", "large") else 20)
    fates = [blocks * part // 100 for part in FATES[verdict]]
    fates[0 if FATES[verdict][0] else 3] += blocks - sum(fates)
    local, up, thread, live, unknown = fates
    is_one = verdict == "stack" or rng.random() < 0.5
    top = size if is_one else size * rng.randrange(2, 5)
    life = int(10 ** rng.uniform(2, 9))
    return {
        "id": number + 1, "run": 1, "frame": frame, "allocator": "malloc" if number % 3 else "_Znwm",
        "container": "std::vector" if number % 17 == 0 else "", "verdict": verdict,
        "owner": frame if verdict in ("stack", "buffer") else None,
        "owner_distance": 0 if verdict in ("stack", "buffer") else None,
        "observed": blocks, "estimated": blocks, "estimated_low": blocks, "estimated_high": blocks,
        "bytes": blocks * size, "bytes_low": blocks * size, "bytes_high": blocks * size,
        "local": local, "up": up, "thread": thread, "live": live, "unknown": unknown,
        "unknown_why": '{"stack cut":%d}' % unknown if unknown else "{}",
        "proved": blocks // 2, "inferred": blocks - blocks // 2, "activations": blocks // 10 + 1,
        "threads": 1 + number % THREADS, "size_min": size, "size_max": top, "size_p50": size,
        "size_p99": top, "size_distinct": 1 if is_one else 9,
        "life_min": None if live == blocks else life // 4,
        "life_p50": None if live == blocks else life,
        "life_p90": None if live == blocks else life * 2,
        "life_p99": None if live == blocks else life * 5,
        "life_max": None if live == blocks else life * 40,
        "cost_allocate": blocks * 31.5, "cost_free": (blocks - live) * 19.25, "timed": blocks // 64,
        "escape_upper": 0.001, "capacity": top, "stack": stack,
        "counter_fate": "up" if up else None, "counter_stack": stack if up else None,
    }


def path_rows(paths, weights, sites):
    for (site, stack), blocks in zip(paths, weights):
        row = sites[site]
        part = [blocks * row[fate] / row["observed"]
                for fate in ("local", "up", "thread", "live", "unknown")]
        yield {"site": site + 1, "stack": stack, "blocks": blocks,
               "bytes": blocks * row["size_min"], "local": part[0], "up": part[1],
               "thread": part[2], "live": part[3], "unknown": part[4],
               "cost": blocks * (row["cost_allocate"] + row["cost_free"]) / row["observed"]}


def cell_rows(rng, paths, weights, sites):
    """When and by which thread a path's blocks were allocated: in one to four places."""
    for number, ((site, stack), blocks) in enumerate(zip(paths, weights)):
        parts = 1 + (number % 4 if blocks >= 4 else 0)
        first, thread = rng.randrange(SLICES - 4), 1 + skewed(rng, THREADS)
        for part in range(parts):
            share = blocks - blocks // parts * (parts - 1) if part == 0 else blocks // parts
            yield {"run": 1, "site": site + 1, "stack": stack, "thread": thread,
                   "slice": first + part, "blocks": share,
                   "bytes": share * sites[site]["size_min"],
                   "cost": share * (sites[site]["cost_allocate"] + sites[site]["cost_free"])
                   / sites[site]["observed"]}


def life_rows(rng, sites):
    """The same blocks by lifetime, and by size and lifetime."""
    lives, cells = [], []
    for row in sites:
        freed = row["observed"] - row["live"]
        size = row["size_min"].bit_length() - 1
        if row["live"]:
            cells.append({"site": row["id"], "size": size, "life": -1, "blocks": row["live"],
                          "bytes": row["live"] * row["size_min"]})
        if row["life_p50"] is None or not freed:
            continue
        bits, left = row["life_p50"].bit_length(), freed
        for step in range(3):
            part = left if step == 2 else left * 2 // 3
            left -= part
            if part:
                lives.append({"site": row["id"], "life": 1 << (bits + step), "blocks": part})
                cells.append({"site": row["id"], "size": size, "life": bits + step - 1,
                              "blocks": part, "bytes": part * row["size_min"]})
    return lives, cells


def run_row(sites, duration=DURATION):
    blocks = sum(row["observed"] for row in sites)
    return {
        "id": 1, "trace": "/tmp/esc.large.4711.esc", "command": '["./large","--port=8080"]',
        "exe": "/opt/large/bin/large", "pid": 4711, "start": "2026-11-20T20:00:00.123456789Z",
        "duration_ns": duration, "window_ns": duration, "mode": "full", "sample_interval": 1,
        "interval_low": 1, "interval_high": 1, "interval_last": 1, "whole": 1,
        "whole_ns": duration, "whole_allocations": blocks, "allocations": blocks,
        "frees": blocks - sum(row["live"] for row in sites),
        "bytes": sum(row["bytes"] for row in sites), "recorded": blocks,
        "unknown": sum(row["unknown"] for row in sites), "peak_bytes": 3 << 30,
        "threads": THREADS, "processes": 1, "complete": 1, "stack_limit": 4096, "wrappers": "[]",
        "no_wrappers": "[]", "found_wrappers": "[]",
        "cost_ns": int(sum(row["cost_allocate"] + row["cost_free"] for row in sites)),
        "steps": blocks * 2, "steps_over": blocks, "steps_proved": blocks, "steps_presumed": blocks,
        "slice_ns": duration // SLICES,
    }


def frame_rows(tree, paths, sites):
    """Frames of callers, a function each; then one of each site, a line each. Each stack's
    frame."""
    frames = [{"id": n + 1, "function": function_name(n), "symbol": function_name(n),
               "file": "/src/large/%s/file%d.cc" % (WORDS[n % len(WORDS)], n % 400),
               "line": 10 + n % 900, "column": n % 7, "module": 1 + n % MODULES,
               "startup": 1 if n == 0 else 0} for n in range(FUNCTIONS)]
    frames[0]["function"] = frames[0]["symbol"] = "_start"
    of_stack = [0] + [function + 1 for function in tree.function[1:]]
    frame_of = {}
    for site, stack in paths:
        function = site * 7919 % FUNCTIONS
        if site not in frame_of:
            base = frames[function]
            frame_of[site] = len(frames) + 1
            frames.append(dict(base, id=len(frames) + 1, startup=0,
                               line=base["line"] + 1 + site // FUNCTIONS * 3))
        of_stack[stack] = frame_of[site]
    assert len(frame_of) == sites
    return frames, of_stack, frame_of


def fill(db, site_count, node_count, seed):
    rng = random.Random(seed)
    filler = Filler(db)
    tree, paths = grow(rng, site_count, node_count)
    frames, of_stack, frame_of = frame_rows(tree, paths, site_count)
    weights = [1 + int(rng.paretovariate(0.7)) % 5000000 for _ in paths]
    blocks, heaviest = [0] * site_count, [0] * site_count
    stack_of = [0] * site_count
    for (site, stack), weight in zip(paths, weights):
        blocks[site] += weight
        if weight > heaviest[site]:
            heaviest[site], stack_of[site] = weight, stack
    verdicts = rng.choices(VERDICTS, SHARES, k=site_count)
    sites = [site_row(rng, n, verdicts[n], frame_of[n], stack_of[n], blocks[n])
             for n in range(site_count)]
    filler.add("run", [run_row(sites)])
    filler.add("module", [{"id": n, "path": "/opt/large/lib/liblarge%02d.so" % n,
                           "symbols": "dwarf", "code": "read", "confined": "seccomp"}
                          for n in range(1, MODULES + 1)])
    filler.add("frame", frames)
    filler.add("stack", [{"id": n, "parent": tree.parent[n], "frame": of_stack[n],
                          "depth": tree.depth[n]} for n in range(1, len(tree.parent))])
    filler.add("site", sites)
    filler.add("path", path_rows(paths, weights, sites))
    filler.add("free_path", ({"site": row["id"], "stack": row["stack"], "fate": "local",
                              "blocks": row["local"]} for row in sites if row["local"]))
    filler.add("owner", ({"site": row["id"], "frame": row["owner"], "distance": 0, "fate": "local",
                          "blocks": row["local"], "proved": row["local"] // 2}
                         for row in sites if row["owner"]))
    filler.add("size_histogram", ({"site": row["id"], "size": row["size_min"],
                                   "blocks": row["observed"]} for row in sites))
    lives, cells = life_rows(rng, sites)
    filler.add("life_histogram", lives)
    filler.add("size_life", cells)
    filler.add("path_cell", cell_rows(rng, paths, weights, sites))
    filler.add("timeline", ({"run": 1, "at": DURATION // 200 * (n + 1),
                             "live_bytes": (1 << 28) * (1 + n % 17), "frees": 1000 * (n % 13),
                             "allocations": 1000 * (n % 23)} for n in range(200)))
    filler.add("thread", ({"id": n, "run": 1, "number": n, "process": 1, "pid": 4711,
                           "tid": 4710 + n, "allocations": 1000 * n, "frees": 900 * n,
                           "bytes": 64000 * n} for n in range(1, THREADS + 1)))
    filler.add("thread_pair", ({"run": 1, "allocating": a, "freeing": f, "blocks": 1 + a * 31 % f}
                               for a in range(1, THREADS + 1) for f in range(1, THREADS + 1)
                               if a == f or (a * f) % 3 == 0))
    print("%d sites, %d stacks, %d deep, %d paths, %d functions, %d modules" % (
        len(sites), len(tree.parent) - 1, max(tree.depth), len(paths), FUNCTIONS, MODULES))


def main(schema, out, sites="50000", nodes="300000", seed="1"):
    db = sqlite3.connect(out, isolation_level=None)
    db.execute("PRAGMA journal_mode = OFF")
    db.execute("PRAGMA synchronous = OFF")
    with open(schema, encoding="utf-8") as file:
        db.executescript(file.read())
    db.execute("BEGIN")
    fill(db, int(sites), int(nodes), int(seed))
    db.execute("COMMIT")
    db.close()


main(*sys.argv[1:])
