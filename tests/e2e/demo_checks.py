"""`demo.py --check`: every sentence the demo promises, asserted one by one against the running programs."""

import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time

import stats_page
from demo_mesh import HERE, LOCAL, WORKERS, DemoMesh, Layout
from heddle_harness import http1, stats
from heddle_harness.load import Load
from heddle_harness.ports import endpoint, is_taken
from heddle_harness.processes import ProcessGroup, wait_until
from heddle_harness.terminal import CTRL_C, Terminal

_DOWN_WITHIN = 3.0  # s from the goodbye to DOWN on the stats page
_CRASHES = 3  # one that the machine did not hold up is enough
_RATE = 100  # requests per second beside the crashes
_ROUNDS = 12  # windows of requests in which every worker must answer


class Checks:
    """Prints one line per check. A failed check does not stop the others."""

    def __init__(self):
        self.failed = 0

    def run(self, what, check, *args):
        try:
            detail = check(*args)
        except Exception as error:  # whatever it is, this check failed
            self.failed += 1
            print(f"FAIL {what}: {error or type(error).__name__}", flush=True)
            return False
        print(f"ok   {what}{f' ({detail})' if detail else ''}", flush=True)
        return True


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


# --- the demo as a program: before it starts, on a terminal, and Ctrl-C ---
def demo_command(args, folder, base):
    """(argv, environment, the folder in which it makes its own) of a demo of its own."""
    argv = [sys.executable, os.path.join(HERE, "demo.py"), "--workers", str(args.workers)]
    argv += ["--bin", args.bin] if args.bin else []
    argv += ["--port-base", str(base)] if base is not None else []
    scratch = os.path.join(folder, "tmp")
    os.makedirs(scratch, exist_ok=True)
    return argv, {**os.environ, "TMPDIR": scratch, "PYTHONUNBUFFERED": "1"}, scratch


def taken_port_is_named(args, layout):
    with tempfile.TemporaryDirectory() as folder, socket.socket() as blocker:
        blocker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        blocker.bind((LOCAL, layout.stats))
        blocker.listen(1)
        argv, env, scratch = demo_command(args, folder, args.port_base)
        demo = ProcessGroup(folder).start("demo", argv, env)
        code = demo.wait()
        expect(code != 0, "it started although a port was taken")
        expect(f"port {layout.stats} on {LOCAL} is taken" in demo.log(), f"it did not name the port: {demo.log()!r}")
        expect(os.listdir(scratch) == [], "it had made its folder already")
    return f"port {layout.stats}"


def free_base():
    return next(base for base in range(20000, 30000, 100) if not Layout(base).taken())


def moves_and_stops(args, layout, checks):
    """A second demo, with all ports moved, as a person would run it: on a terminal, ended by Ctrl-C."""
    base = free_base()
    moved = Layout(base)
    with tempfile.TemporaryDirectory() as folder:
        argv, env, scratch = demo_command(args, folder, base)
        with Terminal(argv, env) as demo:
            wait_until(lambda: "Ctrl-C stops everything" in demo.text() or not demo.is_running(), "the demo", 60)
            expect(demo.is_running(), f"it ended: {demo.text()[-600:]}")
            expect(layout.taken() == [], f"ports were not moved: {layout.taken()}")
            left = [where for where in moved.all() if not is_taken(*where[1:])]
            expect(not left, f"nobody listens: {left}")
            checks.run("what it prints to try works", what_is_printed_works, demo)
            checks.run("a status line on a terminal lives", status_line_lives, demo, moved)
            demo.type(CTRL_C)
            code = demo.wait(60)
            expect(code == 0, f"exit code {code}: {demo.text()[-600:]}")
            expect(demo.text().endswith("stopped\r\n"), f"it did not say that it stopped: {demo.text()[-200:]!r}")
        expect(os.listdir(scratch) == [], "its folder is still there")
        expect(moved.taken() == [], f"somebody still listens: {moved.taken()}")
    return f"--port-base {base}"


def what_is_printed_works(demo):
    """Every address it names answers, every command of heddle that it names does its work."""
    text = demo.text()
    urls = [url for url in re.findall(r"http://\S+", text) if not url.endswith("/crash")]
    for url in urls:
        port, path = re.fullmatch(rf"http://{re.escape(LOCAL)}:(\d+)(/.*)", url).groups()
        answer = http1.get(int(port), path)
        expect(answer.status == 200, f"{url} answers {answer.status}")
    commands = [line.strip() for line in text.splitlines() if " --context " in line]
    for command in commands:
        done = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=20, check=False)
        expect(done.returncode == 0 and done.stdout, f"{command}: exit {done.returncode} {done.stderr}")
    expect(len(urls) >= 3 and len(commands) >= 2, f"it names little to try: {urls} {commands}")
    return f"{len(urls)} addresses, {len(commands)} commands"


_STATUS = re.compile(r"\r\x1b\[Kbackends UP (\d)/\d  requests (\d+)  errors (\d+)  config (\d+\.\d+)  Ctrl-C stops")


def status_line_lives(demo, layout):
    """One line, renewed in place, whose number of requests follows the traffic."""
    first = wait_until(lambda: _STATUS.findall(demo.text()), "a status line")[-1]
    expect(first[0] == str(WORKERS) and first[2] == "0", f"it says {first}")
    for _ in range(WORKERS):
        expect(http1.get(layout.hello).status == 200, "the demo does not answer")

    def latest():
        return int(_STATUS.findall(demo.text())[-1][1])

    wait_until(lambda: latest() >= int(first[1]) + WORKERS, f"the status line to count {WORKERS} requests more")
    lines = demo.text()[demo.text().index("backends UP"):]
    expect("\n" not in lines, "the status line is not renewed in place")
    return f"{latest()} requests"


# --- traffic ---
def ask(layout):
    answer = http1.get(layout.hello)
    expect(answer.status == 200, f"{answer.status} {answer.reason}")
    match = re.fullmatch(rb"Hello, I am ID (\d+)\n", answer.body)
    expect(match, f"unexpected answer {answer.body!r}")
    return int(match[1])


def all_workers_answer(mesh):
    window = WORKERS * mesh.loops
    ids = [ask(mesh.layout) for _ in range(window * _ROUNDS)]
    for start in range(len(ids) - window + 1):
        seen = set(ids[start:start + window])
        missing = set(range(1, WORKERS + 1)) - seen
        expect(not missing, f"worker {missing} not among {window} consecutive answers from {start} on: "
               f"{ids[start:start + window]}")
    return f"each within any {window} of {len(ids)} requests"


def reads_page(mesh):
    answer = mesh.page()
    expect(answer.status == 200, f"status {answer.status}")
    addresses = [endpoint(mesh.layout.sidecar_ip(number), mesh.layout.inbound) for number in range(1, WORKERS + 1)]
    return stats_page.check(answer.body.decode(), addresses, mesh.up())


def reads_csv(mesh):
    answer = mesh.csv()
    columns, _ = stats.parse(answer.body.decode())
    wrong = stats.check_columns(columns)
    expect(wrong is None, wrong)
    rows = mesh.rows()
    expect(len(rows) == WORKERS, f"{len(rows)} rows of backends, expected {WORKERS}")
    for number, row in rows.items():
        for field in ("scur", "stot", "req_tot", "bin", "bout", "eresp", "check_duration"):
            expect(row[field].isdigit(), f"{field} of worker {number} is {row[field]!r}")
        expect(int(row["req_tot"]) > 0 and int(row["bout"]) > 0, f"worker {number} has no traffic in the CSV")
    return f"{len(columns)} columns"


def crash(layout):
    """Sends one worker away; its number, and when its goodbye was read."""
    answer = http1.get(layout.hello, "/crash")
    match = re.fullmatch(rb"Bye from ID (\d+)\n", answer.body)
    expect(match, f"{answer.status} {answer.reason} {answer.body!r}")
    return int(match[1]), time.monotonic()


def is_down(mesh, number):
    return mesh.rows()[number]["status"].startswith("DOWN")


def one_crash(mesh, checks):
    layout = mesh.layout
    with Load(layout.hello, _RATE / 2, 4) as kept, Load(layout.hello, _RATE / 2, 4, fresh=True) as fresh:
        wait_until(lambda: kept.answered + fresh.answered > 2 * WORKERS, "the load to run")
        number, when = crash(layout)
        what = "GET /crash answers Bye and turns that worker DOWN within 3 s"
        took = until_down(mesh, number, when)
        for _ in range(_CRASHES - 1):
            if took <= _DOWN_WITHIN:
                break
            mesh.restart_worker(number)
            wait_until(lambda: len(mesh.up()) == WORKERS, "all workers to be UP")
            number, again = crash(layout)
            took = until_down(mesh, number, again)
        turned = checks.run(what, down_in_time, number, took)
        before = kept.answered + fresh.answered
        wait_until(lambda: kept.answered + fresh.answered > before + _RATE, "the load to go on")
    checks.run("no request after the crash fails", no_failures, (kept, fresh), when)
    if turned:
        checks.run("the stats page shows it DOWN in red", reads_page, mesh)
    mesh.restart_worker(number)
    checks.run("a restarted worker comes back UP by itself", comes_back, mesh, [number])


def until_down(mesh, number, when):
    wait_until(lambda: is_down(mesh, number), f"worker {number} to be DOWN")
    return time.monotonic() - when


def down_in_time(number, took):
    expect(took <= _DOWN_WITHIN, f"it took {took:.1f} s")
    return f"worker {number} after {took:.1f} s"


def no_failures(loads, when):
    late = [failure for load in loads for failure in load.failures_after(when)]
    answered = sum(load.answered for load in loads)
    early = sum(len(load.failures) for load in loads) - len(late)
    expect(not late, f"{len(late)} of {answered} failed, first: {late[:1]}")
    expect(early == 0, f"{early} requests failed that were under way when the worker crashed")
    return f"{answered} requests"


def comes_back(mesh, numbers):
    wait_until(lambda: set(numbers) <= set(mesh.up()), f"workers {numbers} to be UP")
    window = WORKERS * mesh.loops
    ids = {ask(mesh.layout) for _ in range(window)}
    expect(set(numbers) <= ids, f"{numbers} are UP but answered none of {window} requests: {ids}")
    return f"worker {', '.join(str(number) for number in numbers)}"


def everybody_crashes(mesh):
    for _ in range(WORKERS):
        number, _ = crash(mesh.layout)
        wait_until(lambda number=number: is_down(mesh, number), f"worker {number} to be DOWN")
    answer = http1.get(mesh.layout.hello)
    reason = answer.reason
    expect(answer.status == 503 and reason, f"{answer.status} with heddle-reason {reason}")
    return f"heddle-reason: {reason}"


def everybody_returns(mesh):
    for number in mesh.workers:
        mesh.restart_worker(number)
    return comes_back(mesh, sorted(mesh.workers))


def stops_cleanly(mesh):
    codes = mesh.stop()
    unclean = {name: code for name, code in codes.items() if code != 0}
    expect(not unclean, f"exit codes {unclean}")
    expect(mesh.layout.taken() == [], f"somebody still listens: {mesh.layout.taken()}")
    return f"{len(codes)} programs, exit 0"


def check_running(mesh, checks):
    checks.run("all six workers answer through the mesh", all_workers_answer, mesh)
    checks.run("the stats page has one row per backend, UP in green", reads_page, mesh)
    checks.run("/stats;csv has HAProxy's columns", reads_csv, mesh)
    checks.run("the status line", mesh.status_line)
    try:
        one_crash(mesh, checks)
    except Exception as error:
        checks.run("a crash under load", expect, False, str(error))
    if checks.run("with all six crashed the answer is 503 with a heddle-reason", everybody_crashes, mesh):
        checks.run("all six restarted come back UP by themselves", everybody_returns, mesh)


def check(args, layout):
    checks = Checks()
    began = time.monotonic()
    checks.run("a taken port is named before anything is started", taken_port_is_named, args, layout)
    mesh = DemoMesh(layout, args.bin, args.workers)
    try:
        if checks.run("heddle-control, six workers and seven sidecars start", mesh.start):
            check_running(mesh, checks)
        if checks.failed:
            print(mesh.group.tails(), flush=True)
        checks.run("everything stops cleanly", stops_cleanly, mesh)
    finally:
        mesh.stop()
    checks.run("--port-base moves all ports, and Ctrl-C leaves nothing behind", moves_and_stops, args, layout, checks)
    verdict = f"{checks.failed} checks FAILED" if checks.failed else "all checks passed"
    print(f"demo --check: {verdict} in {time.monotonic() - began:.0f} s", flush=True)
    return 1 if checks.failed else 0
