"""The page that docs/BENCHMARKS.md is: tables of what was measured, and what was not."""

import datetime
import os
import pathlib
import platform
import statistics
import subprocess

from . import compare, extras, workloads

WORDS = {"yes": "yes", "near": "within 10 %", "missed": "**missed**"}
GROWTH = [("http-1", 1), ("http-64", 64), ("http-512", 512), ("http-4000", 4000)]
BAR_WIDTH = 40

HEAD = """# Benchmarks

Measured on {date} with `{command}`:
Linux {kernel}, {cores} cores ({cpu}), {network}.
{versions}.

Each proxy has one thread, on core {proxy_core}; load and origin share core {load_core}. The proxies
have their turns in {rounds} interleaved rounds of {seconds} s. CPU time is the kernel's account for
all threads of the proxy, in user space and in the kernel. A ratio is the peer's CPU time over
Tidegate's, or Tidegate's rate over the peer's, in the same round: above 1 is better for Tidegate.
Given are its median, the lowest and the highest of all rounds, and the ratio of the best rounds. A
bar is missed only if median and best rounds both miss it by more than 10 %{again}. The absolute numbers are this machine's at that hour, and are not to be compared with
those of another day. [bench/README.md](../bench/README.md) says what each workload does, and where
this way of measuring can mislead.
"""


def machine_facts():
    text = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    names = [line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")]
    return {
        "kernel": platform.release().split("-")[0],
        "cores": os.cpu_count(),
        "cpu": names[0] if names else platform.machine(),
        "date": datetime.date.today().isoformat(),
    }


def commit(top):
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude", "*"],
        cwd=top,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()


def middle(values):
    return statistics.median(values)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def number(value):
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3f}" if value < 1 else f"{value:.2f}"


def columns(samples, chosen):
    """Every proxy that some chosen workload has, in the order of their starts."""
    names = []
    for workload in chosen:
        names += [name for name in samples.get(workload.key, {}) if name not in names]
    return names


def costs(samples, chosen):
    names = columns(samples, chosen)
    rows = []
    for workload in chosen:
        if workload.key in samples:
            each = samples[workload.key]
            cells = [number(min(s.cpu for s in each[n])) if n in each else "–" for n in names]
            rows.append([workload.title] + cells)
    return table(["workload"] + names, rows)


def ratios(samples, chosen):
    rows = []
    for workload in chosen:
        each = samples.get(workload.key, {})
        ours = each.get("tidegate")
        for peer, theirs in each.items():
            if peer == "tidegate" or not ours:
                continue
            cpu, rate = compare.cpu(ours, theirs), compare.rate(ours, theirs)
            bar = workload.bars.get(peer)
            p99 = [middle([s.p99 for s in side]) / 1000 for side in [ours, theirs]]
            rows.append(
                [
                    workload.title,
                    peer,
                    f"{cpu.median:.2f} ({cpu.low:.2f}–{cpu.high:.2f})",
                    f"{cpu.minima:.2f}",
                    f"{rate.median:.2f} ({rate.low:.2f}–{rate.high:.2f})",
                    f"{number(p99[0])} / {number(p99[1])}",
                    f"{bar:.2f}" if bar else "–",
                    WORDS[compare.verdict(cpu, bar)] if bar else "–",
                ]
            )
    head = ["workload", "peer", "CPU ratio", "of minima", "rate ratio", "p99 ms, ours / theirs"]
    return table(head + ["bar", "reached"], rows)


def growth(samples):
    """CPU time of a request by the number of connections, drawn."""
    rows = [(key, conns) for key, conns in GROWTH if key in samples]
    if len(rows) < 2:
        return []
    names = list(samples[rows[0][0]])
    cost = {
        name: {conns: min(s.cpu for s in samples[key][name]) for key, conns in rows if name in samples[key]}
        for name in names
    }
    most = max(value for each in cost.values() for value in each.values())
    lines = ["## Growth: CPU µs of a small request, by connections", "", "```text"]
    for _, conns in rows:
        for name in names:
            value = cost[name].get(conns)
            if value is None:
                continue
            drawn = "█" * max(1, round(value / most * BAR_WIDTH))
            lines.append(f"{conns:5}  {name:12} {value:7.1f}  {drawn}")
        lines.append("")
    return lines[:-1] + ["```", ""]


def memory(held):
    if not held:
        return []
    names = list(next(iter(held.values())))
    rows = []
    for kind in extras.HELD:
        if kind.key in held:
            each = held[kind.key]
            cells = [number(each[name]) if name in each else "–" for name in names]
            ours = each.get("tidegate")
            bars = ", then ".join(f"≤ {bar:g}" for bar in kind.bars)
            told = WORDS["yes" if ours <= kind.bars[0] else "near" if ours <= kind.bars[0] * 1.1 else "missed"]
            rows.append([kind.title] + cells + [bars, told])
    lines = ["## Memory: kB for each idle connection", ""]
    return lines + table(["connection"] + names + ["bar", "reached"], rows)


def fins(found, title):
    if not found:
        return []
    names = list(found)
    rows = []
    for field, what in [("there", "client to origin"), ("back", "origin to client")]:
        for quantile in ["p50", "p99"]:
            key = f"{field}_{quantile}_us"
            cells = [number(middle([one[key] for one in found[name]])) for name in names]
            ratio = ""
            if "haproxy" in found and "tidegate" in found:
                measured = extras.fin_ratio(found["tidegate"], found["haproxy"], key)
                bar = 1.05 if quantile == "p50" else 1.0
                ratio = f"{measured} (bar {bar}: {WORDS[compare.verdict(measured, bar)]})"
            rows.append([f"{what}, {quantile}"] + cells + [ratio])
    return [f"### {title}", ""] + table(["FIN"] + names + ["ratio to haproxy"], rows)


def latency(found, rate):
    if not found:
        return []
    rows = []
    for name, each in found.items():
        quantiles = [middle([getattr(s, q) for s in each]) / 1000 for q in ["p50", "p99", "p999"]]
        cpu = middle([s.cpu for s in each])
        rows.append([name] + [number(q) for q in quantiles] + [number(cpu)])
    lines = [f"## Latency at {rate} requests a second", ""]
    lines += ["Half of what haproxy does at most, over 64 connections, from the moment each is due.", ""]
    return lines + table(["proxy", "p50 ms", "p99 ms", "p99.9 ms", "CPU µs"], rows)


def page(facts, measured):
    """The whole page. `measured` has `samples`, `held`, `fin_idle`, `fin_load`, `at_rate`, `rate`."""
    lines = HEAD.format(**facts).rstrip().split("\n") + [""]
    samples = measured["samples"]
    small = [w for w in workloads.WORKLOADS if not w.bulk and w.key in samples]
    bulk = [w for w in workloads.WORKLOADS if w.bulk and w.key in samples]
    if small:
        lines += ["## CPU µs of an operation, best round", ""] + costs(samples, small)
        lines += ratios(samples, small)
    if bulk:
        lines += ["## Bulk: CPU seconds of a gigabyte, best round", ""] + costs(samples, bulk)
        lines += ratios(samples, bulk)
    lines += growth(samples)
    lines += latency(measured["at_rate"], measured["rate"])
    if measured["fin_idle"]:
        lines += ["## How long a FIN is on its way, µs", ""]
        lines += fins(measured["fin_idle"], "Through an idle proxy")
        lines += fins(measured["fin_load"], f"Beside {measured['rate']} requests a second")
    lines += memory(measured["held"])
    return "\n".join(lines).rstrip() + "\n"
