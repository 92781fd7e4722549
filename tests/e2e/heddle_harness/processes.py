"""Child processes that die with the test, their logs, and waiting with a deadline.

Nothing here sleeps for a fixed time and hopes: `wait_until` polls a condition and says what it waited for when the
deadline passes. PATIENCE is for what comes at once on a machine that has time; it has to be longer than any stall of one
that has none. Every child gets SIGKILL from the kernel when the test process dies (PR_SET_PDEATHSIG).
"""

import ctypes
import os
import signal
import subprocess
import time

PATIENCE = 60.0  # s
_POLL = 0.02
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class WaitTimeout(AssertionError):
    pass


def wait_until(condition, what, deadline=PATIENCE, poll=_POLL):
    """Returns the first true value of condition(); WaitTimeout names `what` after `deadline` seconds."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise WaitTimeout(f"waited {deadline:g} s for {what}")
        time.sleep(poll)  # poll: for condition()


def die_with_parent(parent):
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


class Process:
    """One program with its output in a log file. It is a session of its own: Ctrl-C reaches it only through us."""

    def __init__(self, name, argv, folder, env=None):
        self.name = name
        self.argv = [str(word) for word in argv]
        self.log_path = os.path.join(folder, f"{name}.log")
        self._env = env
        self._child = None

    def start(self):
        parent = os.getpid()
        with open(self.log_path, "ab") as log:
            self._child = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
                env=self._env, preexec_fn=lambda: die_with_parent(parent))
        return self

    @property
    def pid(self):
        return self._child.pid

    def is_running(self):
        return self._child is not None and self._child.poll() is None

    def exit_code(self):
        return None if self._child is None else self._child.poll()

    def signal(self, number):
        if self.is_running():
            self._child.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)
        if self._child is not None:
            self._child.wait()

    def wait(self, deadline=PATIENCE):
        """The exit code; WaitTimeout when it is still running then."""
        try:
            return self._child.wait(deadline)
        except subprocess.TimeoutExpired:
            raise WaitTimeout(f"waited {deadline:g} s for {self.name} to exit\n{self.tail()}") from None

    def terminate(self, deadline=PATIENCE):
        self.signal(signal.SIGTERM)
        return self.wait(deadline)

    def wait_ready(self, is_ready, deadline=PATIENCE):
        def ready_or_dead():
            if not self.is_running():
                raise AssertionError(f"{self.name} exited with {self.exit_code()} while starting\n{self.tail()}")
            return is_ready()

        try:
            wait_until(ready_or_dead, f"{self.name} to be ready", deadline)
        except WaitTimeout as timeout:
            raise WaitTimeout(f"{timeout}\n{self.tail()}") from None
        return self

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def wait_log(self, text, deadline=PATIENCE, after=0):
        """Waits until the log holds `text` behind the offset `after`."""
        try:
            return wait_until(lambda: text in self.log()[after:], f"{text!r} in the log of {self.name}", deadline)
        except WaitTimeout as timeout:
            raise WaitTimeout(f"{timeout}\n{self.tail()}") from None

    def tail(self, lines=25):
        text = self.log().splitlines()[-lines:]
        return f"--- {self.name} ({self.log_path})\n" + "\n".join("    " + line for line in text)

    def resident_bytes(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        return 0


class ProcessGroup:
    """All children of one test. Stops them in reverse order of their start."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = []

    def add(self, process):
        self.processes.append(process)
        return process

    def start(self, name, argv, env=None):
        return self.add(Process(name, argv, self.folder, env)).start()

    def tails(self, lines=25):
        """The logs' ends; of who was killed before (an earlier test's) nothing."""
        shown = [process for process in self.processes if process.exit_code() != -signal.SIGKILL]
        return "\n".join(process.tail(lines) for process in shown)

    def kill_all(self):
        for process in reversed(self.processes):
            process.kill()

    def stop_all(self, deadline=10.0):
        """SIGTERM to all, SIGKILL to who is still there then. Returns {name: exit code}, -9 for those killed."""
        end = time.monotonic() + deadline
        for process in reversed(self.processes):
            process.signal(signal.SIGTERM)
        codes = {}
        for process in self.processes:
            try:
                codes[process.name] = process.wait(max(0.0, end - time.monotonic()))
            except WaitTimeout:
                process.kill()
                codes[process.name] = -signal.SIGKILL
        return codes
