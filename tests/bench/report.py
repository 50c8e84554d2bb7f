"""The pages that are made of a result."""
import re

import goals
import tables

WORDS = """An *event* is an allocation or a free of a block (a `realloc` that moves or keeps a
block is both); they are counted by a shim that only counts. *CPU* is user and system time of
the program and of all processes that it started, keepers and interpreters of the profiler too;
*outside* is the part that is not the program's own. *ratio* is CPU by that of the base in the
same turn, *ns/event* the difference of the medians by the events; *at best* is that of the
least CPU, which a busy machine disturbs less. Base is the native run; for jemalloc's and
tcmalloc's profilers it is the same allocator without. *peak* is anonymous memory of all these
processes at the worst moment seen (every 4 ms at first, then every 16): no page cache, no
trace. *B/event* is the size of all that was written. Medians, with the least and the most of
all runs, which are taken in turn: each profiler once, then all again. DHAT and HEAPPROFILE
have smaller inputs and a third of the runs."""

SECTIONS = {name: getattr(tables, name) for name in (
    "machine", "overview", "brief", "events", "programs", "redis", "memory", "start", "traces",
    "storm", "threads", "storms")}
SECTIONS.update(goals=goals.goals, words=lambda _: WORDS)
PRINTED = (("", "machine"), ("Goals", "goals"),
           ("Added, ns per event (CPU ratio)", "overview"),
           ("The programs", "events"), ("All figures", "programs"),
           ("redis", "redis"), ("Memory added, MiB", "memory"),
           ("Starting and ending", "start"), ("Traces", "traces"),
           ("Malloc storm, one thread: ns per event (CPU ratio)", "storm"),
           ("Malloc storm: M events/s (CPU ns per event)", "threads"), ("All figures of the storm", "storms"),
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
