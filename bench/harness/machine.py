"""The machine: a network of our own, limits, cores, and the processes that were started.

Nothing outlives whoever started it: each process is ended by its id, and the kernel ends it if we
are gone.
"""

import contextlib
import ctypes
import fcntl
import os
import pathlib
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

PROXY_CORE = 0
LOAD_CORE = 1
FILES = 65536
# Before whatever else runs on this machine, if that is allowed.
NICE = -15
INSIDE = "TIDEGATE_BENCH_INSIDE"
PR_SET_PDEATHSIG = 1
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1

LIBC = ctypes.CDLL(None)


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def alone():
    """Waits until no other measurement runs on this machine; the lock is gone when we are."""
    lock = open(pathlib.Path(tempfile.gettempdir()) / "tidegate-bench.lock", "w", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        say("another measurement is running; this one waits for its end")
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def enter_namespace():
    """Starts this program again in a network namespace of its own, if the kernel allows it."""
    if os.environ.get(INSIDE) or shutil.which("unshare") is None:
        return
    for flags in ["-n", "-rn"]:
        tried = subprocess.run(["unshare", flags, "true"], capture_output=True, check=False)
        if tried.returncode == 0:
            os.environ[INSIDE] = "yes"
            os.execvp("unshare", ["unshare", flags, sys.executable] + sys.argv)


def prepare():
    """Sets up the namespace and the limits, and says in a sentence what the network is."""
    inside = os.environ.get(INSIDE) == "yes"
    network = "the machine's own loopback: a network namespace is not allowed here"
    if inside:
        raise_loopback()
        network = "a private network namespace"
    congestion = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control")
    if inside:
        write(congestion, "reno")
        write("/proc/sys/net/ipv4/ip_local_port_range", "10240 65535")
    network += f", congestion control {congestion.read_text(encoding='ascii').strip()}"
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for most in [max(hard, FILES), hard]:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
            break
        except (ValueError, OSError):
            continue
    if (os.cpu_count() or 1) < 2:
        say("there is one core only: proxy and load will share it")
    return network


def files():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def write(path, text):
    try:
        pathlib.Path(path).write_text(text, encoding="ascii")
    except OSError as error:
        say(f"cannot set {path}: {error.strerror}")


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        name = struct.pack("16sh", b"lo", 0)
        flags = struct.unpack("16sh", fcntl.ioctl(any_socket, SIOCGIFFLAGS, name))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | IFF_UP))


def pinned(core):
    """What a child does before it becomes another program."""

    def prepare_child():
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {core} & cores or cores)
        # A session of its own: the kernel may weigh sessions, not processes; and ctrl-C is for us.
        os.setsid()
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, NICE)
            pathlib.Path("/proc/self/autogroup").write_text(str(NICE), encoding="ascii")

    return prepare_child


def run(command, timeout, core=LOAD_CORE):
    """Runs something to its end, on the load's core, and gives what it said."""
    done = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        preexec_fn=pinned(core),
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip() or f"{command[0]} failed")
    return done.stdout


class Process:
    """A process that runs beside us until it is ended."""

    def __init__(self, command, core, log=None, pipes=False):
        self.log = open(log, "w", encoding="utf-8") if log else subprocess.DEVNULL
        pipe = subprocess.PIPE if pipes else None
        self.popen = subprocess.Popen(
            [str(word) for word in command],
            stdin=pipe or subprocess.DEVNULL,
            stdout=pipe or self.log,
            stderr=self.log,
            text=True,
            preexec_fn=pinned(core),
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def pids(self):
        """Its process and all below it."""
        found, todo = [], [self.popen.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                todo += [int(child) for child in children.read_text(encoding="ascii").split()]
        return found

    def pss_kb(self):
        total = 0
        for pid in self.pids():
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
            total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
        return total

    def interrupt(self):
        self.popen.send_signal(signal.SIGINT)
        self.popen.wait(timeout=10)

    def end(self):
        for pipe in [self.popen.stdin, self.popen.stdout]:
            if pipe:
                pipe.close()
        # A proxy may take the first word as a wish to finish what it has.
        for patience in [0.5, 3]:
            if self.popen.poll() is None:
                self.popen.terminate()
            try:
                self.popen.wait(timeout=patience)
                break
            except subprocess.TimeoutExpired:
                continue
        else:
            self.popen.kill()
            self.popen.wait()
        if self.log is not subprocess.DEVNULL:
            self.log.close()


def reachable(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def wait_for(process, ports, what, log):
    for _ in range(500):
        if all(reachable(port) for port in ports):
            return
        if process.popen.poll() is not None:
            break
        time.sleep(0.01)
    said = pathlib.Path(log).read_text(encoding="utf-8")
    raise RuntimeError(f"{what} does not start:\n{said}")


def wait_until(holds, seconds):
    for _ in range(int(seconds * 100)):
        if holds():
            return
        time.sleep(0.01)
    raise RuntimeError("it took too long")


def free_ports(count):
    """Ports that nobody has, all held until all are found."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
