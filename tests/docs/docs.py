#!/usr/bin/env python3
"""Runs what the documents tell people to run, and looks whether their links lead somewhere.

    docs.py run ESC DOCUMENT...     the marked blocks, in order, in a new directory, which
                                    has what tutorial/ beside the document has
    docs.py links DOCUMENT...       all links between files, and to headings

A fenced block of commands has a mark, in a comment on the line before it:

    <!-- run -->            its lines that begin with "$ " are run, the others are what
                            comes out; figures may differ, words not; "..." is any lines
    <!-- run exactly -->    the figures are the same, too
    <!-- not run: WHY -->   neither
    <!-- file NAME -->      what stands in it is written to NAME

A block that begins with "$ " and has none is an error.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

MARK = re.compile(r"^<!-- (run|run exactly|not run: .+|file \S+) -->$")
# 1.5 ms and 27 us are the same, and 3 k and 3000; so is how sure one is of a share.
FIGURE = re.compile(r"[<>]?\d[\d.,:-]*( ?(ns|us|ms|s|k|M|G|B|[KMG]iB|%)(?![A-Za-z]))?")


class Wrong(Exception):
    pass


def blocks(document):
    """Yields (number of the first line, mark or None, lines) of each fenced block."""
    mark, start, lines = None, None, []
    with open(document, encoding="utf-8") as file:
        for number, line in enumerate(file.read().splitlines(), 1):
            if start is None and line.startswith("```"):
                start, lines = number + 1, []
            elif start is not None and line == "```":
                yield start, mark, lines
                start, mark = None, None
            elif start is not None:
                lines.append(line)
            elif MARK.match(line):
                mark = MARK.match(line).group(1)
            elif line.strip():
                mark = None
    if start is not None:
        raise Wrong(f"{document}:{start}: a block without an end")


def commands(lines):
    """Splits a block into commands, each with what is to come out."""
    found = []
    for line in lines:
        if line.startswith("$ "):
            found.append([line[2:], []])
        elif found and found[-1][0].endswith("\\"):
            found[-1][0] += "\n" + line
        elif found:
            found[-1][1].append(line)
        else:
            raise Wrong(f"begins with output: {line}")
    return found


def plain(line, exactly):
    line = " ".join(line.split())
    return line if exactly else " ".join(FIGURE.sub("#", line).split())


def compare(expected, got, exactly):
    """Raises Wrong unless `got` is what was expected, "..." being any lines."""
    at, anywhere = 0, False
    for line in expected:
        if line.strip() == "...":
            anywhere = True
            continue
        wanted = plain(line, exactly)
        while anywhere and at < len(got) and plain(got[at], exactly) != wanted:
            at += 1
        if at == len(got) or plain(got[at], exactly) != wanted:
            raise Wrong(f"is not there: {line}")
        at, anywhere = at + 1, False
    if at < len(got) and not anywhere:
        raise Wrong(f"is more than said: {got[at]}")


def run(esc, document):
    count = 0
    environment = dict(os.environ, LC_ALL="C.UTF-8", NO_COLOR="1", ESC_OPTIONS="",
                       PATH=os.path.dirname(esc) + ":/usr/bin:/bin")
    with tempfile.TemporaryDirectory() as directory:
        environment["HOME"] = directory
        beside = os.path.join(os.path.dirname(document), "tutorial")
        if os.path.isdir(beside):
            shutil.copytree(beside, directory, dirs_exist_ok=True)
        for number, mark, lines in blocks(document):
            place = f"{document}:{number}"
            if mark is None and lines and lines[0].startswith("$ "):
                raise Wrong(f"{place}: commands without a mark")
            if mark is not None and mark.startswith("file "):
                with open(os.path.join(directory, mark[5:]), "w", encoding="utf-8") as file:
                    file.write("\n".join(lines) + "\n")
            if mark not in ("run", "run exactly"):
                continue
            try:
                for command, expected in commands(lines):
                    count += 1
                    done = subprocess.run(
                        ["sh", "-c", command], cwd=directory, env=environment, timeout=300,
                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT, check=False)
                    got = done.stdout.decode(errors="replace").replace(directory, "~")
                    try:
                        compare(expected, got.splitlines(), mark == "run exactly")
                    except Wrong as wrong:
                        raise Wrong(f"{command}\n{wrong}\nIt printed:\n{got}") from None
            except Wrong as wrong:
                raise Wrong(f"{place}: {wrong}") from None
    return f"{document}: {count} commands"


def headings(document):
    """The names that a link may have behind its #."""
    found, fenced = set(), False
    with open(document, encoding="utf-8") as file:
        for line in file:
            fenced ^= line.startswith("```")
            if line.startswith("#") and not fenced:
                text = re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower())
                found.add(text.replace(" ", "-"))
    return found


def links(document):
    with open(document, encoding="utf-8") as file:
        text = re.sub(r"^```.*?^```$", "", file.read(), flags=re.M | re.S)
    found = re.findall(r"\]\(([^)\s]+)\)", text)
    for link in found:
        if re.match(r"[a-z]+:", link):
            continue
        path, _, heading = link.partition("#")
        target = os.path.join(os.path.dirname(document), path) if path else document
        if not os.path.exists(target):
            raise Wrong(f"{document}: {link} leads nowhere")
        if heading and heading not in headings(target):
            raise Wrong(f"{document}: {link}: no such heading")
    return f"{document}: {len(found)} links"


def main():
    what, *rest = sys.argv[1:]
    status = 0
    for document in rest[1:] if what == "run" else rest:
        try:
            print(run(os.path.abspath(rest[0]), document) if what == "run" else links(document))
        except Wrong as wrong:
            print(wrong)
            status = 1
    return status


sys.exit(main())
