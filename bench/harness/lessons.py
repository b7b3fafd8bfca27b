"""What a build is trained with: the workloads, and some hours of a service's day.

A compiler that knows how often each branch is taken spends its care there, and none on what it never
saw. So what a service meets, and no workload has, is played here as well: bodies in chunks, uploads,
tunnels, origins that leave, TLS to the origin, lines for a log, scrapes.
"""

import contextlib
import socket
import threading
import urllib.request

from . import machine, proxies, setting, workloads

SECONDS = 0.4
# How often each thing of a day is done.
TIMES = 1500
# These are another's with more connections.
LIKE_ANOTHER = {"http-4000"}

DAY = """
defaults = "2026"
workers = 1

[log]
format = "json"
connections = "all"
file = "{folder}/lines"

[admin]
unix = "off"
http = "127.0.0.1:{admin}"

[[listener]]
name = "web"
bind = ["127.0.0.1:{web}"]

[[listener]]
name = "secure"
bind = ["127.0.0.1:{secure}"]
tls = {{ cert = "{cert}", key = "{key}" }}
to = "origin"

[[route]]
listener = "web"
path = "/again"
to = "again"

[[route]]
listener = "web"
host = "service.test"
to = "origin"

[[cluster]]
name = "origin"
endpoints = ["127.0.0.1:{origin}", "127.0.0.1:{second}"]

[[cluster]]
name = "again"
endpoints = ["127.0.0.1:{secure}"]
tls = {{ ca = "{cert}", server_name = "localhost" }}
"""


def teach(program, bench, folder):
    """Has `program` do everything, and end as it does when it is asked to."""
    with contextlib.ExitStack() as stack:
        site, origin = setting.origin(stack, bench, folder)
        proxy = stack.enter_context(proxies.Proxy("tidegate", program, "", proxies.tidegate).start(site))
        for workload in workloads.WORKLOADS:
            if workload.key in LIKE_ANOTHER:
                continue
            seconds = SECONDS * workload.longer
            arguments = [proxy, origin.popen.pid, workload.listener, workload.load, seconds, 0.1, workload.bulk]
            sample = workloads.measure(bench, *arguments)
            if sample.failed:
                raise RuntimeError(f"{workload.key}: {sample.failed} failed: {sample.error}")
    a_day(program, site)


def a_day(program, site):
    """Some of what a service does, each thing often."""
    with contextlib.ExitStack() as stack:
        origins = [stack.enter_context(_Origin()) for _ in range(2)]
        ports = dict(zip(["web", "secure", "admin"], machine.free_ports(3)))
        words = dict(ports, folder=site.folder, cert=site.cert, key=site.key)
        words.update(origin=origins[0].port, second=origins[1].port)
        file = proxies.configured("day.toml", DAY, words)
        log = site.folder / "day.log"
        process = stack.enter_context(machine.Process([program, "-c", file], machine.PROXY_CORE, log))
        machine.wait_for(process, ports.values(), "tidegate", log)
        scraped = f"http://127.0.0.1:{ports['admin']}/metrics"
        for _ in range(TIMES // 100):
            with _Client(ports["web"]) as client:
                for _ in range(100):
                    client.asks("GET", "/plain")
                    client.asks("GET", "/chunks")
                    client.asks("GET", "/again/chunks")
                    client.asks("POST", "/plain", b"x" * 3000)
                    client.asks("POST", "/again/chunks", b"x" * 3000, chunked=True)
                    client.asks("GET", "/leave")
            for _ in range(20):
                with _Client(ports["web"]) as client:
                    client.tunnels()
                with _Client(ports["web"]) as client:
                    client.asks("GET", "/missing", host="unknown.test", status=404)
            urllib.request.urlopen(scraped, timeout=10).read()


class _Client:
    """One connection, and what is asked on it."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def asks(self, method, path, body=b"", chunked=False, host="service.test", status=200):
        head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\nUser-Agent: a-service/1\r\n"
        if chunked:
            head += "Transfer-Encoding: chunked\r\n"
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        elif body:
            head += f"Content-Length: {len(body)}\r\n"
        self.socket.sendall(head.encode() + b"\r\n" + body)
        line, fields = _head(self.file)
        _body(self.file, fields)
        if int(line.split()[1]) != status:
            raise RuntimeError(f"{method} {path}: {line}")

    def tunnels(self):
        fields = "Host: service.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n"
        self.socket.sendall(f"GET /tunnel HTTP/1.1\r\n{fields}\r\n".encode())
        _head(self.file)
        for size in [1, 100, 10_000]:
            self.socket.sendall(b"x" * size)
            self.file.read(size)
        self.socket.shutdown(socket.SHUT_WR)
        self.file.read()


class _Origin:
    """A service of threads, that answers by path."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as file, contextlib.suppress(OSError):
            served = 0
            while True:
                line, fields = _head(file)
                if not line:
                    return
                _body(file, fields)
                if "/leave" in line and served:
                    return
                served += 1
                if "/tunnel" in line:
                    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
                    while some := file.read1(65536):
                        connection.sendall(some)
                    return
                if "/chunks" in line:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
                    connection.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")
                    connection.sendall(b"0\r\n\r\n")
                else:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")


def _head(file):
    """A head's first line, and its fields by name."""
    line, fields = file.readline().decode("latin-1").strip(), {}
    while field := file.readline().strip():
        name, _, value = field.decode("latin-1").partition(":")
        fields[name.lower()] = value.strip()
    return line, fields


def _body(file, fields):
    if fields.get("transfer-encoding") == "chunked":
        while size := int(file.readline(), 16):
            file.read(size + 2)
        file.readline()
    else:
        file.read(int(fields.get("content-length", 0)))
