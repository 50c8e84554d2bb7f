"""What the programs run under: a table. Each says against what it is held (base), and a
profiler that is not installed, or an esc that does not know a mode, says so."""
import collections
import glob
import os
import shutil
import subprocess

from programs import Absent, installed

LIBRARIES = ("/usr/lib/*-linux-gnu/", "/usr/lib64/", "/usr/lib/", "/usr/local/lib/")


def library(pattern, package):
    for folder in LIBRARIES:
        found = sorted(glob.glob(folder + pattern))
        if found:
            return found[0]
    raise Absent(f"no {pattern} (package {package})")


class Profiler:
    """key: its name here; title; base: key of what it is held against (None: nothing);
    small: too slow for the full inputs; traces: pattern of the files that it leaves;
    read: measure the reading of these, too; only: patterns of the programs that it is for."""
    base, small, traces, packed, read, only = "native", False, None, False, False, ("*",)

    def __init__(self, key, title, **more):
        self.key, self.title = key, title
        for name, value in more.items():
            setattr(self, name, value)

    def check(self, place):
        """Raises Absent where it cannot be used."""

    def env(self, _place):
        return {}

    def command(self, _place, command):
        return command

    def left(self, folder):
        """The files that a run in folder left, the largest first."""
        found = glob.glob(os.path.join(folder, self.traces)) if self.traces else []
        return sorted(found, key=os.path.getsize, reverse=True)

    def analysis(self, _place, _trace, _out):
        """The command that reads a trace, or None."""

    def counted(self, _place, _out):
        """The events that it says there were, in what its analysis left, or None."""


class Preload(Profiler):
    """A library in front of malloc, and what its environment is."""

    def __init__(self, key, title, find, more=None, **rest):
        super().__init__(key, title, **rest)
        self.find, self.more = find, more or {}

    def check(self, place):
        self.find(place)

    def env(self, place):
        return dict(self.more, LD_PRELOAD=self.find(place))


class Esc(Profiler):
    """The shim of a build, or a shim, with some options; the keeper's CPU is in the tree's."""
    traces, packed = "*.esc", True

    def __init__(self, key, title, options, build=None, **more):
        super().__init__(key, title, **more)
        self.read = key.partition("@")[0] in ("full", "auto")
        self.options, self.build = options, build

    def folder(self, place):
        """The build; of a shim alone, the rest is that of the build that is measured."""
        return self.build if self.build and os.path.isdir(self.build) else place.build

    def env(self, place):
        build = self.folder(place)
        shim = os.path.join(build, ".libs/libesc.so")
        if self.build and build != self.build:
            shim = self.build
        return {"LD_PRELOAD": shim, "ESC_OPTIONS": ":".join([
            self.options, "keeper=" + os.path.join(build, "esc-keeper")])}

    def check(self, place):
        """A shim that does not know an option says so and leaves no trace."""
        if not os.path.exists(self.env(place)["LD_PRELOAD"]):
            raise Absent(f"no {self.env(place)['LD_PRELOAD']}")
        folder = place.fresh()
        place.run(folder, ["/bin/true"], self.env(place))
        if not self.left(folder):
            raise Absent(f"this libesc.so does not know {self.options}")

    def analysis(self, place, trace, out):
        return [os.path.join(self.folder(place), "esc"), "analyze", "-f", "-o", out, trace]

    def counted(self, place, out):
        query = "SELECT sum(allocations) + sum(frees) FROM run"
        return int(subprocess.check_output([os.path.join(self.folder(place), "esc"), "query",
                                            "--format=csv", out, query], text=True).split()[-1])

    def pack(self, place, trace, out):
        """The command that packs a trace, or None where this esc cannot."""
        esc = os.path.join(self.folder(place), "esc")
        if subprocess.run([esc, "pack", "--help"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False).returncode != 0:
            return None
        return [esc, "pack", "-o", out, trace]


class HeaptrackPreload(Preload):
    """Its library alone, that writes its raw text to a file: what the program pays."""
    traces, read = "heaptrack.raw", True

    def analysis(self, _place, trace, out):
        interpret = sorted(glob.glob("/usr/lib/heaptrack/libexec/heaptrack_interpret") +
                           glob.glob("/usr/lib/*/heaptrack/libexec/heaptrack_interpret"))
        if not interpret or shutil.which("heaptrack_print") is None:
            return None
        return ["/bin/sh", "-c", '"$1" <"$2" >"$3" && heaptrack_print -f "$3" >/dev/null',
                "sh", interpret[0], trace, out]


class Heaptrack(Profiler):
    """As people use it: its script, its interpreter in a pipe, the packer."""
    traces, read = "heaptrack.out.*", True
    # Of the storms whose stacks vary one is enough to see its interpreter fail.
    only = ("[!s]*", "sqlite3", "storm-*-same-*", "storm-*-[hc]*", "storm-d30-varying-t1")

    def check(self, place):
        installed("heaptrack", "heaptrack")

    def command(self, _place, command):
        return ["heaptrack", "-o", "heaptrack.out", *command]

    def analysis(self, _place, trace, _out):
        return ["heaptrack_print", "-f", trace]


class Dhat(Profiler):
    small, traces = True, "dhat.out"

    def check(self, place):
        installed("valgrind", "valgrind")

    def command(self, _place, command):
        return ["valgrind", "-q", "--tool=dhat", "--dhat-out-file=dhat.out", *command]


def _forward(place):
    return place.tool("forward.so")


def _heaptrack(_place):
    return library("heaptrack/libheaptrack_preload.so", "heaptrack")


def _jemalloc(_place):
    path = library("libjemalloc.so.2", "libjemalloc2")
    says = subprocess.run(["/bin/true"], stderr=subprocess.PIPE, text=True, check=False,
                          env={"LD_PRELOAD": path, "MALLOC_CONF": "prof:true"}).stderr
    if "prof" in says:
        raise Absent("this libjemalloc.so.2 was built without profiling")
    return path


def _tcmalloc(_place):
    return library("libtcmalloc.so.4", "libgoogle-perftools4")


def esc_modes(build=None, suffix="", base="native"):
    """The modes of the shim of a build."""
    return [Esc(key + suffix, f"esc {title}{suffix}", options, build, base=base, **dict(more))
            for key, title, options, *more in (
                ("unsampled", "sampled, none taken", "mode=sampled:sample=1099511627776",
                 ("only", ("storm-*-[hc]*",))),
                ("full", "full", "mode=full"),
                ("exact", "full --exact", "mode=full:marks=16"),
                ("sampled", "sampled, 512K", "mode=sampled:sample=524288"),
                ("sampled-exact", "sampled --exact", "mode=sampled:sample=524288:marks=16"),
                ("auto", "auto", "mode=auto"),
                ("ring", "full, ring of 16 MiB", "mode=full:ring=16777216"))]


TABLE = [
    Profiler("native", "native", base=None),
    Preload("forward", "forwarding shim", _forward),
    *esc_modes(),
    HeaptrackPreload("heaptrack-preload", "heaptrack, its preload", _heaptrack,
                     {"DUMP_HEAPTRACK_OUTPUT": "heaptrack.raw"}),
    Heaptrack("heaptrack", "heaptrack"),
    Preload("jemalloc", "jemalloc", _jemalloc),
    Preload("jemalloc-sampled", "jemalloc sampling, 512K", _jemalloc,
            {"MALLOC_CONF": "prof:true,lg_prof_sample:19"}, base="jemalloc"),
    Preload("tcmalloc", "tcmalloc", _tcmalloc),
    Preload("tcmalloc-sampled", "tcmalloc sampling, 512K", _tcmalloc,
            {"TCMALLOC_SAMPLE_PARAMETER": "524288"}, base="tcmalloc"),
    Preload("heapprofile", "gperftools HEAPPROFILE", _tcmalloc, {"HEAPPROFILE": "profile"},
            base="tcmalloc", small=True, traces="profile.*.heap"),
    Dhat("dhat", "DHAT"),
]
BY_KEY = collections.OrderedDict((profiler.key, profiler) for profiler in TABLE)
