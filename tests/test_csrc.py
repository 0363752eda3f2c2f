"""csrc/ by itself: no Python in it, no warnings, and right under the sanitizers."""

import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from minigrad import kernels

CSRC = Path(__file__).parent.parent / "csrc"
DRIVER = Path(__file__).parent / "csrc" / "alone.c"
COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
FLAGS = """-std=gnu11 -fno-math-errno -fno-trapping-math -ffp-contract=off -Wall -Wextra -Werror""".split()

pytestmark = [
    pytest.mark.skipif(not CSRC.exists(), reason="needs the sources"),
    pytest.mark.skipif(not COMPILERS, reason="needs gcc or clang"),
]


def parts():
    """The files of which kernels.c is made."""
    return re.findall(r'#include "(\w+\.c)"', (CSRC / "kernels.c").read_text(encoding="utf-8"))


def once():
    """The files that are compiled once, for any processor."""
    return [path for path in sorted(CSRC.glob("*.c")) if path.name not in ["kernels.c", *parts()]]


def here():
    """(name, flags) of the instruction set that runs here, as setup.py has it."""
    isa = kernels.config()["instruction set"]
    return isa.removeprefix("x86-64-"), [f"-march={isa}"] if isa.startswith("x86-64") else []


def compiled(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def test_csrc_includes_the_c_library_and_itself_only():
    system = set()
    for path in CSRC.glob("*.[ch]"):
        for name in re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)', path.read_text(encoding="utf-8"), re.MULTILINE):
            if not (CSRC / name).exists():
                system.add(name)
    posix = {"pthread.h", "sched.h", "unistd.h", "sys/mman.h"}
    intrinsics = {"immintrin.h", "arm_neon.h"}
    names = "assert errno float limits math signal stdatomic stddef stdint stdio stdlib string time"
    iso = {f"{name}.h" for name in names.split()}
    assert system <= posix | intrinsics | iso


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("march", ["", "x86-64-v2", "x86-64-v3", "x86-64-v4"])
def test_csrc_is_free_of_warnings(compiler, march, tmp_path):
    isa, _ = here()
    if march and not isa.startswith("v"):
        pytest.skip("another kind of processor")
    flags = [compiler, *FLAGS, "-fsyntax-only", "-I", CSRC, *([f"-march={march}"] if march else [])]
    for double in (0, 1):
        compiled(*flags, f"-DMG_DOUBLE={double}", CSRC / "kernels.c")
    for path in once():
        compiled(*flags, f"-DMG_HAS_{isa.upper()}", path)
    used = compiled(compiler, "-M", "-I", CSRC, CSRC / "kernels.c", *once()).stdout
    assert "Python" not in used


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("sanitizer", ["address,undefined", "thread"])
def test_csrc_runs_without_python_and_the_sanitizers_find_nothing(compiler, sanitizer, tmp_path):
    isa, march = here()
    sanitize = [f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all", "-g", "-O0"]
    probe = tmp_path / "probe.c"
    probe.write_text("int main(void) { return 0; }\n")
    if subprocess.run([compiler, *sanitize, str(probe), "-o", str(tmp_path / "probe")], capture_output=True,
                      check=False).returncode or subprocess.run([str(tmp_path / "probe")], check=False).returncode:
        pytest.skip(f"{compiler} has no -fsanitize={sanitizer} here")
    common = [compiler, *FLAGS, *sanitize, "-I", CSRC]
    jobs = [[*common, *march, f"-DMG_DOUBLE={double}", f"-DMG_TABLE=mg_table_{dtype}_{isa}", "-c", CSRC / "kernels.c",
             "-o", tmp_path / f"{dtype}.o"] for double, dtype in enumerate(("float", "double"))]
    jobs += [[*common, f"-DMG_HAS_{isa.upper()}", "-c", path, "-o", tmp_path / f"{path.stem}.o"]
             for path in [*once(), DRIVER]]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda job: compiled(*job), jobs))
    program = tmp_path / "alone"
    compiled(compiler, *sanitize, *tmp_path.glob("*.o"), "-o", program, "-lm", "-lpthread")
    ran = subprocess.run([str(program)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-4000:]
    assert ran.stdout == f"{kernels.config()['instruction set']}: ok\n"
    assert not re.search("ERROR|WARNING|runtime error", ran.stderr), ran.stderr[-4000:]


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("nm"), reason="needs nm")
def test_the_compiled_kernels_show_nothing_but_pythons_entry():
    """One name is enough for Python to load a module; every other would be a name to clash with."""
    shown = compiled("nm", "-D", "--defined-only", kernels.__file__).stdout
    assert [line.split()[-1] for line in shown.splitlines()] == ["PyInit_kernels"]
