"""What `bench` and `attack` share: servers that are started, pinned to a core and looked at from outside."""

import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

HOST = "www.example.com"
PROXY_CORE, LOAD_CORE = "0", "1"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class DidNotListen(SystemExit):
    """Nothing listens where it should, and why. It ends a script that does not expect it, as sys.exit() does."""


def wait_for_port(port, log, seconds=60, process=None):
    """Until something listens there; DidNotListen when the time is over, or before when the process has ended."""
    begin = time.monotonic()
    while time.monotonic() < begin + seconds:
        has_ended = process is not None and process.poll() is not None
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        if has_ended:
            break
        time.sleep(0.05)
    raise DidNotListen(f"{pathlib.Path(log).read_text()}bench: nothing listens on port {port} after "
                       f"{time.monotonic() - begin:.0f} s")


def run(command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def pinned(core, command):
    return ["taskset", "-c", core] + command


def children_of(pid):
    found = [pid]
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as f:
            for child in f.read().split():
                found += children_of(int(child))
    return found


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat") as f:
                total += int(f.read().split()[0])
    return total / 1e9


def rss_kb(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/status") as f:
            total += int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))
    return total


def make_certificate(folder, key=("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), names=(HOST,)):
    run(["openssl", "req", "-x509", "-newkey", *key, "-nodes",
         "-days", "2", "-subj", f"/CN={HOST}", "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names),
         "-keyout", f"{folder}/tls.key", "-out", f"{folder}/tls.crt"])
    with open(f"{folder}/tls.pem", "w") as f:
        f.write(open(f"{folder}/tls.crt").read() + open(f"{folder}/tls.key").read())


class Server:
    """A process with a plain and a TLS port, pinned to a core."""

    def __init__(self, folder, name, core, command, plain, tls, patience=60):
        self.name, self.plain, self.tls = name, plain, tls
        log = f"{folder}/{name}.log"
        self.process = subprocess.Popen(pinned(core, command), stdout=subprocess.DEVNULL,
                                        stderr=open(log, "w"))
        try:
            for port in (plain, tls):
                if port:
                    wait_for_port(port, log, patience, self.process)
        except DidNotListen:
            self.stop()
            raise

    def pids(self):
        return children_of(self.process.pid)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            for pid in reversed(self.pids()):  # its workers, too, which nobody else would end
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait(10)
