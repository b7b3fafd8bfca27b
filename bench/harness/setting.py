"""What every measurement starts with: both programs built, a folder, a certificate, the origins."""

import os
import pathlib
import subprocess

from . import machine, proxies

TOP = pathlib.Path(__file__).resolve().parents[2]


def build():
    """Builds what is measured and what measures, and says where they are. They are two builds, so
    that neither changes the features of the other's dependencies."""
    given = os.environ.get("TIDEGATE_BENCH_TIDEGATE")
    if not os.environ.get(machine.INSIDE):
        for package in ["tidegate-bench"] + ([] if given else ["tidegate"]):
            subprocess.run(["cargo", "build", "--release", "-q", "-p", package], cwd=TOP, check=True)
    release = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", TOP / "target")) / "release"
    return pathlib.Path(given or release / "tidegate").resolve(), (release / "tidegate-bench").resolve()


def origin(stack, bench, folder):
    """Starts the origins, and gives what proxies are told of them, and their process."""
    folder.chmod(0o755)  # nginx's workers are another user
    # Nobody listens at the last one, except where a FIN is measured.
    ports = dict(zip(["echo", "source", "http", "fin"], machine.free_ports(4)))
    command = [bench, "origin"]
    for name in ["echo", "source", "http"]:
        command += [f"--{name}", f"127.0.0.1:{ports[name]}"]
    process = stack.enter_context(machine.Process(command, machine.LOAD_CORE, folder / "origin.log", pipes=True))
    if process.popen.stdout.readline().strip() != "ready":
        raise RuntimeError((folder / "origin.log").read_text(encoding="utf-8"))
    return proxies.Site(folder, ports), process
