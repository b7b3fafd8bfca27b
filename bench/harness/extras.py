"""What is not CPU time: memory of idle connections, a FIN's way, latency at a fixed rate."""

import copy
import dataclasses
import json
import statistics
import time

from . import compare, machine, workloads

# The rate at which a FIN is measured under load, and latency, if no rate was measured before.
ANY_RATE = 8000


@dataclasses.dataclass(frozen=True)
class Held:
    """A kind of connection that is kept without use."""

    key: str
    title: str
    listener: str
    load: str
    # kB for each connection: what it may take now, and what it shall take later.
    bars: tuple


HELD = [
    Held("tcp", "TCP pair", "echo", "--ask ping", (2.0,)),
    Held("http", "HTTP/1.1 keep-alive", "http", "", (1.1,)),
    Held("tls", "HTTPS keep-alive", "https", "--tls", (10.0, 6.0)),
]


def held_kb(bench, site, proxy, held, count):
    """kB of the proxy's own memory for each of `count` connections that have had one answer and are
    quiet. The proxy is a new one, that has already worked a little."""
    with copy.copy(proxy).start(site) as one:
        to = ["--to", f"127.0.0.1:{one.ports[held.listener]}"]
        machine.run([bench, "load", *to, *held.load.split(), "--seconds", 0.2], timeout=60)
        time.sleep(0.3)
        before = one.process.pss_kb()
        command = [bench, "load", *to, *held.load.split(), "--conns", count, "--hold"]
        with machine.Process(command, machine.LOAD_CORE, site.folder / "held.log", pipes=True) as load:
            if load.popen.stdout.readline().strip() != "held":
                said = (site.folder / "held.log").read_text(encoding="utf-8")
                raise RuntimeError(f"{proxy.name}: {count} connections are too many: {said}")
            time.sleep(0.5)
            after = one.process.pss_kb()
            if load.popen.poll() is not None:
                raise RuntimeError(f"{proxy.name}: the connections were not held")
        return (after - before) / count


def fin(bench, proxy, origin_port, count):
    """Quantiles of a FIN's way: `there` from client to origin, `back` the other way."""
    command = [bench, "fin", "--via", f"127.0.0.1:{proxy.ports['fin']}"]
    command += ["--origin", f"127.0.0.1:{origin_port}", "--count", count]
    return json.loads(machine.run(command, timeout=60))


def fin_rounds(bench, site, proxies, rounds, count, rate=None):
    """The rounds of each proxy; under a load of HTTP requests if a rate is given."""
    found = {proxy.name: [] for proxy in proxies}
    for _ in range(rounds):
        for proxy in proxies:
            if rate is None:
                found[proxy.name].append(fin(bench, proxy, site.origins["fin"], count))
                continue
            command = [bench, "load", "--to", f"127.0.0.1:{proxy.ports['http']}"]
            command += ["--rate", rate, "--seconds", 60]
            with machine.Process(command, machine.LOAD_CORE):
                time.sleep(0.2)
                found[proxy.name].append(fin(bench, proxy, site.origins["fin"], count))
    return found


def fin_ratio(ours, theirs, field):
    return compare.ratio([one[field] for one in theirs], [one[field] for one in ours])


def at_rate(bench, proxies, origin_pid, rounds, rate, seconds):
    """Latency of HTTP requests that are due at a fixed rate, over 64 connections."""
    found = {proxy.name: [] for proxy in proxies}
    for _ in range(rounds):
        for proxy in proxies:
            load = f"--conns 64 --rate {rate}"
            sample = workloads.measure(bench, proxy, origin_pid, "http", load, seconds, 0.1)
            found[proxy.name].append(sample)
    return found


def half_the_rate(samples, peer="haproxy"):
    """Half of what a peer does at most, with 64 connections."""
    rounds = samples.get("http-64", {}).get(peer)
    if not rounds:
        return ANY_RATE
    return int(statistics.median(sample.rate for sample in rounds) / 2)
