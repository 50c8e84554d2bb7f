"""Generates the inputs of the programs, the same ones every time, into a folder.

Each function takes the folder and a scale (1 for a full run) and returns the name of
what it made; what is there already is not made again."""
import os
import random
import subprocess


def _once(folder, name, write):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        write(path + ".new")
        os.rename(path + ".new", path)
    return path


def _text(folder, name, text):
    def write(path):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    return _once(folder, name, write)


def sql(folder, scale):
    return _text(folder, "in.sql", f"""
CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {int(250000 * scale)})
  INSERT INTO item SELECT i, 'name' || (i * 7919 % 10007), i * 1.5 FROM n;
CREATE INDEX item_name ON item (name);
SELECT count(*), sum(price) FROM item WHERE name LIKE 'name1%';
SELECT name, count(*) AS c FROM item GROUP BY name ORDER BY c DESC, name LIMIT 5;
""")


def _python(folder, name, times, count):
    return _text(folder, name, f"""
import json
for k in range({times}):
    json.loads(json.dumps([{{str(i): [i, i * 2]}} for i in range({count})]))
""")


def python(folder, scale):
    return _python(folder, "in.py", 4, int(30000 * scale))


def python_long(folder, scale):
    return _python(folder, "in-long.py", 60, int(30000 * scale))


def perl(folder, scale):
    return _text(folder, "in.pl", f"""
use strict;
my (%count, @rows);
for my $i (1 .. {int(120000 * scale)}) {{
    my $line = join ',', $i, 'name' . ($i * 7919 % 1009), $i * 1.5, 'x' x ($i % 40);
    my @field = split /,/, $line;
    push @rows, {{ id => $field[0], name => $field[1], words => [ map {{ uc }} @field[1 .. 2] ] }};
    $count{{$1}}++ if $line =~ /name(\\d+)/;
    @rows = () if @rows > 5000;
}}
print scalar(keys %count), "\\n";
""")


# The parts of the C++ source: (from this scale on, text). A header is parsed as a whole, so
# that a small input is one with fewer headers.
_CXX = ((0, "struct a { int x; }; template <int n> struct f { enum { v = n + f<n - 1>::v }; };\n"
            "template <> struct f<0> { enum { v = 0 }; };\n"
            "int main() { a b = { f<200>::v }; return b.x == 0; }\n"),
        (0.02, "#include <string>\n#include <vector>\n"
               "int use() { std::vector<std::string> v(3, \"x\"); return (int)v[1].size(); }\n"),
        (1, """#include <algorithm>
#include <iostream>
#include <map>
#include <regex>
int use_all() {
    std::map<std::string, std::vector<int>> m;
    std::regex r("k([0-9]+)");
    for (int i = 0; i < 1000; i++) m["k" + std::to_string(i % 37)].push_back(i);
    for (auto &p : m) std::cout << std::regex_match(p.first, r) << p.second.size();
    return 0;
}
"""))


def _preprocessed(folder, scale, compiler):
    """A C++ source as the preprocessor leaves it: the headers are the compiler's."""
    source = _text(folder, "in.cc", "".join(text for least, text in _CXX if scale >= least))
    return _once(folder, compiler + ".ii", lambda path: subprocess.check_call(
        [compiler, "-E", source, "-o", path]))


def cxx(folder, scale):
    return _preprocessed(folder, scale, "g++")


def cxx_clang(folder, scale):
    return _preprocessed(folder, scale, "clang++")


_WORDS = [a + b + c for a in ("al", "be", "cor", "du", "et", "fi") for b in
          ("lo", "mi", "nu", "ra", "ste", "ti") for c in ("", "n", "rat", "sionibus", "tatem")]


def json_lines(folder, scale):
    draw = random.Random(1)

    def write(path):
        with open(path, "w", encoding="ascii") as file:
            for i in range(int(20000 * scale)):
                file.write('{"id": %d, "name": "%s", "tags": ["%s", "%s"], "score": %d.5, '
                           '"owner": {"name": "%s", "age": %d}}\n' % (
                               i, draw.choice(_WORDS), draw.choice(_WORDS), draw.choice(_WORDS),
                               draw.randrange(1000), draw.choice(_WORDS), draw.randrange(90)))
    return _once(folder, "in.json", write)


def words(folder, scale):
    draw = random.Random(2)

    def write(path):
        with open(path, "w", encoding="ascii") as file:
            for _ in range(int(300000 * scale)):
                file.write(" ".join(draw.choices(_WORDS, k=draw.randrange(1, 16))) + ".\n")
    return _once(folder, "in.txt", write)


def redis_commands(folder, scale):
    """Commands as redis-cli --pipe sends them."""
    draw = random.Random(3)
    kinds = (lambda k, v: ("SET", "s:" + k, v), lambda k, v: ("GET", "s:" + k),
             lambda k, v: ("LPUSH", "l:" + k[-2:], v), lambda k, v: ("RPOP", "l:" + k[-2:]),
             lambda k, v: ("HSET", "h:" + k[-2:], k, v), lambda k, v: ("SADD", "m:" + k[-2:], v),
             lambda k, v: ("ZADD", "z:" + k[-2:], k, v), lambda k, v: ("APPEND", "a:" + k, v),
             lambda k, v: ("DEL", "a:" + k), lambda k, v: ("INCR", "n:" + k))

    def write(path):
        with open(path, "w", encoding="ascii", newline="") as file:
            for _ in range(redis_count(scale)):
                key = str(draw.randrange(10000))
                command = draw.choice(kinds)(key, "v" * draw.randrange(1, 80) + key)
                file.write("*%d\r\n" % len(command))
                for word in command:
                    file.write("$%d\r\n%s\r\n" % (len(word), word))
    return _once(folder, "in.redis", write)


def redis_count(scale):
    return int(200000 * scale)


def _commits(scale):
    """A history as git fast-import reads it."""
    draw = random.Random(4)
    files = {}
    for i in range(int(2000 * scale) + 2):
        yield f"commit refs/heads/main\nmark :{i + 1}\n"
        yield f"author A U Thor <author@example.org> {1000000000 + i * 600} +0000\n"
        yield f"committer A U Thor <author@example.org> {1000000000 + i * 600} +0000\n"
        yield f"data <<EOF\n{' '.join(draw.choices(_WORDS, k=9))}\nEOF\n"
        for _ in range(4):
            name = f"{draw.choice(_WORDS)}/{draw.choice(_WORDS)}.txt"
            lines = files.setdefault(name, [])
            at = draw.randrange(len(lines) + 1)
            lines[at:at + draw.randrange(3)] = [
                " ".join(draw.choices(_WORDS, k=6)) for _ in range(draw.randrange(1, 12))]
            text = "\n".join(lines) + "\n"
            yield f"M 100644 inline {name}\ndata {len(text)}\n{text}\n"


def git(folder, scale):
    def write(path):
        env = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1")
        subprocess.check_call(["git", "init", "-q", "-b", "main", "--bare", path], env=env)
        with subprocess.Popen(["git", "-C", path, "fast-import", "--quiet"], env=env, text=True,
                              stdin=subprocess.PIPE) as process:
            for part in _commits(scale):
                process.stdin.write(part)
        if process.returncode != 0:
            raise OSError("git fast-import failed")
    return _once(folder, "in.git", write)
