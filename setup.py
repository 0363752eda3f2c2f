"""Builds the extension modules. What pyproject.toml cannot say:

- csrc/kernels.c is compiled once for every instruction set and dtype; dispatch.c chooses
  among these builds when minigrad is imported. The other files of csrc/ are compiled once,
  for any processor. All of it is linked into minigrad.kernels, and nowhere else.
- every other .pyx under minigrad/ becomes a module of its own that knows csrc's header only.

Environment:
    MINIGRAD_BUILD_ISAS=v4   builds for these instruction sets only (v2,v3,v4): faster to build
    MINIGRAD_WERROR=1        a warning in csrc/ is an error
"""
import os
import platform
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext

os.chdir(Path(__file__).parent)

JOBS = min(2, os.cpu_count() or 1)
# -O2 and no unwind tables: the wheel stays small; the loops that must be unrolled say so themselves
FLAGS = """-std=gnu11 -O2 -fno-math-errno -fno-trapping-math -ffp-contract=off -fvisibility=hidden
           -fno-asynchronous-unwind-tables -g0""".split()
# What Cython writes is glue, some of it for cases that ours does not meet or that gain nothing
# here: without these the modules are a tenth smaller, at the same speed.
GLUE = FLAGS + """-fno-plt -Wno-unused-function -DCYTHON_PEP489_MULTI_PHASE_INIT=0 -DCYTHON_USE_DICT_VERSIONS=0
                  -DCYTHON_COMPRESS_STRINGS=0""".split()
# -Os makes it another third smaller and a sixth slower. Only where every step of a training loop
# passes through, often, is it worth its -O2.
SMALL = ["-Os" if flag == "-O2" else flag for flag in GLUE] + ["-DCYTHON_UNPACK_METHODS=0"]
HOT = {"tensor", "engine", "arithmetic", "broadcast", "linalg", "update", "dispatch"}
WARNINGS = ["-Wall", "-Wextra"] + ["-Werror"] * bool(os.environ.get("MINIGRAD_WERROR"))
LINK = ["-Wl,-s"] if sys.platform == "linux" else []

DIRECTIVES = {
    "language_level": 3,
    "initializedcheck": False,
    "nonecheck": False,
    "cdivision": True,
    "binding": True,
    "embedsignature": False,
    "auto_pickle": False,
}


# What every compiled module would carry a copy of lies in one of its own.
SHARED = "minigrad._cyutility"


def instruction_sets():
    """{name: flags}: the builds of kernels.c; the name is the suffix of its tables."""
    machine = platform.machine().lower()
    if machine in ("x86_64", "amd64"):
        sets = {name: [f"-march=x86-64-{name}"] for name in ("v2", "v3", "v4")}
        sets["v2"].append("-Os")        # for processors from before 2013
    elif machine in ("arm64", "aarch64"):
        sets = {"arm64": []}
    else:
        sets = {"generic": []}
    asked = os.environ.get("MINIGRAD_BUILD_ISAS", "").replace(",", " ").split()
    for name in asked:
        if name not in sets:
            raise SystemExit(f"MINIGRAD_BUILD_ISAS: {name!r} is not one of {', '.join(sets)}")
    return {name: flags for name, flags in sets.items() if not asked or name in asked}


class Build(build):
    """A build for a wheel starts from nothing: what an older one left in build/ stays out."""

    def run(self):
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


class BuildExt(build_ext):
    def run(self):
        self.parallel = self.parallel or JOBS
        # Not before: an sdist holds .pyx, and no generated C. New directives, new C.
        output = Path("build/cython")
        stale = any(c.stat().st_mtime < Path("setup.py").stat().st_mtime for c in output.rglob("*.c"))
        modules = cythonize(
            self.extensions,
            build_dir=str(output),
            compiler_directives=DIRECTIVES,
            force=stale,
            shared_utility_qualified_name=SHARED,
        )
        sources = {module.name: module.sources for module in modules}
        for extension in self.extensions:
            extension.sources = sources[extension.name]
        super().run()

    def build_extensions(self):
        kernels = next(e for e in self.extensions if e.name == "minigrad.kernels")
        kernels.extra_objects = self.compile_csrc()
        kernels.depends = kernels.depends + kernels.extra_objects
        kernels.define_macros = [("MINIGRAD_VERSION", f'"{self.distribution.get_version()}"')]
        super().build_extensions()

    def compile_csrc(self):
        """Compiles what is out of date in csrc/, on JOBS threads; gives the objects."""
        sets = instruction_sets()
        headers = [str(p) for p in Path("csrc").glob("*.h")]
        parts = re.findall(r'#include "(\w+\.c)"', Path("csrc/kernels.c").read_text(encoding="utf-8"))
        once = sorted(p.name for p in Path("csrc").glob("*.c") if p.name not in ["kernels.c", *parts])

        has = [f"-DMG_HAS_{name.upper()}" for name in sets]
        jobs = [("once", name, [f"csrc/{name}", *headers], has if name == "dispatch.c" else []) for name in once]
        for isa, march in sets.items():
            for double, dtype in enumerate(("float", "double")):
                flags = [*march, f"-DMG_DOUBLE={double}", f"-DMG_TABLE=mg_table_{dtype}_{isa}"]
                depends = ["csrc/kernels.c", *(f"csrc/{part}" for part in parts), *headers]
                jobs.append((f"{isa}-{dtype}", "kernels.c", depends, flags))
        with ThreadPoolExecutor(JOBS) as pool:
            return list(pool.map(lambda job: self.compile_once(*job), jobs))

    def compile_once(self, folder, name, depends, flags):
        """Compiles csrc/<name> into <folder>, unless an object newer than what it was made
        from, and made with the same flags, is there."""
        flags = [*FLAGS, *WARNINGS, *flags]
        directory = Path(self.build_temp, "csrc", folder)
        made = directory / "csrc" / name.replace(".c", ".o")
        note = made.with_suffix(".flags")
        fresh = (
            not self.force
            and made.exists()
            and note.exists()
            and note.read_text() == " ".join(flags)
            and all(Path(d).stat().st_mtime < made.stat().st_mtime for d in depends)
        )
        if not fresh:
            self.compiler.compile(
                [f"csrc/{name}"], output_dir=str(directory), include_dirs=["csrc"], extra_postargs=flags
            )
            note.write_text(" ".join(flags))
        return str(made)


def extension(path):
    """The module of one .pyx; it is rebuilt when the header it includes changes."""
    return Extension(
        ".".join(path.with_suffix("").parts),
        [str(path)],
        include_dirs=["csrc", numpy.get_include()],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
        depends=["csrc/minigrad.h", "csrc/kernels.h", "setup.py", "pyproject.toml"],
        extra_compile_args=GLUE if path.stem in HOT else SMALL,
        extra_link_args=LINK,
    )


setup(
    ext_modules=[
        Extension(SHARED, [SHARED.replace(".", "/") + ".c"], extra_compile_args=SMALL, extra_link_args=LINK),
        *(extension(path) for path in sorted(Path("minigrad").rglob("*.pyx"))),
    ],
    cmdclass={"build": Build, "build_ext": BuildExt},
)
