"""What an export has to come to: read from the report's JSON, and from the database by SQL
and a walk of our own. For the tests of this folder."""
import collections
import json
import math
import os
import sqlite3
import subprocess
import sys

ESC = os.environ["ESC"]
VALUES = ("alloc_objects", "alloc_space", "inuse_objects", "inuse_space", "stackable_objects",
          "stackable_space")


def need(is_so, what):
    if not is_so:
        sys.exit("FAIL: " + what)


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, timeout=300, **options)
    need(done.returncode == 0, "%s: %d %s" % (command, done.returncode, done.stderr.decode()[-500:]))
    return done.stdout


def rounded(value):
    """As esc does: the half away from 0."""
    return math.floor(value + 0.5)


def export(db, form, *options):
    return run(ESC, "export", "--format=" + form, *options, db)


def report(path):
    """Sums over the sites of the report: by value, all and by verdict. What it shows is rounded
    site by site; where every site is a row of the database, it has the same as they are, and
    else "slack" is by how much the sums may be off."""
    sites = json.loads(run(ESC, "report", "--format=json", path))["sites"]
    db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    exact = {row[0]: row[1:] for row in db.execute(
        "SELECT id, estimated, bytes, cost_allocate + cost_free FROM site")}
    is_single = len(exact) == len(sites)
    total, by_verdict = collections.Counter(), collections.defaultdict(collections.Counter)
    total["slack"] = 0 if is_single else len(sites)
    for site in sites:
        shown = site["blocks"]["estimated"], site["bytes"]["estimated"], site["cost_ns"]["total"]
        blocks, size, cost = exact[site["id"]] if is_single else shown
        need(not is_single or shown == tuple(map(rounded, (blocks, size, cost))),
             "the report: %s" % site)
        for sums in total, by_verdict[site["verdict"]]:
            sums["alloc_objects"] += blocks
            sums["alloc_space"] += size
            sums["stackable_objects"] += blocks * site["share"]
            sums["stackable_space"] += size * site["share"]
            sums["cost"] += cost
            sums["live"] += site["fates"]["live"] + site["fates"]["censored"]  # observed
    return total, by_verdict


class Frame(collections.namedtuple("Frame", "function file line column module inlined wrapper")):
    pass


class Stacks:
    """Paths of a database, each with its frames, innermost first."""

    def __init__(self, path):
        self.db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
        self.db.row_factory = sqlite3.Row
        frames = {row[0]: Frame(*row[1:]) for row in self.db.execute(
            "SELECT f.id, f.function, f.file, f.line, f.column, m.path, f.inlined,"
            " f.wrapper"
            " FROM frame f JOIN module m ON m.id = f.module")}
        links = {row[0]: row[1:] for row in self.db.execute("SELECT id, parent, frame FROM stack")}
        self.paths = []
        for row in self.db.execute("SELECT p.*, s.verdict FROM path p JOIN site s"
                                   " ON s.id = p.site"):
            stack, at = [], row["stack"]
            while at:
                at, frame = links[at]
                stack.append(frames[frame])
            self.paths.append((stack, row))

    def cumulative(self, column):
        """Of each function what was allocated by it and below it."""
        sums = collections.Counter()
        for stack, row in self.paths:
            for name in {frame.function for frame in stack}:
                sums[name] += row[column]
        return sums

    def by_site(self, column):
        """The same, where no stack has the wrappers inside of its site: those that stand
        nowhere else."""
        inside, outside = set(), set()
        for stack, _ in self.paths:
            site = next((at for at, f in enumerate(stack) if not f.wrapper), 0)
            inside |= {frame.function for frame in stack[:site]}
            outside |= {frame.function for frame in stack[site:]}
        sums = collections.Counter()
        for stack, row in self.paths:
            for name in {frame.function for frame in stack} - (inside - outside):
                sums[name] += row[column]
        return sums

    def total(self, column):
        return sum(row[column] for _, row in self.paths)

    def one(self, sql):
        return self.db.execute(sql).fetchone()[0]
