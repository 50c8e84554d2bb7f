"""massif.py ESC KIND...: exports KIND.db, has ms_print read it, and compares with what SQL
says of the database."""
import collections
import json
import re
import sqlite3
import subprocess
import sys


def need(is_so, *what):
    if not is_so:
        sys.exit("FAIL: " + " ".join(map(str, what)))


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, timeout=300).stdout


def snapshots(text):
    """(time in ns, bytes, kind, lines of the tree)"""
    found = []
    for part in re.split(r"(?m)^#-+\nsnapshot=\d+\n#-+\n", text)[1:]:
        head = re.match(r"time=(\d+)\.(\d{3})\nmem_heap_B=(\d+)\nmem_heap_extra_B=0\n"
                        r"mem_stacks_B=0\nheap_tree=(\w+)\n", part)
        need(head, "a snapshot:", part[:200])
        found.append((int(head[1] + head[2]) * 1000, int(head[3]), head[4],
                      part[head.end():].splitlines()))
    return found


def tree(lines, depth=0):
    """(bytes, what, children), without what does not stand there."""
    match = re.fullmatch(r"( *)n(\d+): (\d+) (.*)", lines.pop(0))
    need(match and len(match[1]) == depth, "a line of the tree, at", depth)
    children = [tree(lines, depth + 1) for _ in range(int(match[2]))]
    need(sum(child[0] for child in children) <= int(match[3]), "children have more:", match[4])
    return int(match[3]), match[4], children


def live_stacks(db, run, column):
    """(frames, bytes) of each path, at the end or at the peak"""
    nodes = {row[0]: row[1:] for row in db.execute(
        "SELECT k.id, k.parent, k.frame FROM stack k")}
    for stack, live in db.execute("SELECT p.stack, p.%s FROM path p JOIN site s ON s.id ="
                                  " p.site WHERE s.run = ? AND s.pool = ''" % column, (run,)):
        frames = []
        while stack:
            stack, frame = nodes[stack]
            frames.append(frame)
        yield frames, live


def check_tree(kind, db, run, column, lines, total):
    """Level by level: how many bytes, and where the places differ."""
    top = tree(lines)
    need(not lines and top[0] == total, kind, "the top is", top[0], "of", total)
    want = collections.defaultdict(float)
    for frames, live in live_stacks(db, run, column):
        for depth in range(1, min(len(frames), 64) + 1):
            want[tuple(frames[:depth])] += live
    wanted = collections.Counter()
    for frames, live in want.items():
        if live > 0 and live * 1000 >= total:
            wanted[len(frames), round(live)] += 1
    got = collections.Counter()
    level, depth = [top], 0
    while level:
        level, depth = [child for node in level for child in node[2]], depth + 1
        for size, what, _ in level:
            if "below massif's threshold" not in what:
                got[depth, size] += 1
                need(re.fullmatch(r"0x[0-9A-F]+: .+ \((?:in .*|.*:-?\d+)\)", what), kind, what)
    need(got == wanted or kind in ("rich", "merged", "hostile", "deep") and
         sum(got.values()) == sum(wanted.values()), kind, got - wanted, wanted - got)
    return sum(got.values())


def check(esc, kind):
    data = run(esc, "export", "--format=massif", kind + ".db")
    with open(kind + ".massif", "wb") as file:
        file.write(data)
    text = data.decode("utf-8")
    db = sqlite3.connect("file:%s.db?mode=ro" % kind, uri=True)
    number, peak, duration, peak_ns = db.execute(
        "SELECT id, peak_bytes, duration_ns, peak_ns FROM run ORDER BY peak_bytes DESC, id"
    ).fetchone()
    told = snapshots(text)
    line = db.execute("SELECT at, live_bytes FROM timeline WHERE run = ? ORDER BY at",
                      (number,)).fetchall()
    if not line:
        line = [(peak_ns, sum(size for _, size in live_stacks(db, number, "peak_bytes")))]
    need(len(told) == len(line) + 1, kind, len(told), "snapshots of", len(line))
    before = 0
    for (at, size, what, _), (want_at, want) in zip(told, line):
        if what == "peak":
            need(before <= peak_ns <= want_at, kind, "the peak is at", peak_ns)
        before = want_at
        want_at = peak_ns if what == "peak" else want_at
        need(abs(at - min(want_at, duration)) < 1000 and abs(size - want) <= 0.5, kind, at, size,
             want_at, want)
    need([at for at, *_ in told] == sorted(at for at, *_ in told), kind, "time goes back")
    most = max(size for _, size, _, _ in told)
    peaks = [(size, lines) for _, size, what, lines in told if what == "peak"]
    # what is made by hand is not true
    need(len(peaks) == 1 and (peaks[0][0] == most or kind not in ("perl", "recursion")), kind,
         "the peak")
    if kind in ("perl", "recursion"):
        need(most == peak, kind, "the peak is", most, "the report says", peak)
    live = sum(live for _, live in live_stacks(db, number, "live_bytes"))
    need(abs(told[-1][1] - live) <= 0.5 and told[-1][2] != "empty", kind, "at the end", told[-1])
    places = check_tree(kind, db, number, "live_bytes", told[-1][3], told[-1][1])
    places += check_tree(kind, db, number, "peak_bytes", peaks[0][1], peaks[0][0])
    printed = subprocess.run(["ms_print", "--threshold=0", kind + ".massif"], timeout=300,
                             check=True, capture_output=True)
    need(not printed.stderr, kind, printed.stderr)
    printed = printed.stdout.decode("utf-8")
    need("Number of snapshots: %d\n" % len(told) in printed and "(peak)" in printed, kind,
         "ms_print")
    shown = re.findall(r"(?m)->\d+\.\d+% \([\d,]+B\) 0x", printed)
    need(len(shown) == places, kind, "ms_print shows", len(shown), "of", places)
    if kind == "perl":
        need(places > 100, "perl has but", places)
    print("ok:", kind, len(told), "snapshots,", places, "places")


for name in sys.argv[2:]:
    check(sys.argv[1], name)
