"""Random trees of stacks, put into a database; those of each site in `esc report` against a
plain walk over Python's own rows.

stacks.py ESC DATABASE
"""
import csv
import io
import json
import random
import sqlite3
import subprocess
import sys

DEPTH = 4096  # of a stack that is shown
FRAMES = 60
seed = random.randrange(1 << 32)
failed = checks = 0


def check(true, what):
    global checks, failed
    checks += 1
    if not true:
        failed += 1
        print("FAIL (seed %d):" % seed, what)


def clone(db, table, rows):
    """Rows of the table, each the first one but for some columns."""
    names = [row[1] for row in db.execute("PRAGMA table_info(%s)" % table)]
    first = dict(zip(names, db.execute("SELECT * FROM %s LIMIT 1" % table).fetchone()))
    db.execute("DELETE FROM " + table)
    db.executemany("INSERT INTO %s VALUES (%s)" % (table, ",".join("?" * len(names))),
                   [[dict(first, **row)[name] for name in names] for row in rows])


def make_frames(dice):
    frames = {}
    for at in range(1, FRAMES + 1):
        name = dice.choice(["f%d" % at, "f", "lib.so+0x%x" % at, "a < b", '"\u00e9<&>', ""])
        frames[at] = (name, dice.random() < 0.4)
    return frames


def make_stacks(dice):
    """(parent, frame) by id: short trees, one that is too deep, circles, ends in nothing."""
    stacks = {}
    for at in range(1, 400):
        parent = 0 if at == 1 or dice.random() < 0.2 else dice.randrange(1, at)
        stacks[at] = (parent, dice.randrange(1, FRAMES + 1))
    for at in range(1000, 1000 + DEPTH + 20):
        stacks[at] = (at - 1 if at > 1000 else dice.randrange(0, 400),
                      dice.randrange(1, FRAMES + 1))
    for at in range(400, 420):
        stacks[at] = (dice.randrange(400, 420), dice.randrange(1, FRAMES + 1))
    for at in range(420, 440):
        stacks[at] = (dice.choice([-1, 0, 999999, at]), dice.choice([1, 2, 999999]))
    for at in range(440, 480):
        stacks[at] = (dice.randrange(420, at) if at > 440 else 420, dice.randrange(1, FRAMES + 1))
    return stacks


def shown(frames, stacks, at):
    found = []
    while at > 0 and len(found) < DEPTH:
        if at not in stacks or stacks[at][1] not in frames:
            break
        at, frame = stacks[at]
        found.append(frames[frame])
    count = len(found)
    if count > 2 and "+0x" in found[-1][0] and found[-2][1]:
        count -= 1
    while count > 1 and found[count - 1][1]:
        count -= 1
    return [name for name, _ in found[:count]]


def one_round(esc, path):
    dice = random.Random(dice_of.randrange(1 << 32))
    frames, stacks = make_frames(dice), make_stacks(dice)
    ids = [*range(1, 480), *range(1000, 1004), *(1000 + DEPTH + i for i in range(-450, 20, 9)), 0]
    dice.shuffle(ids)
    db = sqlite3.connect(path)
    for table in ("path", "free_path", "owner", "site_context"):
        db.execute("DELETE FROM " + table)
    clone(db, "frame", [{"id": at, "function": name, "symbol": name, "startup": int(startup)}
                        for at, (name, startup) in frames.items()] +
          [{"id": 2000 + at, "function": "site%d" % at, "file": "", "line": at, "startup": 0}
           for at in range(len(ids))])
    clone(db, "stack", [{"id": at, "parent": parent, "frame": frame}
                        for at, (parent, frame) in stacks.items()])
    clone(db, "site", [{"id": at + 1, "frame": 2000 + at, "stack": one, "owner": None,
                        "counter_fate": "up", "counter_stack": ids[at - 1]}
                       for at, one in enumerate(ids)])
    db.commit()
    db.close()
    done = subprocess.run([esc, "report", "--format=json", path], capture_output=True, text=True,
                          timeout=200)
    check(done.returncode == 0 and done.stderr == "", "report: " + done.stderr)
    sites = json.loads(done.stdout)["sites"]
    check(len(sites) == len(ids), "%d sites" % len(sites))
    for site in sites:
        at = site["id"] - 1
        for name, got, one in (("stack", site["stack"], ids[at]),
                               ("counter", site["counterexample"]["stack"], ids[at - 1])):
            want = shown(frames, stacks, one)
            check(got == want, "%s %d: %s, not %s" % (name, one, got[-4:], want[-4:]))
    return sites


def test_csv(esc, path, sites):
    done = subprocess.run([esc, "report", "--format=csv", path], capture_output=True, text=True,
                          timeout=200)
    csv.field_size_limit(1 << 24)
    table = list(csv.DictReader(io.StringIO(done.stdout)))
    check(len(table) == len(sites), "csv: %d rows" % len(table))
    for row, site in zip(table, sites):
        check(len(row["stack"].split(" < ")) == max(len(site["stack"]), 1), "csv: a stack")


dice_of = random.Random(seed)
for _ in range(6):
    last = one_round(sys.argv[1], sys.argv[2])
test_csv(sys.argv[1], sys.argv[2], last)
print("%d checks, %d failed" % (checks, failed))
sys.exit(failed != 0)
