"""What every measurement starts with: both programs built, a folder, a certificate, the origins."""

import os
import pathlib
import subprocess

from . import machine, proxies, trained

TOP = pathlib.Path(__file__).resolve().parents[2]


def build(plain=True):
    """Builds what is measured and what measures, and says where they are: as cargo builds it, or trained."""
    given = os.environ.get("TIDEGATE_BENCH_TIDEGATE")
    if given:
        return pathlib.Path(given).resolve(), bench()
    if plain:
        return cargo("tidegate"), bench()
    if not os.environ.get(machine.INSIDE):
        trained.build(bench())
    return trained.PROGRAM.resolve(), bench()


def bench():
    """The program that is load and origin."""
    return cargo("tidegate-bench")


def cargo(package):
    """A package's program. Each is a build of its own, so that none changes the features of another's
    dependencies."""
    if not os.environ.get(machine.INSIDE):
        subprocess.run(["cargo", "build", "--release", "-q", "-p", package], cwd=TOP, check=True)
    release = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", TOP / "target")) / "release"
    return (release / package).resolve()


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
