#!/usr/bin/python3
"""Hostile names from a real ELF file through everything that esc writes, and back.

names.py build DIR: makes a program there whose functions, sources, directory and
libraries have names that would do something. Names stand in the source as words of
the same length, and are put into the linked file byte by byte, so that no compiler or
assembler has a say in them.
names.py record DIR ESC: its traces, symbols.esc and debug.esc.
names.py check DIR ESC: the same, and runs every view on them and reads it with other
people's readers; each must give the bytes of the ELF file again, and none may hold a
byte that a terminal obeys.
"""
import base64
import csv
import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
import xml.etree.ElementTree as xml

ESC = b"\x1b"
NAMES = [
    b"plain_name_of_a_function",
    b"quotes\"double'single`back",
    b"<img src=x onerror=alert(1)>",
    b"</title></svg><script>alert(1)</script>",
    b"a&amp;b&lt;c&#60;d]]>--><!--",
    b"new\nline::error::x",
    b"carriage\rreturn\ttab\x0bvt\x0cff",
    bytes(range(1, 0x20)) + b"\x7f",
    ESC + b"]0;owned\x07title",
    ESC + b"[2J" + ESC + b"[31;1mclear",
    ESC + b"]8;;http://example.org/" + ESC + b"\\link",
    ESC + b"]52;c;ZXZpbA==\x07clipboard",
    b"c1\xc2\x9b2J\xc2\x9d0;x\xc2\x9c",
    b"raw-c1\x9b2J\x9d\x85",
    "bidi\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069".encode(),
    "zero\u200bwidth\u200c\u200d\u200e\u200f\u2060\ufeff".encode(),
    "separators\u2028\u2029\u00ad\u034f\u061c".encode(),
    "nonchars\uffff\ufffe\U0001fffe\ufdd0".encode(),
    "tags\U000e0041\U000e007f\ufe0f\u3164".encode(),
    b"surrogates\xed\xa0\x80\xed\xb0\x80",
    b"overlong\xc0\x80\xc1\xbf\xe0\x80\xaf\xf0\x80\x80\xaf",
    b"invalid\xff\xfe\x80\xf5\xf8",
    b"cut\xe2\x82",
    "caf\u00e9 \u65e5\u672c \U0001f600 e\u0301".encode(),
    b"=cmd|' /C calc'!A0",
    b"+1+1", b"-2+3", b"@SUM(1,1)", b"'=quoted", b" =spaced", b"''x", b"|pipe", b"%percent",
    b"\t=tabbed",
    b"semi;colon;x", b"a < b <", b"< c", b"space at end ",
    b"%s%n%p%1000000d%%",
    b"../../../../etc/passwd", b"$(touch owned)`touch owned`;touch owned",
    b"x';touch owned;'",
    b"back\\slash\\n\\", b"\\x41\\x5cx41\\xff", b"\\u{202e}\\u202e\\U0000202e",
    b"\\\\x1b\\", b"_ZN3fooI<>E", b"a@b@@c", b"long one: " + b"L" * 200,
    b"\"}],\"x\":[{\"", b"--- !Missed\n...\n", b"{{constructor}}${x}#{y}",
]
LONG = b"\xff\x1b\\x<;\n" * (65536 // 8)  # 64 KiB that need every kind of escape
SOURCE = b"/src/\x1b[31m\"<q>'&;\xff\\x41\n%0A,: \xe2\x80\xae.c"
ODD = b"we\"ird'<&>\x1b[2J\n\xff\\x41\xe2\x80\xae"  # of a directory, a program, an argument
ARGUMENTS = [ODD, b"\\xff", b"\xff", b"", b"a b"]


def word(number, length):
    """An identifier of that length, unlike all others."""
    text = b"q%03dq" % number
    assert length >= len(text), length
    return text + b"w" * (length - len(text))


def padded(name):
    """Names too short to have a word of their own get one behind."""
    return name if len(name) >= 5 else name + b"....."[: 5 - len(name)]


def names():
    return [padded(name) for name in NAMES] + [LONG]


def patch(path, words):
    with open(path, "rb") as file:
        data = file.read()
    for old, new in words:
        assert len(old) == len(new) and old in data, old[:20]
        data = data.replace(old, new)
    with open(path, "wb") as file:
        file.write(data)


def compile_c(source, out, *flags):
    command = os.environ.get("CC", "cc").split()
    subprocess.run(command + ["-O1", "-w", "-x", "c", "-", "-o", out, *flags],
                   input=source, check=True)


def build(directory):
    """app: names in .symtab. debug: names and a source in DWARF. A library is loaded from
    beside them and has no names at all."""
    functions, calls, words = [], [], []
    for number, name in enumerate(names()):
        identifier = word(number, len(name))
        words.append((identifier, name))
        functions.append(b"__attribute__((noipa)) void %s(void)\n"
                         b"{ for (int i = 0; i < 100; i++) { p = malloc(%d); free((void *)p); } }\n"
                         % (identifier, 16 + number))
        calls.append(b"%s();" % identifier)
    head = b"#include <stdlib.h>\n#include <dlfcn.h>\nstatic void *volatile p;\n"
    main = (b"int main(int argc, char **argv) {%s\n"
            b"void *plugin = dlopen(argv[1], RTLD_NOW);\n"
            b"void (*entry)(void) = plugin ? (void (*)(void))dlsym(plugin, \"entry\") : 0;\n"
            b"if (!entry) return 3;\n entry(); return 0; }\n" % b"\n".join(calls))
    odd = os.path.join(directory, ODD)
    os.mkdir(odd)
    compile_c(head + b"".join(functions) + main, os.path.join(odd, ODD), "-ldl")
    patch(os.path.join(odd, ODD), words)
    line = b"#line 1 \"/%s\"\n" % word(900, len(SOURCE) - 1)
    compile_c(head + line + b"".join(functions) + main, os.path.join(odd, b"debug"), "-g", "-ldl")
    patch(os.path.join(odd, b"debug"), words + [(word(900, len(SOURCE) - 1), SOURCE[1:])])
    compile_c(b"#include <stdlib.h>\nvoid *volatile p;\nvoid entry(void)\n"
              b"{ for (int i = 0; i < 100; i++) { p = malloc(7); free((void *)p); } }\n",
              os.path.join(odd, b"pl" + ODD + b".so"), "-shared", "-fPIC", "-s")


# ---- the laws, told once more

def escaped(data):
    """What the database is to hold: esc-db(5)."""
    out, at = "", 0
    while at < len(data):
        for size in (1, 2, 3, 4):
            try:
                char = data[at:at + size].decode("utf-8")
                break
            except UnicodeDecodeError:
                char = None
        if char is None or re.match(rb"\\(x|u\{)", data[at:at + 3]):
            out += "\\x%02x" % data[at]
            at += 1
        else:
            out += char
            at += size
    return out


def restored(text):
    """The bytes that an escaped text stands for."""
    return re.sub(
        rb"\\x([0-9a-f]{2})|\\u\{([0-9a-f]{1,6})\}",
        lambda m: bytes([int(m[1], 16)]) if m[1] else chr(int(m[2], 16)).encode("utf-8"),
        text.encode("utf-8"))


UNSAFE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\ufff0-\uffff\U000e0000-\U000e0fff]")


def harmless(what, data, allowed=""):
    """No byte that a terminal would obey, hide or reorder."""
    text = data.decode("utf-8")  # and it is UTF-8
    for char in allowed:
        text = text.replace(char, "")
    found = UNSAFE.search(text)
    assert not found, (what, found, text[max(0, found.start() - 40):found.end() + 40])
    return data.decode("utf-8")


def fields(data):
    """Those of a message of protocol buffers: number, and integer or bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at, value, shift = at + 1, value | (byte & 0x7f) << shift, shift + 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = varint()
        assert tag & 7 in (0, 2), tag
        value = varint()
        if tag & 7 == 2:
            at, value = at + value, data[at:at + value]
        yield tag >> 3, value


class Views:
    """What esc writes of one trace, read back."""

    def __init__(self, directory, esc, trace, source):
        self.directory, self.esc, self.trace, self.source = directory, esc, trace, source
        self.names = set(names())
        # as functions are called: without a version, in DWARF without template arguments
        self.functions = {name for name in self.names if b"@b" not in name}
        if source:
            self.functions = {restored(name) for name in self.query(
                "SELECT function AS f FROM site JOIN frame f ON f.id = site.frame")}

    def run(self, command, *arguments, allowed=""):
        done = subprocess.run([self.esc, command, *arguments, self.trace], capture_output=True,
                              timeout=300, cwd=self.directory)
        assert done.returncode == 0, (command, arguments, done)
        harmless((command, arguments, "stderr"), done.stderr)
        return harmless((command, arguments), done.stdout, allowed)

    def has_all(self, what, found, wanted=None):
        missing = (wanted or self.functions) - set(found)
        assert not missing, (what, sorted(missing)[:3], sorted(found)[:5])

    def query(self, sql):
        done = subprocess.run([self.esc, "query", "--format=json", self.trace, sql],
                              capture_output=True, timeout=300, cwd=self.directory)
        assert done.returncode == 0, done
        harmless("query", done.stdout)
        return [list(row.values())[0] for row in json.loads(done.stdout)]

    def database(self):
        held = self.query("SELECT hex(symbol) AS h FROM frame WHERE symbol <> ''")
        held = [bytes.fromhex(name) for name in held]
        self.has_all("hex", [restored(name.decode("utf-8")) for name in held],
                     self.names)
        for name in self.names:
            assert escaped(name).encode("utf-8") in held, name[:40]
        self.has_all("query", [restored(n) for n in self.query("SELECT function AS f FROM frame")])
        command = self.query("SELECT a.value AS a FROM run, json_each(run.command) a")
        assert [restored(a) for a in command][2:] == ARGUMENTS, command
        paths = [restored(p) for p in self.query("SELECT path AS p FROM module")]
        assert any(path.endswith(b"/" + ODD + b"/pl" + ODD + b".so") for path in paths), paths
        if self.source:
            files = [restored(f) for f in self.query("SELECT file AS f FROM frame")]
            assert SOURCE in files, files

    def report_json(self):
        text = self.run("report", "--format=json")
        assert re.fullmatch("[ -~\n]*", text), "not ASCII"
        report = json.loads(text)
        self.has_all("json", [restored(site["function"]) for site in report["sites"]])
        assert [restored(a) for a in report["run"]["command"]][2:] == ARGUMENTS
        if self.source:
            assert SOURCE in [restored(site["file"]) for site in report["sites"]]
        jq = subprocess.run(["jq", "-r", ".sites[].function"], input=text.encode(),
                            capture_output=True, check=True).stdout
        assert all(escaped(name).encode("utf-8") + b"\n" in jq for name in self.functions)

    def report_csv(self):
        def cell(text):
            data = restored(text)
            bare = data[1:] if data[:1] == b"'" else b""
            return bare if bare.lstrip(b" '")[:1] in tuple(bytes([c]) for c in b"=+-@\t\r\n|%") \
                and bare.lstrip(b" '") else data
        text = self.run("report", "--format=csv", allowed="\r")
        csv.field_size_limit(1 << 30)
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        self.has_all("csv", [cell(row["function"]) for row in rows])
        stacks = [row["stack"] for row in rows]
        stacks = [s[1:] if s[:1] == "'" and cell(s) == restored(s)[1:] else s for s in stacks]
        self.has_all("csv stack", [restored(s.split(" < ")[0]) for s in stacks])
        for row in rows:
            assert not row["function"].lstrip(" ")[:1] in tuple("=+-@|%"), row["function"]

    def folded(self):
        text = self.run("export", "--format=folded")
        frames = []
        for line in text.rstrip("\n").split("\n"):
            stack, count = line.rsplit(" ", 1)
            assert count.isdigit(), line[:80]
            frames += [restored(frame) for frame in stack.split(";")]
        self.has_all("folded", frames)

    def pprof(self):
        """Its texts are what pprof prints on a terminal."""
        out = os.path.join(self.directory, b"names.pb.gz")
        self.run("export", "--format=pprof", "-f", "-o", out)
        with gzip.open(out) as file:
            texts = [data for field, data in fields(file.read()) if field == 6]
        assert texts[0] == b"", texts[0]
        texts = [restored(harmless("pprof", text)) for text in texts]
        self.has_all("pprof", texts)
        self.has_all("pprof", texts, self.names)
        assert any(text.endswith(b" ".join(ARGUMENTS)) for text in texts)
        assert not self.source or SOURCE in texts

    def speedscope(self):
        text = self.run("export", "--format=speedscope")
        assert re.fullmatch("[ -~\n]*", text), "not ASCII"
        assert not re.search("[<>&]", text), "markup"
        frames = json.loads(text)["shared"]["frames"]
        self.has_all("speedscope", [restored(frame["name"]) for frame in frames])
        if self.source:
            assert SOURCE in [restored(frame["file"]) for frame in frames]

    def dhat(self):
        text = self.run("export", "--format=dhat")
        assert re.fullmatch("[ -~\n]*", text), "not ASCII"
        assert not re.search("[<>&]", text), "markup"
        document = json.loads(text)
        frames = [restored(frame) for frame in document["ftbl"]]
        for name in self.functions:
            assert any(frame.startswith(name + b" (") for frame in frames), name[:40]
        assert b" ".join(ARGUMENTS) in restored(document["cmd"])

    def callgrind(self):
        text = self.run("export", "--format=callgrind")
        named = re.findall(r"(?m)^c?fn=\(\d+\) (.*)$", text)
        self.has_all("callgrind", [restored(name) for name in named])
        if self.source:
            files = re.findall(r"(?m)^c?f[il]=\(\d+\) (.*)$", text)
            assert SOURCE in [restored(name) for name in files], files
        assert restored(re.search("(?m)^cmd: (.*)$", text)[1]).endswith(
            b" ".join(ARGUMENTS)), text[:300]

    def massif(self):
        """Nothing of these is live at the end: but the command is there."""
        text = self.run("export", "--format=massif")
        assert restored(re.search("(?m)^cmd: (.*)$", text)[1]).endswith(
            b" ".join(ARGUMENTS)), text[:300]
        assert not re.search("(?m)^(?!#-).*#(?!-)", text), "a comment"

    def firefox(self):
        text = self.run("export", "--format=firefox")
        assert re.fullmatch("[ -~\n]*", text), "not ASCII"
        profile = json.loads(text)
        shared = profile["shared"]
        for each in shared["stringArray"]:
            harmless("firefox", each.encode("utf-8"))
        told = [restored(shared["stringArray"][at]) for at in shared["funcTable"]["name"]]
        self.has_all("firefox", told)
        assert restored(profile["meta"]["arguments"]).endswith(b" ".join(ARGUMENTS))
        paths = [restored(lib["path"]) for lib in profile["libs"]]
        assert any(path.endswith(b"/pl" + ODD + b".so") for path in paths), paths

    def columns(self):
        text = self.run("export", "--format=tree")
        assert re.fullmatch("[ -~\n]*", text), "not ASCII"
        self.has_all("tree", [restored(name) for name in json.loads(text)["names"]])

    def diff(self):
        text = self.run("diff", "--format=json", self.trace)
        assert re.fullmatch("[ -~\n]*", text), "not ASCII"
        changes = json.loads(text)["changes"]
        assert {change["state"] for change in changes} == {"same"}
        self.has_all("diff", [restored(change["function"]) for change in changes])
        self.run("diff", self.trace)

    def diff_views(self):
        text = self.run("diff", "--format=folded", self.trace)
        frames = []
        for line in text.rstrip("\n").split("\n"):
            stack, before, after = line.rsplit(" ", 2)
            assert before.isdigit() and before == after, line[:80]
            frames += [restored(frame) for frame in stack.split(";")]
        self.has_all("folded of two", frames)
        self.svg(self.run("diff", "--format=svg", self.trace, allowed="\t"))
        done = subprocess.run([self.esc, "diff", "--format=html", self.trace, self.trace],
                              cwd=self.directory, capture_output=True, timeout=300)
        assert done.returncode == 0 or b"without its page" in done.stderr, done.stderr
        rest = re.sub(rb'<script type="[a-z/]*\+gzip"[^>]*>[^<]*</script>\n', b"",
                      done.stdout)
        assert not done.stdout or rest.count(b"<script") == 1, "a block is no block"

    def baseline(self):
        text = self.run("check", "--write-baseline=-", allowed="\t")
        fields = [line.split("\t") for line in text.split("\n")[:-1]
                  if not line.startswith(("#", "esc-baseline "))]
        assert all(len(one) == 7 for one in fields), [one for one in fields if len(one) != 7][:1]
        self.has_all("baseline", [restored(one[3]) for one in fields])
        if self.source:
            assert SOURCE in [restored(one[5]) for one in fields]
        with open(os.path.join(self.directory, b"baseline"), "w", encoding="utf-8") as file:
            file.write(text)
        assert self.run("check", "--baseline=baseline", "--min-blocks=0") == ""

    def svg(self, text=None):
        text = text or self.run("flamegraph", allowed="\t")
        subprocess.run(["xmllint", "--noout", "--huge", "--nonet", "-"], input=text.encode(),
                       check=True)
        root = xml.fromstring(text)
        space = "{http://www.w3.org/2000/svg}"
        groups = [g for g in root.iter(space + "g") if g.get("data-n") is not None]
        self.has_all("svg", [restored(g.get("data-n")) for g in groups])
        self.has_all("title", [restored(g.find(space + "title").text.rsplit("\n", 1)[0])
                               for g in groups])
        assert len(list(root.iter(space + "script"))) == 1
        for element in root.iter():
            assert element.tag.split("}")[1] in (
                "svg", "style", "rect", "text", "g", "title", "foreignObject", "input", "script",
                "defs", "pattern")
            assert not [a for a in element.attrib if a.startswith("on") or "href" in a]

    def lint(self, form, **options):
        return self.run("lint", "--format=" + form, "--min-blocks=0", "--top=1000", **options)

    def sarif(self):
        text = self.lint("sarif")
        results = json.loads(text)["runs"][0]["results"]
        self.has_all("sarif", [restored(
            r["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]) for r in results])
        if self.source:
            uris = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
                    for r in results if "physicalLocation" in r["locations"][0]]
            assert b"file://" + SOURCE in [urllib.parse.unquote_to_bytes(u) for u in uris], uris[:3]
            assert not [u for u in uris if not re.fullmatch("[A-Za-z0-9/._~%:-]*", u)]

    def remarks(self):
        import yaml
        text = self.lint("remarks")
        documents = list(yaml.safe_load_all(re.sub("(?m)^--- !.*", "---", text)))
        self.has_all("remarks", [restored(d["Function"]) for d in documents if d],
                     self.names)
        if self.source:
            assert SOURCE in [restored(d["DebugLoc"]["File"]) for d in documents if d]

    def github(self):
        text = self.lint("github")
        lines = text.rstrip("\n").split("\n")
        assert len(lines) >= len(self.functions)
        said = [restored(urllib.parse.unquote(line)) for line in lines]
        for line in lines:
            assert re.match("::(warning|notice) ", line), line[:80]
        for name in self.functions:
            assert any(name in line for line in said), name[:40]
        if self.source:
            files = [re.search("file=([^,]*),", line).group(1) for line in lines
                     if "file=" in line]
            assert SOURCE in [restored(urllib.parse.unquote(f)) for f in files], files[:2]

    def gcc(self):
        text = self.lint("gcc")
        said = [restored(line) for line in text.split("\n")]
        for name in self.functions:
            assert any(name in line for line in said), name[:40]
        assert len(re.findall("(?m)^[^ ].*: (?:warning|remark): ", text)) >= len(self.functions)
        if self.source:
            assert any(line.startswith(SOURCE + b":") for line in said), text[:300]

    def people(self):
        """What is cut to columns: whole where it fits."""
        text = self.run("report", "--top=1000", "--color=never")
        said = restored(text)
        for name in self.functions:
            if len(escaped(name)) < 12 and not UNSAFE.search(escaped(name)):
                assert name in said, name
        self.run("report", "--top=1000", "--format=text", "--color=always", allowed="\x1b")
        colored = subprocess.run([self.esc, "report", "--top=1000", "--color=always", self.trace],
                                 capture_output=True, check=True, cwd=self.directory).stdout
        harmless("colours", re.sub(rb"\x1b\[[0-9;]*m", b"", colored))
        annotated = self.run("annotate", "--color=never")
        if self.source:
            assert any(restored(line) == SOURCE for line in annotated.split("\n")), annotated[:300]
        self.run("info")
        info = json.loads(self.run("info", "--format=json"))
        assert restored(info["run"]["exe"]).endswith(b"/" + (b"debug" if self.source else ODD))

    def dump(self):
        text = self.run("dump", "--no-events")
        said = restored(text)
        assert b"/" + ODD + b"/pl" + ODD + b".so\n" in said
        assert b" ".join(ARGUMENTS) in said, [x for x in text.split("\n") if "command" in x]

    def serve(self):
        """What the page is given; and the page, which must not look at it as markup."""
        server = subprocess.Popen([self.esc, "serve", self.trace], cwd=self.directory,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            url = server.stdout.readline().decode("ascii").strip()
            place = urllib.parse.urlsplit(url)
            token = urllib.parse.parse_qs(place.query)["token"][0]
            cookie = {"Cookie": f"esc-{place.port}={token}"}

            def get(path, kind):
                with urllib.request.urlopen(urllib.request.Request(
                        f"http://{place.netloc}{path}", headers=cookie), timeout=300) as answer:
                    heads, body = answer.headers, answer.read()
                assert heads["Content-Type"].split(";")[0] == kind, (path, heads.items())
                assert heads["X-Content-Type-Options"] == "nosniff", (path, heads.items())
                policy = heads["Content-Security-Policy"]
                assert "default-src 'none'" in policy and "script-src 'self'" in policy and \
                    "unsafe" not in policy, policy
                return body

            # each alone, too: by what the page would ask for
            sites = get("/api/sites", "application/json")
            info = get("/api/info", "application/json")
            for data in sites, info:
                assert re.fullmatch(b"[ -~\n]*", data), "not ASCII"
                assert not re.search(b"[<>&]", data), "markup"
            columns = json.loads(sites)["sites"]["columns"]
            found = [columns["function"]["text"][at] for at in columns["function"]["at"]]
            self.has_all("serve", [restored(name) for name in found])
            for number, name in zip(columns["id"], found):
                one = get("/api/site?id=%d" % number, "application/json")
                assert re.fullmatch(b"[ -~\n]*", one) and not re.search(b"[<>&]", one), name
                assert json.loads(one)["site"]["function"] == name, name
            for each in json.loads(get("/api/exports", "application/json")):
                assert re.fullmatch("[A-Za-z0-9._+-]+", each["file"]), each
                get("/export/" + each["name"], "application/octet-stream")
            assert [restored(a) for a in json.loads(info)["run"]["command"]][2:] == ARGUMENTS
            script = get("/app.js", "text/javascript")
            acts = re.search(rb"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|"
                             rb"createContextualFragment|srcdoc|\beval\b|\bFunction\(|"
                             rb"setTimeout\(\s*[\"'`]", script)
            assert not acts, acts
            page = get("/", "text/html")
            assert not re.search(rb"<script(?![^>]*\ssrc=)[^>]*>|\son[a-z]+=|javascript:", page), "inline script"
        finally:
            server.send_signal(signal.SIGINT)
            said = server.communicate(timeout=300)[1]
        assert server.returncode == 0 and not said, (server.returncode, said)

    def single(self):
        """The page as one file: no byte of a name stands in it as such."""
        done = subprocess.run([self.esc, "serve", "--html=-", self.trace], cwd=self.directory,
                              capture_output=True, timeout=300)
        if b"without its page" in done.stderr:
            return
        assert done.returncode == 0 and not done.stderr, done.stderr
        blocks = re.findall(rb'<script type="application/json\+gzip" data-name="([^"]*)">'
                            rb'([A-Za-z0-9+/=]*)</script>\n', done.stdout)
        told = {name: json.loads(gzip.decompress(base64.b64decode(data)))
                for name, data in blocks}
        columns = told[b"table?run=1"]["sites"]["columns"]
        self.has_all("single", [restored(columns["function"]["text"][at])
                                for at in columns["function"]["at"]])
        self.has_all("single", [restored(site["site"]["function"])
                                for site in told[b"site?run=1"].values()])
        rest = re.sub(rb'<script type="[a-z/]*\+gzip"[^>]*>[^<]*</script>\n', b"",
                      done.stdout)
        assert rest.count(b"<script") == rest.count(b"<script>") == 1, "a block is no block"

    def all(self):
        for view in (self.database, self.report_json, self.report_csv, self.folded,
                     self.pprof, self.speedscope, self.dhat, self.callgrind, self.massif,
                     self.firefox, self.columns, self.diff,
                     self.diff_views, self.baseline, self.svg,
                     self.sarif, self.remarks, self.github, self.gcc, self.people, self.dump, self.serve,
                     self.single):
            view()
            print("ok:", os.path.basename(self.trace), view.__name__)


def record(directory, esc):
    """The traces, and whether their program has sources."""
    directory = os.fsencode(directory)
    traces = (ODD, "symbols.esc", False), (b"debug", "debug.esc", True)
    for program, trace, _ in traces:
        path = os.path.join(directory, ODD, program)
        plugin = os.path.join(directory, ODD, b"pl" + ODD + b".so")
        done = subprocess.run([esc, "record", "-q", "--full", "-o", trace, "--", path, plugin,
                               *ARGUMENTS], capture_output=True, timeout=300, cwd=directory)
        assert done.returncode == 0, done
    return [(trace, source) for _, trace, source in traces]


def check(directory, esc):
    for trace, source in record(directory, esc):
        Views(os.fsencode(directory), esc, trace, source).all()
    assert not os.path.exists(os.path.join(directory, "owned")), "a name was run"


if sys.argv[1] == "build":
    build(os.fsencode(sys.argv[2]))
elif sys.argv[1] == "record":
    record(sys.argv[2], sys.argv[3])
else:
    check(sys.argv[2], sys.argv[3])
