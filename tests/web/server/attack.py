"""Asks `esc serve` as a browser does, and as those do who should not get an answer.

attack.py ESC KIND...: KIND.db, KIND.report, KIND.columns and KIND.info are in the working
directory.
"""
import gzip
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

TIMEOUT = 180  # against hangs alone
failed = 0


def check(true, what):
    global failed
    if not true:
        failed += 1
        print("FAIL:", what)


class Server:
    def __init__(self, esc, db, *options):
        self.process = subprocess.Popen([esc, "serve", *options, db], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/\?token=([0-9a-f]{32})\n", line)
        if found is None:
            sys.exit("no URL: %r %r" % (line, self.process.stderr.read()))
        self.port, self.token = int(found[1]), found[2]
        self.cookie = "esc-%d=%s" % (self.port, self.token)

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        check(self.process.wait(TIMEOUT) == 0, "status after signal %d" % how)
        check(self.process.stderr.read() == "", "something on stderr")

    def connect(self, host="127.0.0.1"):
        return socket.create_connection((host, self.port), TIMEOUT)

    def raw(self, data, host="127.0.0.1"):
        """All that comes back for these bytes, until the end."""
        with self.connect(host) as connection:
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            return read_all(connection)

    def ask(self, path, method="GET", host="127.0.0.1", **headers):
        lines = {"Host": "%s:%d" % (host, self.port), "Cookie": self.cookie,
                 "Connection": "close"}
        lines.update((name.replace("_", "-"), value) for name, value in headers.items())
        text = "%s %s HTTP/1.1\r\n" % (method, path)
        text += "".join("%s: %s\r\n" % line for line in lines.items() if line[1] is not None)
        return Answer(self.raw((text + "\r\n").encode()))


def read_all(connection):
    answer = b""
    try:
        while True:
            got = connection.recv(65536)
            if not got:
                return answer
            answer += got
    except ConnectionError:
        return answer


class Answer:
    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        self.status = int(words[1]) if len(words) > 1 else 0
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(": ")
            self.headers[name.lower()] = value


def test_documents(server, esc, kind):
    """Each is what a command prints; packed or not, and no byte of it is anything but text."""
    report = json.load(open(kind + ".report"))["sites"]
    check(json.loads(server.ask("/api/info").body) == json.load(open(kind + ".info")),
          kind + ": info")
    columns = json.load(open(kind + ".columns"))
    check(json.loads(server.ask("/api/sites").body) == columns, kind + ": sites")
    table = json.loads(server.ask("/api/table").body)
    some = table["sites"].pop("columns")
    nameless = {}
    for site in report:
        if not site["file"]:
            nameless[site["module"]] = nameless.get(site["module"], 0) + site["blocks"]["estimated"]
    told = table.pop("nameless")
    module, blocks = (told["columns"][name] for name in ("module", "blocks"))
    check(len(module["at"]) == len(nameless) and blocks == sorted(blocks, reverse=True) and
          {module["text"][at]: some for at, some in zip(module["at"], blocks)} == nameless,
          kind + ": nameless %s" % told)
    check(len(some) > 15 and all(columns["sites"]["columns"][name] == value
                                 for name, value in some.items()) and
          table == {**columns, "sites": {"count": columns["sites"]["count"]}}, kind + ": table")
    # the tests' runs are small: test_table has large ones
    check(len(report) > 200 or
          server.ask("/api/first").body == server.ask("/api/table").body, kind + ": first")
    packed = server.ask("/api/sites", Accept_Encoding="br, gzip")
    check(packed.headers.get("content-encoding") == "gzip" and
          json.loads(gzip.decompress(packed.body)) == columns, kind + ": packed")
    for site in report[:20]:
        told = subprocess.run([esc, "report", "--site=%d" % site["id"], "--format=json",
                               kind + ".db"], capture_output=True, timeout=TIMEOUT).stdout
        check(server.ask("/api/site?id=%d" % site["id"]).body == told,
              "%s: site %d" % (kind, site["id"]))
        if site["file"] and re.search("[\0-\x1f]", site["file"]):
            # no URL has them: such a source is for esc annotate
            check(server.ask("/api/source?file=" + urllib.parse.quote(site["file"])).status == 400,
                  "a control character in a URL")
        elif site["file"]:
            answer = server.ask("/api/source?file=" + urllib.parse.quote(site["file"]))
            source = json.loads(answer.body)
            marks = [(other["line"], other["id"], other["verdict"]) for other in report
                     if other["file"] == site["file"]]
            check(source["schema"] == "esc-annotate/1" and source["file"] == site["file"] and
                  sorted((mark["line"], mark["id"], mark["verdict"])
                         for mark in source["marks"]) == sorted(marks), kind + ": marks")
            check(("lines" in source) != ("note" in source), kind + ": lines or a note")
    for path in ("/api/sites", "/api/first", "/api/info", "/api/exports", "/api/state", "/"):
        answer = server.ask(path)
        check(answer.status == 200, "%s: %s: status %d" % (kind, path, answer.status))
        check(re.search(rb"[\x00-\x09\x0b-\x1f\x7f-\xff]", answer.body) is None,
              kind + ": bytes that are no text")
        check(int(answer.headers["content-length"]) == len(answer.body), kind + ": length")
        check(path == "/" or b"<" not in answer.body, kind + ": markup in JSON")


def test_exports(server, esc, kind):
    """All that is offered can be had, as a file whose name does nothing."""
    offered = json.loads(server.ask("/api/exports").body)
    names = [each["name"] for each in offered]
    check(len(set(names)) == len(names) and {"database", "folded", "svg", "lint-sarif",
                                             "report-json", "report-csv"} <= set(names),
          "%s: offers %s" % (kind, names))
    for each in offered:
        answer = server.ask("/export/" + each["name"])
        check(answer.status == 200, "%s: %s: %d" % (kind, each["name"], answer.status))
        check(re.fullmatch(r"[A-Za-z0-9_+][A-Za-z0-9._+-]*", each["file"]) is not None and
              answer.headers.get("content-disposition") ==
              'attachment; filename="%s"' % each["file"], "%s: file %r" % (kind, each["file"]))
        check(int(answer.headers["content-length"]) == len(answer.body), "length of an export")
        check(answer.headers["content-type"] == "application/octet-stream", "an export's type")
    for name, command in (("folded", ["export", "--format=folded"]),
                          ("database", ["export", "--format=database"]),
                          ("svg", ["export", "--format=svg"]),
                          ("report-json", ["report", "--format=json"]),
                          ("report-csv", ["report", "--format=csv"])):
        told = subprocess.run([esc, *command, kind + ".db"], capture_output=True, timeout=TIMEOUT)
        check(server.ask("/export/" + name).body == told.stdout, "%s: %s" % (kind, name))


def test_diff(esc, kinds):
    """What has changed is what the command says, either way around."""
    for before, after in (kinds, kinds[::-1]):
        server = Server(esc, after + ".db", before + ".db")
        told = subprocess.run([esc, "diff", "--format=columns", before + ".db", after + ".db"],
                              capture_output=True, timeout=TIMEOUT).stdout
        check(json.loads(told)["changes"]["count"] > 0, "nothing has changed")
        check(server.ask("/api/diff").body == told, "%s, %s: diff" % (before, after))
        server.stop(signal.SIGTERM)


def test_choice(server):
    for path in ("/api/info?sort=cost", "/api/sites?text=a", "/api/site", "/api/site?id=",
                 "/api/site?id=-1", "/api/site?id=1&id=1", "/api/site?id=x", "/api/source",
                 "/api/info?run=0", "/api/info?run=3", "/api/info?run=", "/api/info?%",
                 "/api/source?file=%00", "/api/source?file=%0d%0aSet-Cookie:x",
                 "/api/source?file=%ff", "/api/sites?&", "/api/sites?=",
                 "/export/folded?metric=bytes", "/api/source?file=" + "x" * 3000):
        answer = server.ask(path)
        check(answer.status == 400 and b"x" * 100 not in answer.body and
              "set-cookie" not in answer.headers, "%s: %d" % (path[:40], answer.status))
    for path in ("/api/site?id=4000000000", "/api/info?run=2", "/api/source?file=/etc/passwd",
                 "/api/source?file=", "/api/source?file=../../etc/passwd", "/export/",
                 "/export/text", "/export/report-text", "/export/lint-", "/api/", "/api/document",
                 "/export/../api/info", "/api/diff"):
        answer = server.ask(path)
        check(answer.status == 404 and len(answer.body) < 100 and answer.body.count(b"\n") == 1,
              "%s: %d" % (path, answer.status))


def test_guard(server):
    other = "127.0.0.1:%d" % (server.port ^ 1)
    mine = "127.0.0.1:%d" % server.port
    for status, options in (
            (200, {}),
            (200, {"host": "localhost"}),
            (200, {"Origin": "http://" + mine, "Sec_Fetch_Site": "same-origin"}),
            (421, {"Host": "evil.example"}), (421, {"Host": other}), (421, {"Host": "127.0.0.1"}),
            (403, {"Origin": "http://evil.example"}), (403, {"Origin": "null"}),
            (403, {"Origin": "http://" + other}),
            (403, {"Sec_Fetch_Site": "cross-site"}), (403, {"Sec_Fetch_Site": "same-site"}),
            (403, {"Cookie": None}), (403, {"Cookie": "esc-%d=%032d" % (server.port, 0)}),
            (405, {"method": "POST"}), (405, {"method": "OPTIONS"}), (405, {"method": "DELETE"}),
            (413, {"Content_Length": "5"}), (413, {"Transfer_Encoding": "chunked"})):
        for path in ("/", "/app.js", "/style.css", "/api/info", "/api/sites",
                     "/api/site?id=1", "/export/database"):
            answer = server.ask(path, **options)
            check(answer.status == status, "%s %s: %d" % (path, options, answer.status))
            check("access-control-allow-origin" not in answer.headers, "CORS")
            if status != 200:
                check(len(answer.body) < 100 and server.token.encode() not in answer.body,
                      "%s %s says too much" % (path, options))
    for lines in ("Host: %s\r\nHost: %s" % (mine, mine),
                  "Host: %s\r\nOrigin: http://%s\r\nOrigin: http://%s" % (mine, mine, mine),
                  "Host: %s\r\nCookie: a=b\r\nCookie: %s" % (mine, server.cookie)):
        data = "GET /api/info HTTP/1.1\r\nConnection: close\r\nCookie: %s\r\n%s\r\n\r\n"
        answer = Answer(server.raw((data % (server.cookie, lines)).encode()))
        check(answer.status == 400, "twice: %d" % answer.status)
    answer = Answer(server.raw(b"GET / HTTP/1.0\r\n\r\n"))
    check(answer.status == 421, "no host: %d" % answer.status)


def test_token(server):
    answer = server.ask("/?token=" + server.token, Cookie=None)
    check(answer.status == 303 and answer.headers["location"] == "/" and
          answer.headers["set-cookie"] == server.cookie + "; Path=/; SameSite=Strict; HttpOnly",
          "the token's answer: %d %s" % (answer.status, answer.headers))
    for path in ("/?token=" + "0" * 32, "/?token=", "/api/info?token=" + server.token):
        check(server.ask(path, Cookie=None).status == 403, path)


def test_headers(server):
    want = {
        "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
                                   "img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
                                   "form-action 'none'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff", "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin", "cache-control": "no-store"}
    for path in ("/", "/app.js", "/style.css", "/api/info", "/nothing"):
        for cookie in (server.cookie, None):
            headers = server.ask(path, Cookie=cookie).headers
            check({name: headers.get(name) for name in want} == want, path + ": headers")
    page = server.ask("/").body.decode()
    check(re.search(r"<script(?![^>]*src=)|<style|\son\w+=|style=|javascript:|//[a-z]", page)
          is None, "the page has something inline, or of others")
    for path in ("/", "/app.js", "/open.js", "/plot.js", "/style.css", "/icon.svg"):
        whole, packed = server.ask(path), server.ask(path, Accept_Encoding="gzip")
        check(whole.status == packed.status == 200 and "content-encoding" not in whole.headers and
              packed.headers.get("content-encoding") == "gzip" and
              gzip.decompress(packed.body) == whole.body, path + ": packed")
    head = server.ask("/", method="HEAD")
    check(head.status == 200 and head.body == b"" and
          head.headers["content-length"] == str(len(page)), "HEAD")


def test_paths(server):
    for path in ("/../etc/passwd", "/app.js/", "//", "/api/info/", "/%61pp.js", "/app.js%00",
                 "/api", "/rich.db", "*", "http://evil.example/", "/api/../api/info"):
        answer = server.ask(path)
        check(answer.status in (400, 404), "%s: %d" % (path, answer.status))


def test_malformed(server):
    mine = "Host: 127.0.0.1:%d\r\nCookie: %s\r\n" % (server.port, server.cookie)
    for text in ("", "\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "\0" * 100, "\xff" * 5000,
                 "GET / HTTP/9.9\r\n" + mine + "\r\n", "GET / HTTP/1.1\r\n: x\r\n\r\n",
                 "GET /" + "a" * 9000 + " HTTP/1.1\r\n" + mine + "\r\n",
                 "GET / HTTP/1.1\r\n" + mine + "X: " + "a" * 40000 + "\r\n\r\n",
                 "GET / HTTP/1.1\r\n" + mine + "X: y\r\n" * 70 + "\r\n",
                 "GET / HTTP/1.1\r\n" + mine + "Content-Length: -1\r\n\r\n",
                 "GET / HTTP/1.1\r\n" + mine + "Content-Length: 99999999999999999999\r\n\r\n",
                 "POST / HTTP/1.1\r\n" + mine + "Content-Length: 3\r\n\r\nabc" * 3):
        got = server.raw(text.encode("latin-1"))
        status = Answer(got).status
        check(got == b"" or 400 <= status < 600, "%r: %d" % (text[:40], status))
    check(server.ask("/" + "a" * 9000).status == 414, "a long URL")
    check(server.ask("/").status == 200, "it still answers")


def test_slow(server):
    """A head that comes byte by byte has ten seconds, however often a byte comes."""
    begun = time.monotonic()
    with server.connect() as connection:
        text = b"GET / HTTP/1.1\r\nX: "
        try:
            while time.monotonic() - begun < TIMEOUT:
                connection.sendall(text)
                text = b"y"
                connection.settimeout(0.5)
                try:
                    if connection.recv(1000) == b"":
                        break
                except TimeoutError:
                    pass
        except OSError:
            pass
    check(time.monotonic() - begun < TIMEOUT, "a slow head is waited for")


def test_many(server):
    """More connections than it takes: it answers again when they are gone."""
    idle = []
    for _ in range(200):
        try:
            idle.append(server.connect())
        except OSError:
            break
    for connection in idle:
        connection.close()
    for _ in range(100):
        try:
            if server.ask("/").status == 200:
                break
        except (OSError, IndexError):
            pass
        time.sleep(0.1)
    else:
        check(False, "it answers nobody after many came")
    wrong = []

    def ask():
        for _ in range(20):
            answer = server.ask("/api/sites")
            if answer.status != 200:
                wrong.append(answer.status)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(not wrong, "8 at once: %s" % wrong[:5])


def test_addresses(server):
    """It listens on loopback alone."""
    listening = set()
    for name, width in (("tcp", 8), ("tcp6", 32)):
        for line in open("/proc/net/" + name):
            words = line.split()
            if len(words) > 3 and words[3] == "0A" and words[1].endswith(":%04X" % server.port):
                listening.add(words[1][:width])
    check(listening <= {"0100007F", "00000000000000000000000001000000"} and
          "0100007F" in listening, "listens on %s" % listening)
    if len(listening) > 1:
        data = "GET / HTTP/1.1\r\nHost: [::1]:%d\r\nCookie: %s\r\nConnection: close\r\n\r\n"
        got = server.raw((data % (server.port, server.cookie)).encode(), "::1")
        check(Answer(got).status == 200, "[::1]")


def main():
    esc, kinds = sys.argv[1], sys.argv[2:]
    for kind in kinds:
        server = Server(esc, kind + ".db")
        test_documents(server, esc, kind)
        test_exports(server, esc, kind)
        server.stop(signal.SIGTERM)
    test_diff(esc, ["rich", "hostile"])
    server = Server(esc, "merged.db", "rich.db")
    check(json.loads(server.ask("/api/info?run=2").body) == json.load(open("merged.info")),
          "the second file")
    server.stop()
    server = Server(esc, "rich.db")
    tokens = {server.token}
    for test in (test_choice, test_guard, test_token, test_headers, test_paths, test_malformed,
                 test_slow, test_many, test_addresses):
        test(server)
    taken = subprocess.run([esc, "serve", "-p", str(server.port), "rich.db"],
                           capture_output=True, text=True, timeout=TIMEOUT)
    check(taken.returncode == 1 and taken.stdout == "" and
          re.fullmatch(r"esc: port \d+ .*\n", taken.stderr) is not None,
          "a port that is taken: %s" % taken)
    port = server.port
    server.stop()
    server = Server(esc, "rich.db", "-p", str(port))
    check(server.port == port and server.token not in tokens, "the port, and another token")
    server.stop(signal.SIGHUP)
    print("%d failed" % failed)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
