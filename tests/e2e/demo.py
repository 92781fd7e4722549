#!/usr/bin/env python3
"""Runs a whole mesh on loopback: heddle-control, six workers with a sidecar each, and a client's sidecar.

Everything lives in a temporary folder and ends with Ctrl-C. The ports:
"""

import argparse
import os
import shutil
import signal
import sys
import time

from demo_mesh import LOCAL, WORKERS, DemoMesh, Layout, port_table
from heddle_harness.http1 import ConnectionEnded
from heddle_harness.ports import endpoint
from heddle_harness.programs import binary_folder, missing_programs

_REFRESH = 1.0  # s between two status lines


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(description=f"{__doc__}\n{port_table()}",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", help="folder of the programs (default: build/release/bin)")
    parser.add_argument("--check", action="store_true", help="assert everything the demo promises, and exit")
    parser.add_argument("--port-base", type=int, metavar="N", help="move all ports, see the table")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="worker loops of the client's sidecar (2)")
    args = parser.parse_args(arguments)
    if args.port_base is not None and not 1024 <= args.port_base <= 65000:
        parser.error("--port-base: expected 1024 to 65000")
    if not 1 <= args.workers <= 64:
        parser.error("--workers: expected 1 to 64")
    return args


def refuse_to_start(args, layout):
    """True, with the reasons on stderr, when something is in the way."""
    folder = binary_folder(args.bin)
    if missing := missing_programs(folder):
        print(f"demo: {', '.join(missing)} missing in {folder}; build with ./dev build", file=sys.stderr)
        return True
    taken = layout.taken()
    for what, ip, port in taken:
        print(f"demo: port {port} on {ip} is taken; it is needed for {what}", file=sys.stderr)
    if taken:
        print("demo: nothing was started; stop that program, or move all ports with --port-base N", file=sys.stderr)
    return bool(taken)


def things_to_try(mesh):
    at = endpoint(LOCAL, mesh.layout.hello)
    page = endpoint(LOCAL, mesh.layout.stats)
    worker = os.path.relpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "worker.py"))
    cli = f"{os.path.join(mesh.bin, 'heddle')} --context {mesh.control.context}"
    return f"""
The mesh runs: {WORKERS} workers, each behind its sidecar; between the sidecars everything is mutual TLS.

  curl http://{at}/                      another worker each time
  curl http://{at}/crash                 that worker is gone: watch it turn DOWN, and no request fail
  python3 {worker} --port {mesh.layout.worker(1)} --id 1
                                                    starts worker 1 again (worker n: port {mesh.layout.worker(0)} + n)
  http://{page}/stats                    the backends in a browser; /stats;csv for scrapers
  curl http://{LOCAL}:{mesh.layout.health}/metrics
  {cli} status
  {cli} get backendset hello -o yaml
  ls {mesh.folder}        logs (*.log) and configuration of every part

Ctrl-C stops everything.
"""


def show_status(mesh):
    """One line, renewed, on a terminal; nothing where nobody looks."""
    is_terminal = sys.stdout.isatty()
    while True:
        if is_terminal:
            try:
                line = mesh.status_line()
            except (OSError, ValueError, ConnectionEnded) as error:
                line = f"no stats: {error}"
            print(f"\r\x1b[K{line[:shutil.get_terminal_size().columns - 1]}", end="", flush=True)
        time.sleep(_REFRESH)  # poll: the status line's refresh


def interrupt(*_):
    raise KeyboardInterrupt


def stop(mesh):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("\nstopping ...", flush=True)
    unclean = {name: code for name, code in mesh.stop().items() if code != 0}
    for name, code in unclean.items():
        print(f"demo: {name} ended with {code}", file=sys.stderr)
    print("stopped" if not unclean else "stopped, not cleanly", flush=True)
    return 1 if unclean else 0


def run(args, layout):
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)
    mesh = DemoMesh(layout, args.bin, args.workers)
    failed = False
    try:
        began = time.monotonic()
        print(f"starting in {mesh.folder} ...", flush=True)
        mesh.start()
        print(f"started in {time.monotonic() - began:.1f} s")
        print(things_to_try(mesh), flush=True)
        show_status(mesh)
    except KeyboardInterrupt:
        pass
    except (AssertionError, OSError, ConnectionEnded) as error:
        failed = True
        print(f"demo: {error}\n{mesh.group.tails()}", file=sys.stderr)
    return stop(mesh) or int(failed)


def main():
    args = parse_arguments()
    layout = Layout(args.port_base)
    if refuse_to_start(args, layout):
        return 1
    if args.check:
        from demo_checks import check

        return check(args, layout)
    return run(args, layout)


if __name__ == "__main__":
    sys.exit(main())
