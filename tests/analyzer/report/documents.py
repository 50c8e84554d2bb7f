"""Holds the documents of `esc info`, `esc report` and one site against each other and
against what the database says, which is read with Python's own sqlite3.

documents.py ESC KIND...: KIND.db is in the working directory.
"""
import json
import math
import sqlite3
import subprocess
import sys

checks = failed = 0


def check(true, what):
    global checks, failed
    checks += 1
    if not true:
        failed += 1
        print("FAIL:", what)


def run(*arguments):
    return subprocess.run([sys.argv[1], *arguments], capture_output=True, text=True, timeout=120)


def ask(*arguments):
    done = run(*arguments)
    check(done.returncode == 0 and done.stderr == "", "%s: %s" % (arguments, done.stderr))
    return json.loads(done.stdout)


def flat(value, name=""):
    """A site as the columns have it: {"blocks.low": 1, ...}; a null may be one of several."""
    if not isinstance(value, dict):
        return {name: value}
    found = {}
    for key, member in value.items():
        found.update(flat(member, name + "." + key if name else key))
    return found


def column(of):
    if isinstance(of, list):
        return of
    check(len(set(of["text"])) == len(of["text"]), "a text twice")
    return [None if at is None else of["text"][at] for at in of["at"]]


def test_columns(kind, report):
    columns = ask("report", "--format=columns", kind + ".db")
    check(columns["schema"] == "esc-report/1" and columns["run"] == report["run"], kind + ": run")
    sites = columns["sites"]
    check(sites["count"] == len(report["sites"]), kind + ": count")
    table = {name: column(of) for name, of in sites["columns"].items()}
    check(all(len(of) == sites["count"] for of in table.values()), kind + ": lengths")
    check(not {"stack", "contexts", "counterexample.stack"} & set(table), kind + ": too much")
    for at, site in enumerate(report["sites"]):
        row = flat(site)
        for name in table:
            # an object of nothing but nulls is one null
            check(table[name][at] == row.get(name), "%s: %d %s" % (kind, at, name))
        left = {name for name, value in row.items() if value is not None} - set(table) - {
            "stack", "contexts", "counterexample.stack"}
        check(not left, "%s: lacks %s" % (kind, left))


def shape(rows):
    blocks = [0.0] * 17
    for life, count in rows:
        blocks[min(16, int(math.log2(life) / 2 + 1e-9)) if life >= 1 else 0] += count
    most = max(blocks)
    return "".join("0" if not n else "%x" % max(1, int(15.5 + math.log2(n / most)))
                   for n in blocks) if rows else None


def test_sites(kind, report, db):
    ids = [site["id"] for site in report["sites"]]
    check(len(set(ids)) == len(ids), kind + ": ids")
    for site in report["sites"]:
        check(0 <= site["share"] <= 1, "%s: share %s" % (kind, site["share"]))
        check(abs(site["share"] * site["blocks"]["estimated"] - site["saved"]["blocks"]) < 1,
              "%s: share of %d" % (kind, site["id"]))


def test_facts(kind, report, db):
    """What stands in tables of many rows a site, of all sites that a row stands for."""
    report = {site["id"]: site for site in report["sites"]}
    for (ids,) in db.execute("SELECT group_concat(s.id) FROM site s JOIN frame f ON f.id = s.frame"
                             " JOIN module m ON m.id = f.module"
                             " GROUP BY f.function, f.file, f.line, f.column, m.path, s.pool"):
        site = report[min(int(one) for one in ids.split(","))]
        of = " WHERE site IN (%s)" % ids
        wasted, blocks = db.execute(
            "SELECT total(blocks * max(0, %d - size)), total(blocks) FROM size_histogram%s" %
            (site["capacity"], of)).fetchone()
        check(math.isclose(site["waste"], wasted / max(blocks, 1e-9), abs_tol=1e-5),
              "%s: waste %s of %s" % (kind, site["waste"], ids))
        rows = db.execute("SELECT life, blocks FROM life_histogram" + of).fetchall()
        check(site["life_shape"] == shape(rows),
              "%s: shape %s, not %s" % (kind, site["life_shape"], shape(rows)))
        pids = db.execute("SELECT DISTINCT p.id, p.pid FROM site_process w JOIN process p"
                          " ON p.id = w.process" + of).fetchall()
        check(site["processes"] == len(pids) and
              site["process"] == (pids[0][1] if len(pids) == 1 else None),
              "%s: processes %s, %s of %s" % (kind, site["processes"], site["process"], pids))


def test_info(kind, report, db):
    info = ask("info", "--format=json", kind + ".db")
    check(list(info) == ["schema", "run", "verdicts", "processes", "threads", "phases", "pools",
                         "pairs", "timeline", "modules"],
          "%s: members %s" % (kind, list(info)))
    rows = db.execute(
        "SELECT p.name, p.entered * count(DISTINCT p.run), total(c.blocks), total(c.bytes) FROM"
        " phase p LEFT JOIN path_cell c ON c.phase = p.id GROUP BY p.name"
        " ORDER BY min(p.first_ns), p.name").fetchall()
    check([each["name"] for each in info["phases"]] == [row[0] for row in rows],
          "%s: phases %s" % (kind, info["phases"]))
    for each, row in zip(info["phases"], rows):
        check(each["entered"] == row[1], "%s: entered %s" % (kind, each))
        check(abs(each["blocks"] - row[2]) <= 1 and abs(each["bytes"] - row[3]) <= 1,
              "%s: phase %s, not %s" % (kind, each, row))
        check(0 <= each["stackable"] <= each["blocks"], "%s: stackable %s" % (kind, each))
    check(info["run"] == report["run"], kind + ": run")
    known = {"stack", "buffer", "caller", "reuse", "mixed", "large", "heap", "thread", "live"}
    check([each["verdict"] for each in info["verdicts"]] == [
        "stack", "buffer", "caller", "reuse", "mixed", "large", "heap", "thread", "live",
        "unknown"], kind + ": verdicts")
    for each in info["verdicts"]:
        sites = [site for site in report["sites"] if site["verdict"] == each["verdict"] or
                 (each["verdict"] == "unknown" and site["verdict"] not in known)]
        check(each["sites"] == len(sites), "%s: sites of %s" % (kind, each["verdict"]))
        for name, of in (("blocks", ("blocks", "estimated")), ("bytes", ("bytes", "estimated")),
                         ("cost_ns", ("cost_ns", "total")), ("movable_blocks", ("saved", "blocks")),
                         ("movable_bytes", ("saved", "bytes")),
                         ("movable_cost_ns", ("saved", "cost_ns"))):
            want = sum(site[of[0]][of[1]] for site in sites)
            # each of them was rounded; what is beyond 2^53 loses its last digits
            check(abs(each[name] - want) <= 1 + len(sites) / 2 + abs(want) / 2**50,
                  "%s: %s of %s: %s, not %s" % (kind, name, each["verdict"], each[name], want))
    pairs = db.execute("SELECT a.number, f.number, round(total(p.blocks)) FROM thread_pair p,"
                       " thread a, thread f WHERE a.id = p.allocating AND f.id = p.freeing"
                       " GROUP BY 1, 2 ORDER BY 1, 2").fetchall()
    check([tuple(pair.values()) for pair in info["pairs"]] == pairs, kind + ": pairs")
    line = db.execute("SELECT at, round(live_bytes), round(allocations), round(frees) FROM timeline"
                      " WHERE run = (SELECT min(id) FROM run) ORDER BY at").fetchall()
    check([tuple(each.values()) for each in info["timeline"]] == line, kind + ": timeline")


def frames(db, stack):
    found = []
    while stack and len(found) < 200:
        row = db.execute("SELECT s.parent, f.function, f.line FROM stack s JOIN frame f"
                         " ON f.id = s.frame WHERE s.id = ?", (stack,)).fetchone()
        if row is None:
            break
        found.append(row[1:])
        stack = row[0]
    return found


def test_site(kind, report, db):
    total = db.execute("SELECT count(*) FROM site").fetchone()[0]
    for site in report["sites"][:40]:
        got = ask("report", "--site=%d" % site["id"], "--format=json", kind + ".db")
        what = "%s: site %d: " % (kind, site["id"])
        check(got["schema"] == "esc-site/1" and got["site"] == site, what + "row")
        check(got["advice"] == site["advice"] and got["contexts"] == site["contexts"],
              what + "advice, contexts")
        text = run("report", "--site=%d" % site["id"], kind + ".db").stdout
        check("advice   " + got["advice"] in text and got["fate"] in text, what + "words")
        check(("note" in got["source"]) != ("lines" in got["source"]), what + "source")
        if got["counterexample"]:
            stack = site["counterexample"]["stack"][:200] # without start-up code
            check([frame["function"] for frame in got["counterexample"]["stack"]][:len(stack)] ==
                  stack, what + "counter-example")
        if total != len(report["sites"]):
            continue # a row stands for several
        rows = db.execute("SELECT stack, round(blocks), round(bytes), round(cost) FROM path"
                          " WHERE site = ? ORDER BY cost DESC, blocks DESC, stack LIMIT 50",
                          (site["id"],)).fetchall()
        check([(path["blocks"], path["bytes"], path["cost_ns"]) for path in got["paths"]] ==
              [row[1:] for row in rows], what + "paths")
        check([[(frame["function"], frame["line"]) for frame in path["stack"]]
               for path in got["paths"]] == [frames(db, row[0]) for row in rows], what + "stacks")
        for name, key, table in (("sizes", "size", "size_histogram"),
                                 ("lives", "life_ns", "life_histogram")):
            rows = db.execute("SELECT %s, round(blocks) FROM %s WHERE site = ? ORDER BY 1" %
                              ("size" if name == "sizes" else "life", table),
                              (site["id"],)).fetchall()
            check([(each[key], each["blocks"]) for each in got[name]] == rows, what + name)
        for name, sql in (
                ("paths_total", "SELECT count(DISTINCT stack) FROM path WHERE site = ?"),
                ("freed_total", "SELECT count(*) FROM free_path WHERE site = ?")):
            check(got[name] == db.execute(sql, (site["id"],)).fetchone()[0], what + name)
        check(sum(each["blocks"] for each in got["owners"]) ==
              db.execute("SELECT coalesce(sum(blocks), 0) FROM owner WHERE site = ?",
                         (site["id"],)).fetchone()[0], what + "owners")


def test_members(kind, db):
    """Any number of a site of several runs means the row of all."""
    several = 0
    for ids in db.execute("SELECT group_concat(s.id) FROM site s JOIN frame f ON f.id = s.frame"
                          " JOIN module m ON m.id = f.module"
                          " GROUP BY f.function, f.file, f.line, f.column, m.path"):
        ids = sorted(int(one) for one in ids[0].split(","))
        several += len(ids) > 1
        for one in ids if len(ids) > 1 else []:
            got = ask("report", "--site=%d" % one, "--format=json", kind + ".db")
            check(got["site"]["id"] == ids[0], "%s: site %d is one of %s" % (kind, one, ids))
    check(several > 0, kind + ": no site of several runs")


def test_choice(kind, report):
    """By function, by place; what is none, and what is several."""
    functions = [site["function"] for site in report["sites"]]
    for site in report["sites"]:
        if functions.count(site["function"]) == 1:
            got = ask("report", "--site=" + site["function"], "--format=json", kind + ".db")
            check(got["site"]["id"] == site["id"], "%s: %s" % (kind, site["function"]))
        place = "%s:%d" % ((site["file"] or "").rpartition("/")[2], site["line"])
        if site["file"] and site["line"] > 0:
            check(str(site["allocator"]) in run("report", "--site=" + place, kind + ".db").stdout,
                  "%s: %s" % (kind, place))
    for what in ("no such function", "999999999", "nowhere.c:1", ""):
        done = run("report", "--site=" + what, kind + ".db")
        check(done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1 and
              done.stderr.startswith("esc: "), "%s: %r: %s" % (kind, what, done))


def main():
    for kind in sys.argv[2:]:
        report = ask("report", "--format=json", kind + ".db")
        db = sqlite3.connect("file:%s.db?mode=ro" % kind, uri=True)
        db.text_factory = lambda text: text.decode("utf-8", "replace")
        test_columns(kind, report)
        test_sites(kind, report, db)
        test_facts(kind, report, db)
        test_info(kind, report, db)
        test_site(kind, report, db)
        if kind.startswith("merged"):
            test_members(kind, db)
    test_choice("rich", ask("report", "--format=json", "rich.db"))
    print("%d checks, %d failed" % (checks, failed))
    sys.exit(1 if failed else 0)


main()
