"""The workloads, the bars, and how one round of one is measured."""

import dataclasses
import json

from . import machine

# Connections of the workloads that open one for each request.
FRESH = 32


@dataclasses.dataclass(frozen=True)
class Workload:
    key: str
    title: str
    listener: str
    load: str
    # How much better than whom Tidegate is to be, in CPU time: PERFORMANCE's right-hand column.
    bars: dict
    # Whether it is counted by the gigabyte, and so also against splicing proxies.
    bulk: bool = False
    # So many times as long as the others.
    longer: float = 1.0


BULK = 16 << 20

WORKLOADS = [
    Workload("tcp-ping", "TCP 64 B ping-pong, 64 connections", "echo", "--ask ping", {"haproxy": 1.10}),
    Workload(
        "tcp-close",
        "TCP connect, request, close",
        "echo",
        f"--ask ping --fresh --conns {FRESH}",
        {"haproxy": 1.0, "nginx": 1.0},
    ),
    Workload("http-1", "HTTP/1.1, 1 connection", "http", "--conns 1", {"haproxy": 1.2}),
    Workload("http-64", "HTTP/1.1, 64 connections", "http", "--conns 64", {"haproxy": 1.25}),
    Workload("http-512", "HTTP/1.1, 512 connections", "http", "--conns 512", {"haproxy": 1.35}),
    Workload("http-4000", "HTTP/1.1, 4000 connections", "http", "--conns 4000", {}, longer=1.5),
    Workload(
        "http-new",
        "HTTP/1.1, new connection per request",
        "http",
        f"--fresh --conns {FRESH}",
        {"haproxy": 1.0, "nginx": 1.0},
    ),
    Workload("http-64k", "HTTP/1.1, 64 KiB bodies", "http", "--size 65536 --conns 64", {"haproxy": 1.3}),
    Workload(
        "tls-full",
        "TLS 1.3 full handshake + request",
        "https",
        f"--tls --fresh --conns {FRESH}",
        {"haproxy": 2.3, "haproxy-lc": 1.3},
    ),
    Workload(
        "tls-resumed",
        "TLS 1.3 resumed + request",
        "https",
        f"--tls --resume --fresh --conns {FRESH}",
        {"haproxy": 2.0, "haproxy-lc": 1.15},
    ),
    Workload("https-64", "HTTPS keep-alive, 64 connections", "https", "--tls --conns 64", {"haproxy": 1.35}),
    Workload(
        "bulk-tcp",
        "bulk TCP",
        "source",
        f"--ask count --size {BULK} --conns 4",
        {"haproxy": 4.0, "haproxy-splice": 1.5, "haproxy-splice-256k": 1.0},
        bulk=True,
    ),
    Workload("bulk-http", "bulk HTTP/1.1", "http", f"--size {BULK} --conns 4", {"haproxy": 2.0}, bulk=True),
    Workload(
        "bulk-https",
        "bulk HTTPS",
        "https",
        f"--tls --size {BULK} --conns 4",
        {"haproxy": 1.7, "haproxy-lc": 1.3},
        bulk=True,
    ),
]


@dataclasses.dataclass
class Sample:
    """One round: what it cost the proxy for each operation (or GB), and how fast it went."""

    cpu: float
    rate: float
    p50: float
    p99: float
    p999: float
    # How busy the proxy's core and the load's core were.
    proxy_share: float
    load_share: float
    failed: int
    resumed: float
    error: str


def measure(bench, proxy, origin_pid, listener, load, seconds, warm, bulk=False):
    """Runs the load once. CPU time is in µs for each operation, or in s for each GB."""
    pids = proxy.process.pids() + [origin_pid]
    command = [bench, "load", "--to", f"127.0.0.1:{proxy.ports[listener]}", *load.split()]
    command += ["--seconds", seconds, "--warm", warm, "--pids", ",".join(map(str, pids))]
    said = json.loads(machine.run(command, timeout=120 + 4 * seconds))
    *proxy_ns, origin_ns = said["cpu_ns"]
    operations = said["ops"]
    if not operations:
        raise RuntimeError(f"{proxy.name}: nothing was answered: {said['error']}")
    units = said["bytes"] / 1e9 if bulk else operations
    return Sample(
        cpu=sum(proxy_ns) / units / (1e9 if bulk else 1e3),
        rate=units / (said["ns"] / 1e9),
        p50=said["p50_us"],
        p99=said["p99_us"],
        p999=said["p999_us"],
        proxy_share=sum(proxy_ns) / said["ns"],
        load_share=(said["load_cpu_ns"] + origin_ns) / said["ns"],
        failed=said["failed"],
        resumed=said["resumed"] / operations,
        error=said["error"],
    )
