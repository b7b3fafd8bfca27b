"""A build that was trained: compiled once to count what happens, and once more with the counts.

The counts are the compiler's own (profile-guided optimisation); the language and the program stay the
same. What was built is kept for as long as the sources, the compiler and the lessons are what they were.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
FOLDER = (pathlib.Path(os.environ.get("CARGO_TARGET_DIR", TOP / "target")) / "trained").resolve()
PROGRAM = FOLDER / "tidegate"
# What the program, and what it is taught, are made from.
SOURCES = ["Cargo.toml", "Cargo.lock", "core", "runtime", "bench/Cargo.toml", "bench/src", "bench/harness", "bench/train"]
# What would change it from outside.
FLAGS = ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"]


def build(bench):
    """Builds it, unless it is there; `bench` is the program that is load and origin."""
    version = subprocess.run(["rustc", "-vV"], cwd=TOP, check=True, capture_output=True, text=True).stdout
    host = next(line.split()[1] for line in version.splitlines() if line.startswith("host:"))
    state, known = key(version), FOLDER / "key"
    if PROGRAM.exists() and known.exists() and known.read_text(encoding="ascii") == state:
        return PROGRAM
    for name in FLAGS:
        if os.environ.get(name):
            sys.exit(f"bench: {name} is set: flags of one's own and those of the training would be in each other's way")
    merger = merges(host)
    known.unlink(missing_ok=True)
    counts, merged = FOLDER / "counts", FOLDER / "counts.profdata"
    shutil.rmtree(counts, ignore_errors=True)
    counting = compiled(host, "counting", f"-Cprofile-generate={counts}")
    # What the build's own programs have counted is nothing of it.
    shutil.rmtree(counts, ignore_errors=True)
    subprocess.run([sys.executable, TOP / "bench" / "train", "--teach", counting, bench], check=True)
    files = sorted(counts.glob("*.profraw"))
    if not files:
        raise RuntimeError(f"nothing was counted in {counts}")
    subprocess.run([merger, "merge", "-o", merged, *files], check=True)
    shutil.copy2(compiled(host, "built", f"-Cprofile-use={merged}"), PROGRAM)
    known.write_text(state, encoding="ascii")
    return PROGRAM


def merges(host):
    """The program of the toolchain's that adds counts up: another version may not read them."""
    command = ["rustc", "--print", "sysroot"]
    root = subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True).stdout.strip()
    program = pathlib.Path(root) / "lib" / "rustlib" / host / "bin" / "llvm-profdata"
    if not program.exists():
        sys.exit("bench: llvm-profdata is lacking: rustup component add llvm-tools")
    return program


def compiled(host, folder, flag):
    """A build with this flag, for the program alone: with a target that is named, it is not for what
    is run while building."""
    target = FOLDER / folder
    command = ["cargo", "build", "--release", "--locked", "-q", "-p", "tidegate"]
    command += ["--target", host, "--target-dir", target]
    subprocess.run(command, cwd=TOP, check=True, env=dict(os.environ, RUSTFLAGS=flag))
    return target / host / "release" / "tidegate"


def key(version):
    """What the build depends on, in one word."""
    digest = hashlib.sha256(version.encode())
    for source in SOURCES:
        place = TOP / source
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        for file in files:
            if file.is_file() and file.suffix != ".pyc":
                digest.update(str(file.relative_to(TOP)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
