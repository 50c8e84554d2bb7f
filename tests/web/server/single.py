"""esc serve --html: one file with the page and the documents, which are what commands print.

single.py ESC FILE KIND...: the page of the databases KIND.db.
"""
import base64
import gzip
import hashlib
import html.parser
import json
import re
import subprocess
import sys

import attack
from attack import check


class Page(html.parser.HTMLParser):
    """Its elements, as a browser would see them."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.inside = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append([tag, dict(attributes), ""])
        self.inside = True

    def handle_data(self, data):
        if self.inside:
            self.elements[-1][2] += data

    def handle_endtag(self, tag):
        self.inside = False


def ask(*arguments):
    return subprocess.run([sys.argv[1], *arguments], capture_output=True, timeout=120).stdout


def main():
    text = open(sys.argv[2], encoding="utf-8").read()
    page = Page(text)
    blocks, packed, codes, styles, bytes_of_data = {}, {}, [], [], 0
    for tag, attributes, data in page.elements:
        check(not [name for name in attributes if name.startswith("on") or name == "style"],
              "markup that acts: %s %s" % (tag, attributes))
        for name in ("src", "href", "action"):
            check(attributes.get(name, "data:").startswith("data:"),
                  "it asks for %s" % attributes.get(name))
        if tag == "script" and attributes.get("type") == "application/json+gzip":
            check(re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", data) is not None, "no base64")
            blocks[attributes["data-name"]] = json.loads(gzip.decompress(base64.b64decode(data)))
            bytes_of_data += len(data)
        elif tag == "script" and attributes.get("type") == "text/javascript+gzip":
            packed[attributes["data-name"]] = gzip.decompress(base64.b64decode(data)).decode()
        elif tag == "script":
            codes.append(data)
        elif tag == "style":
            styles.append(data)
    policy = [attributes["content"] for tag, attributes, _ in page.elements
              if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"]

    def sums(parts):
        return " ".join("'sha256-%s'" % base64.b64encode(
            hashlib.sha256(part.encode()).digest()).decode() for part in parts)

    # a script that is empty may run: esc was built without uPlot
    absent = [] if "plot.js" in packed else [""]
    check(policy == ["default-src 'none'; script-src %s; style-src %s; img-src data:; "
                     "base-uri 'none'; form-action 'none'" % (sums(codes + list(packed.values()) + absent), sums(styles))],
          "policy %s" % policy)
    check(len(codes) == 1 and len(styles) == 1 and len(codes[0]) > 500, "code")
    check(len(packed["app.js"]) > 10000, "packed code")
    check(not absent or list(packed) == ["app.js"], "scripts %s" % list(packed))
    check(absent or "Leon Sorokin" in packed["plot.js"], "uPlot without its licence")
    page_bytes = len(text.encode()) - bytes_of_data
    check(page_bytes < 153600, "the page alone has %d bytes" % page_bytes)
    check(text.index("Content-Security-Policy") < min(text.index("<script"),
                                                      text.index("<style")), "policy is late")
    kinds = sys.argv[3:]
    for run, kind in enumerate(kinds, 1):
        report = json.loads(ask("report", "--format=json", kind + ".db"))["sites"]
        check(blocks["info?run=%d" % run] == json.loads(ask("info", "--format=json",
                                                            kind + ".db")), kind + ": info")
        table = blocks["table?run=%d" % run]["sites"]
        columns = json.loads(ask("report", "--format=columns", kind + ".db"))["sites"]
        check(table["count"] == columns["count"] and len(table["columns"]) > 15 and all(
            columns["columns"][name] == value for name, value in table["columns"].items()),
            kind + ": sites")
        details = blocks["site?run=%d" % run]
        for site in report[:30]:
            check(details.get(str(site["id"])) == json.loads(ask(
                "report", "--site=%d" % site["id"], "--format=json", kind + ".db")),
                "%s: site %d" % (kind, site["id"]))
        check(blocks["state"].get("left_out") or len(details) == len(report),
              "%s: %d of %d sites" % (kind, len(details), len(report)))
        for name, source in blocks["source?run=%d" % run].items():
            check(source["file"] == name and source["lines"], "%s: %s" % (kind, name))
    check(("diff" in blocks) == (len(kinds) > 1), "a diff of %d runs" % len(kinds))
    check(len(kinds) < 2 or blocks["diff"] == json.loads(ask("diff", "--format=columns", *(
        kind + ".db" for kind in kinds))), "another diff")
    check([each["file"] for each in blocks["state"]["runs"]] == [kind + ".db" for kind in kinds] and
          blocks["state"]["running"] is False, "state: %s" % blocks["state"])
    check(not {name for name in blocks if name.endswith("?run=%d" % (len(kinds) + 1))}, "too much")
    print("%s: %d KiB, %d blocks, %d bytes without them" % (
        sys.argv[2], len(text) >> 10, len(blocks), page_bytes))
    print("%d failed" % attack.failed)
    sys.exit(1 if attack.failed else 0)


main()
