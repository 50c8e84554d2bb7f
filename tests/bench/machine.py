"""What the figures were measured on; nothing that names a machine or a person."""
import os
import platform
import re
import shutil
import subprocess

PACKAGES = ("sqlite3", "python3", "g++", "clang", "jq", "git", "perl", "redis-server", "heaptrack",
            "valgrind", "libjemalloc2", "libgoogle-perftools4")


def _first(path, pattern):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            match = re.search(pattern, file.read(), re.M)
    except OSError:
        return None
    return match.group(1).strip() if match else None


def _line(*command):
    if shutil.which(command[0]) is None:
        return None
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                         check=False).stdout
    return out.splitlines()[0].strip() if out else None


def describe():
    memory = _first("/proc/meminfo", r"^MemTotal:\s*(\d+)")
    versions = {}
    for package in PACKAGES:
        version = _line("dpkg-query", "-W", "-f", "${Version}", package)
        if version:
            versions[package] = version
    return {
        "processor": _first("/proc/cpuinfo", r"^model name\s*:\s*(.*)$") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "virtual": _first("/proc/cpuinfo", r"^flags\s*:.*\b(hypervisor)\b") is not None,
        "memory_gib": round(int(memory) / 1048576) if memory else None,
        "kernel": ".".join(platform.release().split(".")[:2]),
        "libc": os.confstr("CS_GNU_LIBC_VERSION"),
        "compiler": _line("gcc", "--version"),
        "packages": versions,
        "load": os.getloadavg()[0],
    }
