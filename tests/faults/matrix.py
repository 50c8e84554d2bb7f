#!/usr/bin/env python3
"""The fault matrix: which hazard of malloc interposers is held by which case of which test.

matrix.py --run    the rows of rows.txt against the logs of the tests, which have run before:
                   prints rows by modes, exit 1 where a row has no case that passed, 77 where
                   only skipped tests are to blame
matrix.py --check  whether docs/faults.md is what rows.txt says
matrix.py --update writes it
"""
import os
import re
import sys

SOURCE = os.environ.get("top_srcdir", os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.environ.get("top_builddir", ".")
ROWS = os.path.join(SOURCE, "tests/faults/rows.txt")
DOC = os.path.join(SOURCE, "docs/faults.md")
MODES = ["full", "sampled", "auto", "full exact", "sampled exact"]
NUMBERS = [str(i) for i in range(1, 63)] + ["62b"] + [str(i) for i in range(63, 84)]
LINE = re.compile(r"^(ok|FAIL): (.*?) \(([^()]*)\)(?::|$)")


class Case:
    """One line of a row: a case of a test, or (name None) a test as a whole."""

    def __init__(self, text):
        text, _, modes = text.partition(" [")
        self.test, colon, name = text.partition(": ")
        self.name = name if colon else None
        self.modes = modes.rstrip("]").split(", ") if modes else list(MODES)


class Row:
    def __init__(self, number, hazard):
        self.number, self.hazard = number, hazard
        self.cases, self.reasons = [], []


def read_rows():
    rows = []
    with open(ROWS, encoding="utf-8") as file:
        for line in file:
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            if not line.startswith("\t"):
                rows.append(Row(*line.split(" ", 1)))
            elif line.startswith("\t- "):
                rows[-1].reasons.append(line[3:])
            else:
                rows[-1].cases.append(Case(line[1:]))
    return rows


def mode_of(text):
    """The column of what stands in the parentheses."""
    words = re.split(r"[:, ]+", text)
    first = [word for word in words if word in ("full", "sampled", "auto")]
    exact = any(word.startswith("marks=") or word.endswith("exact") for word in words)
    if not first:
        return "other"
    return first[0] + (" exact" if exact else "")


class Log:
    """What a test said: {case: {mode: [passed, failed]}}, and its result."""

    def __init__(self, test):
        self.said, self.result = {}, None
        path = os.path.join(BUILD, "tests", test)
        try:
            with open(path + ".trs", encoding="utf-8") as file:
                found = re.search(r"^:test-result: (\w+)", file.read(), re.M)
                self.result = found and found.group(1)
            with open(path + ".log", encoding="utf-8", errors="replace") as file:
                for line in file:
                    self.take(LINE.match(line))
        except FileNotFoundError:
            pass

    def of(self, name):
        """What was said of the case, and of the same with further arguments."""
        all_ = {}
        for case, modes in self.said.items():
            if case == name or case.startswith(name + " "):
                for mode, counts in modes.items():
                    sums = all_.setdefault(mode, [0, 0])
                    sums[0] += counts[0]
                    sums[1] += counts[1]
        return all_

    def take(self, match):
        if match is None:
            return
        modes = self.said.setdefault(match.group(2), {})
        counts = modes.setdefault(mode_of(match.group(3)), [0, 0])
        counts[match.group(1) == "FAIL"] += 1


def judge(case, log, cells):
    """Adds what is said of the case to the cells; returns what is wrong, or None."""
    if log.result is None:
        return "was not run"
    if log.result == "SKIP":
        return "was skipped"
    if case.name is None:
        cells.setdefault("other", [0, 0])[log.result != "PASS"] += 1
        return None if log.result == "PASS" else log.result
    said = log.of(case.name)
    if not said:
        return "says nothing of " + case.name
    for mode, (passed, failed) in said.items():
        cell = cells.setdefault(mode, [0, 0])
        cell[0] += passed
        cell[1] += failed
    if any(failed for passed, failed in said.values()):
        return "FAIL: " + case.name
    missing = [mode for mode in case.modes if mode != "any" and mode not in said]
    return f"{case.name}: not in mode {', '.join(missing)}" if missing else None


def shown(cell):
    if cell is None:
        return "."
    return "FAIL" if cell[1] else str(cell[0])


def run():
    rows, logs, wrong, skipped = read_rows(), {}, [], []
    columns = MODES + ["auto exact", "other"]
    print(f"{'row':>4} {'hazard':64} " + " ".join(f"{c:>13}" for c in columns))
    for row in rows:
        cells = {}
        for case in row.cases:
            log = logs.setdefault(case.test, Log(case.test))
            said = judge(case, log, cells)
            if said:
                list_ = skipped if said == "was skipped" else wrong
                list_.append(f"row {row.number}: {case.test} {said}")
        if not row.cases and not row.reasons:
            wrong.append(f"row {row.number}: no case, and no reason why")
        print(f"{row.number:>4} {row.hazard[:64]:64} " +
              (" ".join(f"{shown(cells.get(c)):>13}" for c in columns)
               if row.cases else " -  " + row.reasons[0]))
    numbers = [row.number for row in rows]
    if numbers != NUMBERS:
        odd = set(numbers) ^ set(NUMBERS)
        wrong.append("rows.txt: missing, double or out of order: " + ", ".join(sorted(odd)))
    print("\n".join(wrong + skipped))
    print(f"{len(rows)} rows, {sum(len(row.cases) for row in rows)} cases of {len(logs)} tests, "
          f"{len(wrong)} wrong, {len(skipped)} skipped")
    return 1 if wrong else 77 if skipped else 0


def document():
    out = ["# Hazards, and the tests that hold them", "",
           "Made by `tests/preload/matrix.test --update` from `tests/faults/rows.txt`. Each case",
           "runs natively and under esc: same output, same status, every event counted; in the modes",
           "`full`, `sampled` and `auto`, and in `full` and `sampled` with return marks, unless it says",
           "which. `make check` prints how each went (`tests/preload/matrix.log`).", "",
           "| # | hazard | tests: cases |", "|---|---|---|"]
    for row in read_rows():
        tests = {}
        for case in row.cases:
            names = tests.setdefault(case.test, [])
            if case.name is not None:
                some = "" if case.modes == MODES else f" ({', '.join(case.modes)})"
                names.append(f"{case.name}{some}" if "any" not in case.modes else case.name)
        held = [f"`{test}`" + (": " + ", ".join(names) if names else "")
                for test, names in tests.items()] + row.reasons
        out.append(f"| {row.number} | {row.hazard} | {'; '.join(held)} |".replace("<", "&lt;"))
    return "\n".join(out) + "\n"


def main():
    action = sys.argv[1] if len(sys.argv) == 2 else "--help"
    if action == "--run":
        return run()
    if action == "--update":
        with open(DOC, "w", encoding="utf-8") as file:
            file.write(document())
        return 0
    if action == "--check":
        with open(DOC, encoding="utf-8") as file:
            if file.read() == document():
                return 0
        print("docs/faults.md is not what rows.txt says: tests/preload/matrix.test --update")
        return 1
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main())
