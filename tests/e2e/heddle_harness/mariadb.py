"""A MariaDB of one test: a server that speaks first."""

import os
import shutil
import subprocess


def start(mesh):
    """Its port on 127.0.0.1; the user mesh may do everything with the password woven."""
    data, sock = mesh.path("mariadb"), mesh.path("mariadb.sock")
    port = mesh.ports.reserve()
    user = ["--user=root"] if os.geteuid() == 0 else []
    install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db",
               "--auth-root-authentication-method=normal", *user]
    subprocess.run(install, check=True, capture_output=True, timeout=120)
    server = mesh.group.start("mariadbd", [
        shutil.which("mariadbd") or "/usr/sbin/mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={sock}",
        f"--port={port}", "--bind-address=127.0.0.1", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0",
        f"--pid-file={mesh.path('mariadb.pid')}", *user])
    server.wait_ready(lambda: "ready for connections" in server.log(), 120)
    setup = "CREATE USER 'mesh'@'127.0.0.1' IDENTIFIED BY 'woven'; GRANT ALL ON *.* TO 'mesh'@'127.0.0.1';"
    subprocess.run(["mariadb", "--no-defaults", f"--socket={sock}", "-uroot", "-e", setup], check=True, timeout=120)
    return port


def sql(port, text):
    """What the client program prints; it waits as long for the greeting as it must."""
    argv = ["mariadb", "--no-defaults", "--protocol=tcp", "-h127.0.0.1", f"-P{port}", "-umesh", "-pwoven",
            "--connect-timeout=60", "--max-allowed-packet=64M", "-NB"]
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout
