"""What a group of processes cost: CPU time and memory, and the cores they may use."""

import os
import shutil
import time


def cores():
    """(core of the proxies, core of load and origin): the first and the last we may use; the same one if there is one."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


def pinned(core, argv):
    taskset = shutil.which("taskset")
    return [taskset, "-c", str(core), *argv] if taskset else list(argv)


def _parent_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def with_descendants(pids):
    """The given processes and all below them, whoever is alive now."""
    parents = {int(name): _parent_of(name) for name in os.listdir("/proc") if name.isdigit()}
    found = set(pids)
    while True:
        more = {pid for pid, parent in parents.items() if parent in found and pid not in found}
        if not more:
            return sorted(found)
        found |= more


def cpu_from_stat(pid):
    """utime + stime of all threads, of those that ended too: seconds, in steps of a clock tick."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """The same sum as cpu_from_stat, in nanoseconds: the kernel's clock of that process (clock_getcpuclockid(3))."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return cpu_from_stat(pid)


def cpu_of(pids):
    return sum(cpu_seconds(pid) for pid in pids)


def _rollup(pid, key):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            if line.startswith(key):
                return int(line.split()[1]) * 1024
    return 0


def pss_of(pids):
    """Proportional set size: pages that n processes map count 1/n. It moves when others start and end."""
    return sum(_rollup(pid, "Pss:") for pid in pids)


def own_memory_of(pids):
    """The anonymous part of the PSS: heap and stacks. No other program moves it."""
    return sum(_rollup(pid, "Pss_Anon:") for pid in pids)


def settled(measure, quiet, deadline=15.0):
    """What `measure` says once it has said the same for `quiet` seconds, or after `deadline` whatever it says then."""
    end = time.monotonic() + deadline
    value, since = measure(), time.monotonic()
    while time.monotonic() - since < quiet and time.monotonic() < end:
        time.sleep(0.05)  # poll: for the value to stop moving
        now = measure()
        if now != value:
            value, since = now, time.monotonic()
    return value
