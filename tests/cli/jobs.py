#!/usr/bin/python3
"""A shell with one job, on a terminal of its own.

    jobs.py LOG SCENARIO... -- COMMAND...

Starts COMMAND, a tests/faults/job that writes to LOG, as a shell starts a job: a
process group of its own, in front on a pseudo-terminal. Then does each step of
SCENARIO, and prints what the job noted and what the shell saw. The same
scenario must print the same, whatever stands between shell and job.

Steps:
    pid:SIG     to the process that the shell knows
    group:SIG   to the group of it
    key:X       a key: c, z, backslash, or a line to type
    behind      the job starts in the background
    front       as fg does: the terminal, then SIGCONT to the group
    window      the window changes its size
    note:TEXT   waits until the job noted that; TEXT*2: for the second time
    stopped     waits until the shell sees the job stopped
    runs        looks that nothing has changed for the shell
    end         ends a job that handles signals
    chld        the shell ignores its children when the job starts
    nohup       the job inherits an ignored SIGHUP
    block       the job inherits a blocked SIGUSR1
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

BOUND = int(os.environ.get("JOBS_BOUND", 60))  # seconds: only a hang takes that long
SETTLE = 0.15  # what must not come has that long to come


class Job:
    def __init__(self, log, steps, command, keys):
        self.log, self.steps, self.command = log, steps, command
        self.keys = keys
        self.state = None
        self.pid = 0

    def notes(self):
        try:
            with open(self.log) as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return []

    def wait(self, what, test):
        until = time.monotonic() + BOUND
        while not test():
            if time.monotonic() > until:
                print("hangs before:", what, "after", self.notes(), self.state)
                os.killpg(self.pid, signal.SIGKILL)
                sys.exit(1)
            time.sleep(0.01)

    def poll(self):
        """What the shell sees; True when that is something new."""
        if self.state is not None and not os.WIFSTOPPED(self.state):
            return False
        pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
        if pid == 0:
            return False
        self.state = status
        return True

    def job_pid(self):
        return int(self.notes()[0].split()[1])

    def start(self):
        if "chld" in self.steps:
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        self.pid = os.fork()
        if self.pid == 0:
            os.setpgid(0, 0)
            if "nohup" in self.steps:
                signal.signal(signal.SIGHUP, signal.SIG_IGN)
            else:
                signal.signal(signal.SIGHUP, signal.SIG_DFL)
            # Python's own
            for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            if "block" in self.steps:
                signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
            self.to_front("behind" not in self.steps and os.getpid())
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
            os.execvp(self.command[0], self.command)
        try:
            os.setpgid(self.pid, self.pid)
        except OSError:
            pass
        if "chld" in self.steps:
            # The job has inherited it; this shell wants to know.
            self.wait("its start", lambda: self.notes() or self.gone())
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def gone(self):
        return not os.path.exists("/proc/%d" % self.pid)

    @staticmethod
    def to_front(group):
        if group:
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            os.tcsetpgrp(0, group)

    def step(self, step):
        what, _, rest = step.partition(":")
        if what == "pid":
            os.kill(self.pid, getattr(signal, "SIG" + rest))
        elif what == "group":
            os.killpg(self.pid, getattr(signal, "SIG" + rest))
        elif what == "key":
            os.write(self.keys, (rest + "\n").encode())
        elif what == "window":
            os.write(self.keys, b"window\n")
        elif what == "front":
            self.to_front(self.pid)
            os.killpg(self.pid, signal.SIGCONT)
            self.state = None
        elif what == "note":
            text, _, times = rest.partition("*")
            self.wait(step, lambda: self.poll() or
                      self.notes().count(text) >= int(times or 1))
        elif what == "stopped":
            self.wait(step, lambda: self.poll() or
                      (self.state is not None and os.WIFSTOPPED(self.state)))
            print("stopped by", signal.Signals(os.WSTOPSIG(self.state)).name
                  if os.WIFSTOPPED(self.state) else "nothing: %d" % self.state)
        elif what == "runs":
            time.sleep(SETTLE)
            print("changed" if self.poll() else "runs on")
        elif what == "end":
            time.sleep(SETTLE)
            os.kill(self.job_pid(), signal.SIGRTMIN)

    def end(self):
        self.wait("its end", lambda: self.poll() and
                  not os.WIFSTOPPED(self.state))
        if os.WIFSIGNALED(self.state):
            print("ended by", signal.Signals(os.WTERMSIG(self.state)).name)
        else:
            print("exit", os.WEXITSTATUS(self.state))
        modes = termios.tcgetattr(0)
        print("modes", *["%x" % m for m in modes[:4]])
        for line in self.notes():
            if not line.startswith("pid "):
                print("job:", line)

    def shell(self):
        """The session's leader, as a login shell is."""
        self.start()
        for step in self.steps:
            self.step(step)
        self.end()


KEYS = {b"c": b"\x03", b"z": b"\x1a", b"backslash": b"\x1c"}


def press(master, line):
    if line == b"window":
        size = struct.pack("HHHH", 40, 132, 0, 0)
        fcntl.ioctl(master, termios.TIOCSWINSZ, size)
    else:
        os.write(master, KEYS.get(line, line + b"\n"))


def terminal(master, keys):
    """Types what the shell's scenario asks for, throws away what is shown."""
    left = b""
    while True:
        ready, _, _ = select.select([master, keys], [], [], BOUND * 3)
        if not ready:
            return
        if master in ready:
            try:
                if not os.read(master, 4096):
                    return
            except OSError:
                return
        if keys in ready:
            got = os.read(keys, 4096)
            if not got:
                return
            left += got
            while b"\n" in left:
                line, left = left.split(b"\n", 1)
                press(master, line)


def shell(log, steps, command, out, keys):
    """In the child whose terminal it is. 0, 1 and 2 are the terminal, and all that
    the job may inherit."""
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 500) for fd in (out, keys)]
    os.closerange(3, 500)
    os.closerange(max(high) + 1, 1024)
    sys.stdout = os.fdopen(high[0], "w", buffering=1)
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    Job(log, steps, command, high[1]).shell()
    sys.stdout.flush()
    os._exit(0)


def main():
    cut = sys.argv.index("--")
    log, steps, command = sys.argv[1], sys.argv[2:cut], sys.argv[cut + 1:]
    out = os.dup(1)
    from_shell, keys = os.pipe()
    pid, master = pty.fork()
    if pid == 0:
        shell(log, steps, command, out, keys)
    os.close(keys)
    terminal(master, from_shell)
    _, status = os.waitpid(pid, 0)
    sys.exit(os.waitstatus_to_exitcode(status) != 0)


main()
