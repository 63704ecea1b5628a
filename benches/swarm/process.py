"""Child processes: started in a network namespace, listened to, counted and always ended.

One thread does everything: it waits for lines and for endings of all children at once, and stamps them with
the monotonic clock. Every child leads a session of its own, so that Ctrl-C reaches the bench alone, which
then ends the children by their process ids.
"""

import collections
import os
import selectors
import signal
import subprocess
import time

LINES_KEPT = 30  # of a child's output, to tell why it failed
LINE_BYTES_MAX = 1 << 16  # a child that prints no line ends does not fill the memory
GRACE_S = 6.0  # from SIGTERM to SIGKILL; aria2 says goodbye to its tracker first


class Failed(Exception):
    """What went wrong in one run, in words. The next run may still succeed."""


def read_file(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Child:
    """A running or ended process. Its standard error is part of its output."""

    def __init__(self, name, argv, namespace=None, folder=None):
        enter = ["nsenter", f"--net=/run/netns/{namespace}", "--"] if namespace else []
        self.name = name
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            [*enter, *map(str, argv)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.pid = self.process.pid
        self.lines = collections.deque(maxlen=LINES_KEPT)
        self.usage = None  # of wait4, once ended
        self.exit_code = None
        self.peak_kib = None
        self.done_at = None  # for those who use it: when this leecher had everything
        self.reported = None
        self._pending = b""
        os.set_blocking(self.process.stdout.fileno(), False)

    @property
    def cpu_s(self):
        """User and system time with that of the children it waited for; nothing before it ended."""
        return self.usage.ru_utime + self.usage.ru_stime if self.usage else None

    def read_lines(self):
        """Complete lines that have arrived, and whether the output has ended. A carriage return ends one too."""
        lines, ended = [], False
        while True:
            try:
                data = os.read(self.process.stdout.fileno(), 1 << 16)
            except BlockingIOError:
                break
            if not data:
                ended = True
                break
            self._pending += data.replace(b"\r", b"\n")
            *whole, rest = self._pending.split(b"\n")
            self._pending = rest[-LINE_BYTES_MAX:]
            lines += [line.decode(errors="replace").strip() for line in whole if line.strip()]
        self.lines.extend(lines)
        return lines, ended

    def note_peak_memory(self):
        """VmHWM while it lives. The rusage of wait4 would not do: it also counts the bench's own memory,
        which the child shared between vfork and exec."""
        try:
            for line in read_file(f"/proc/{self.pid}/status").splitlines():
                if line.startswith("VmHWM:"):
                    self.peak_kib = int(line.split()[1])
        except OSError:
            pass

    def reap(self, wait=False):
        """Whether it has ended; its resource usage is kept."""
        if self.exit_code is None:
            pid, status, usage = os.wait4(self.pid, 0 if wait else os.WNOHANG)
            if pid:
                self.usage = usage
                self.exit_code = os.waitstatus_to_exitcode(status)
                self.process.returncode = self.exit_code
        return self.exit_code is not None

    def ends(self, within_s=1.0):
        """Whether it has ended or does so soon, as one that has closed its output usually does."""
        deadline = time.monotonic() + within_s
        while not self.reap():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.001)
        return True

    def signal(self, number):
        """To its whole session; also when the first process of it has ended already."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass

    def why(self):
        """Its last words, for an error message."""
        ending = "still runs" if self.exit_code is None else f"exit code {self.exit_code}"
        return f"{self.name}: {ending}, last said: {self.lines[-1] if self.lines else 'nothing'}"


class Children:
    """All children of one run. Leaving the `with` block ends them."""

    def __init__(self):
        self._selector = selectors.DefaultSelector()
        self.all = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
        self._selector.close()

    def start(self, name, argv, namespace=None, folder=None):
        child = Child(name, argv, namespace, folder)
        self.all.append(child)
        self._selector.register(child.process.stdout, selectors.EVENT_READ, child)
        return child

    def events(self, timeout_s):
        """What happened, as (child, line); (child, None) when the child's output has ended.

        An empty list after `timeout_s` without anything.
        """
        found = []
        for key, _ in self._selector.select(max(0, timeout_s)):
            child = key.data
            lines, ended = child.read_lines()
            found += [(child, line) for line in lines]
            if ended:
                self._selector.unregister(child.process.stdout)
                found.append((child, None))
        return found

    def wait_for(self, child, is_it, timeout_s, what):
        """The first line of `child` that `is_it` accepts.

        Fails when the child ends first or nothing comes in time.
        """
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            for who, line in self.events(left):
                if who is child and line is None:
                    child.ends()
                    raise Failed(f"{what} did not come: {child.why()}")
                if who is child and is_it(line):
                    return line
        raise Failed(f"{what} did not come in {timeout_s:.0f} s: {child.why()}")

    def end(self):
        """Asks all to end, forces those who do not, and collects what they used."""
        alive = [child for child in self.all if not child.reap()]
        for child in alive:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        while alive and time.monotonic() < deadline:
            for child in alive:
                try:
                    child.read_lines()  # a full pipe would keep it from ending
                except OSError:
                    pass
            alive = [child for child in alive if not child.reap()]
            time.sleep(0.005)
        for child in alive:
            child.signal(signal.SIGKILL)
            child.reap(wait=True)
        for child in self.all:
            child.signal(signal.SIGKILL)  # whatever of its session is left
            child.process.stdout.close()
        self.all = []


def command(argv, text=None, check=True):
    """Runs a short command and returns what it printed.

    Fails with the command and its last line of output when its exit code is not 0.
    """
    done = subprocess.run(
        list(map(str, argv)), input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True, check=False,
    )
    if check and done.returncode != 0:
        last = (done.stdout.strip().splitlines() or ["nothing"])[-1]
        raise Failed(f"`{' '.join(map(str, argv))}` failed: {last}")
    return done.stdout
