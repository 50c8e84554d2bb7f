"""50 readers of esc serve at once: no error, and no memory that grows; then one reader, whose
answers would show it if any of them was kept.

load.py ESC DB; LOAD_SECONDS says how long (4).
"""
import http.client
import json
import os
import sys
import threading
import time

import attack
from attack import Server, check

READERS = 50
SECONDS = float(os.environ.get("LOAD_SECONDS", "4"))


def resident(pid):
    for line in open("/proc/%d/status" % pid):
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def read(server, paths, at, end, counts, wrong):
    """As a browser does: one connection, one document after the other."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=attack.TIMEOUT)
    headers = {"Cookie": server.cookie, "Accept-Encoding": "gzip"}
    while counts[0] == 0 or time.monotonic() < end: # once, however late it comes to run
        path = paths[at % len(paths)]
        at += 1
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            size = len(answer.read())
        except (OSError, http.client.HTTPException) as error:
            wrong.append("%s: %s" % (path, error))
            return
        if answer.status != 200 or size == 0:
            wrong.append("%s: %d" % (path, answer.status))
        counts[0] += 1
        counts[1] += size
    connection.close()


def load(server, paths, seconds):
    counts = [[0, 0] for _ in range(READERS)]
    wrong = []
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=read, args=(server, paths, i, end, counts[i], wrong))
               for i in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(not wrong, "%d errors: %s" % (len(wrong), wrong[:3]))
    check(all(count[0] > 0 for count in counts), "a reader had nothing")
    return sum(count[0] for count in counts), sum(count[1] for count in counts)


def held(server, path):
    """One reader, so that nothing but what is kept makes it grow: less than a quarter of an
    answer by answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=attack.TIMEOUT)

    def ask(count):
        size = 0
        for _ in range(count):
            connection.request("GET", path, headers={"Cookie": server.cookie})
            answer = connection.getresponse()
            size = len(answer.read())
            check(answer.status == 200, "%s: %d" % (path, answer.status))
        return size

    size = ask(20)
    count = min(max(4 * 2**20 // size, 60), 600)
    if count * size < 2**21:
        return None  # too little to be told from what the allocator does
    before = resident(server.process.pid)
    ask(count)
    grown = (resident(server.process.pid) - before) * 1024
    connection.close()
    check(grown < count * size / 4 + 2**18, "%s: %d bytes more after %d answers of %d bytes" %
          (path, grown, count, size))
    return grown / count / size


def main():
    server = Server(sys.argv[1], sys.argv[2])
    exports = json.loads(server.ask("/api/exports").body)
    ids = json.loads(server.ask("/api/sites").body)["sites"]["columns"]["id"]
    paths = ["/", "/app.js", "/style.css", "/api/info", "/api/sites", "/api/first", "/api/table",
             "/api/state", "/api/exports"]
    paths += ["/api/site?id=%d" % each for each in ids[:10]]
    paths += ["/export/" + each["name"] for each in exports]
    paths += [path for path in ("/api/tree", "/api/cells", "/api/heat")
              if server.ask(path).status == 200]
    if server.ask("/").status != 200:
        paths = paths[3:]
    load(server, paths, max(1, SECONDS / 4))
    begun = resident(server.process.pid)
    answers, size = load(server, paths, SECONDS)
    ended = resident(server.process.pid)
    print("load: %d readers, %.0f s: %d answers, %.1f MiB, %d KiB resident before, %d after" %
          (READERS, SECONDS, answers, size / 2**20, begun, ended))
    # what the allocator keeps differs from moment to moment; what leaks does with each answer
    check(ended < begun * 1.25 + 16384, "memory grew from %d to %d KiB" % (begun, ended))
    slopes = {path: held(server, path) for path in paths}
    told = {path: slope for path, slope in slopes.items() if slope is not None}
    worst = max(told, key=told.get)
    print("load: of %d documents at most %.3f of an answer is kept by each (%s)" %
          (len(told), told[worst], worst))
    check("/api/site?id=%d" % ids[0] in told or "/app.js" in told, "large enough: %s" % slopes)
    server.stop()
    print("%d failed" % attack.failed)
    sys.exit(1 if attack.failed else 0)


main()
