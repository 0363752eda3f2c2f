"""The door to C: its tables, the build chosen for this processor, threads, fork, memory."""
import ctypes
import os
import re
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad import kernels

ROOT = Path(__file__).parent.parent
DTYPES = [np.float32, np.float64]
INSTRUCTION_SETS = ["x86-64-v2", "x86-64-v3", "x86-64-v4"]
POINTER, SIZE, STEP, INT, DOUBLE = (
    ctypes.c_void_p, ctypes.c_size_t, ctypes.c_ssize_t, ctypes.c_int, ctypes.c_double,
)


def kernel(name, dtype, *types):
    """A kernel of the table as a Python function; `types` from its line in csrc/kernels.h."""
    address = kernels._addresses(DTYPES.index(dtype))[name]
    return ctypes.CFUNCTYPE(None, *types)(address)


def product(name, a, b, bias=None, flags=0, c=None):
    m, k = a.shape
    n = b.shape[1]
    c = np.full((m, n), np.nan, a.dtype) if c is None else c.copy()
    gemm = kernel(name, a.dtype.type, POINTER, SIZE, POINTER, STEP, STEP, POINTER, STEP, STEP,
                  SIZE, SIZE, SIZE, POINTER, INT)
    step = a.dtype.itemsize
    gemm(c.ctypes.data, n, a.ctypes.data, a.strides[0] // step, a.strides[1] // step,
         b.ctypes.data, b.strides[0] // step, b.strides[1] // step, m, n, k,
         None if bias is None else bias.ctypes.data, flags)
    return c


def run(code, **environment):
    """The output and the errors of a fresh interpreter, away from the checkout."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MINIGRAD_")}
    clean["PYTHONPATH"] = str(Path(minigrad.__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", code], env=clean | environment, cwd="/", check=False,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(autouse=True)
def same_threads_afterwards():
    before = kernels.get_num_threads()
    yield
    kernels.set_num_threads(before)


# ---- the tables ------------------------------------------------------------------------------

@pytest.mark.skipif(not (ROOT / "csrc").exists(), reason="needs the sources")
def test_the_catalogue_and_its_declarations_for_cython_name_the_same_kernels():
    header = (ROOT / "csrc" / "kernels.h").read_text(encoding="utf-8")
    names = re.findall(r"^MG_KERNEL\(\w+, (\w+),", header, re.MULTILINE)
    declarations = (ROOT / "minigrad" / "kernels.pxd").read_text(encoding="utf-8")
    struct = re.search(r"struct mg_kernels:\n(.*?)\n\n", declarations, re.DOTALL).group(1)
    declared = re.findall(r"\(\*(\w+)\)\(", struct)
    for line in re.findall(r"^        mg_\w+ ([\w, ]+)$", struct, re.MULTILINE):
        declared += line.split(", ")
    assert sorted(declared) == sorted(names) == sorted(kernels._addresses(0))


@pytest.mark.parametrize("dtype", [0, 1])
def test_every_kernel_is_there_and_in_one_table_only(dtype):
    mine, other = kernels._addresses(dtype), kernels._addresses(1 - dtype)
    assert all(mine.values())
    assert not set(mine.values()) & set(other.values())


def test_only_one_module_holds_the_thread_pool():
    folder = Path(kernels.__file__).parent
    modules = [p for p in folder.rglob("*.so") if b"minigrad-worker" in p.read_bytes()]
    assert modules == [Path(kernels.__file__)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "m, n, k", [(1, 1, 1), (2, 4, 8), (5, 3, 0), (13, 33, 7), (32, 100, 100), (100, 1, 16), (7, 2, 300)])
def test_the_packed_product_agrees_with_three_loops(dtype, m, n, k):
    rng = np.random.default_rng(m * n + k)
    a, b = rng.standard_normal((m, k)).astype(dtype), rng.standard_normal((k, n)).astype(dtype)
    bias = rng.standard_normal(n).astype(dtype)
    tolerance = 4 * max(k, 1) * np.finfo(dtype).eps
    for left in (a, np.asfortranarray(a)):
        for right in (b, np.asfortranarray(b)):
            plain = product("gemm_naive", left, right, bias, flags=2)
            np.testing.assert_allclose(product("gemm", left, right, bias, flags=2), plain, rtol=0, atol=tolerance)
            before = rng.standard_normal((m, n)).astype(dtype)
            np.testing.assert_allclose(product("gemm", left, right, flags=1, c=before),
                                       product("gemm_naive", left, right, flags=1, c=before),
                                       rtol=0, atol=2 * tolerance)


# ---- which build ---------------------------------------------------------------------------------

def test_the_configuration_says_what_a_bug_report_needs(capsys):
    config = kernels.config()
    assert config["minigrad"] == kernels.__version__
    assert config["numpy"] == np.__version__
    assert config["threads"] == kernels.get_num_threads()
    minigrad.show_config()
    printed = capsys.readouterr().out
    assert all(str(value) in printed for value in config.values() if value is not None)


def available():
    """The instruction sets that this processor runs and this copy was built for."""
    message = run("import minigrad.kernels", MINIGRAD_ISA="?").stderr
    return re.search(r"It may be one of: (.*)", message).group(1).split()


def test_a_cap_on_the_instruction_set_is_obeyed():
    for isa in available():
        for name in (isa, isa.replace("x86-64-", "")):
            shown = run("from minigrad import kernels; kernels.show_config()", MINIGRAD_ISA=name)
            assert f"instruction set:  {isa}\n" in shown.stdout
            assert f"MINIGRAD_ISA:     {name}\n" in shown.stdout
            assert shown.stderr == ""


def test_a_cap_that_is_no_instruction_set_is_said_and_ignored():
    best = kernels.config()["instruction set"] if "MINIGRAD_ISA" not in os.environ else available()[0]
    shown = run("from minigrad import kernels; print(kernels.config()['instruction set'])", MINIGRAD_ISA="v9")
    assert shown.stdout.strip() == best
    assert "RuntimeWarning: MINIGRAD_ISA=v9 is not an instruction set" in shown.stderr


BITS = """
import hashlib, numpy as np, minigrad as mg
x = mg.tensor(np.linspace(-9, 9, 4001).astype("{dtype}"))
digest = hashlib.sha256()
for y in [x + x * x, x.exp(), x.tanh(), x.sigmoid(), x.abs().log(), x.softmax(0), x.sum(), x.mean()]:
    digest.update(y.numpy().tobytes())
print(digest.hexdigest())
"""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_all_kernels_but_the_product_give_the_same_bits_on_every_instruction_set(dtype):
    assert len({run(BITS.format(dtype=dtype), MINIGRAD_ISA=isa).stdout for isa in available()}) == 1


# ---- threads ------------------------------------------------------------------------------------

@pytest.mark.parametrize("wrong", [0, -3, 257, 10**30])
def test_a_number_of_threads_out_of_range_is_refused(wrong):
    with pytest.raises(ValueError, match=f"from 1 to 256, got {wrong}"):
        kernels.set_num_threads(wrong)


@pytest.mark.parametrize("wrong", [2.0, "2", None, True])
def test_a_number_of_threads_that_is_no_integer_is_refused(wrong):
    with pytest.raises(TypeError, match="expects an int"):
        kernels.set_num_threads(wrong)


def test_the_number_of_threads_comes_from_the_environment_or_the_processors():
    ask = "from minigrad import kernels; print(kernels.get_num_threads())"
    processors = kernels.config()["processors"]
    assert run(ask).stdout.strip() == str(min(processors, 256))
    assert run(ask, MINIGRAD_NUM_THREADS="5").stdout.strip() == "5"
    shown = run(ask, MINIGRAD_NUM_THREADS="many")
    assert shown.stdout.strip() == str(min(processors, 256))
    assert "RuntimeWarning: MINIGRAD_NUM_THREADS=many is not a number" in shown.stderr


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_product_has_the_same_bits_on_any_number_of_threads(dtype):
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((150, 130)).astype(dtype), rng.standard_normal((130, 170)).astype(dtype)
    kernels.set_num_threads(1)
    alone = product("gemm", a, b)
    for threads in (2, 3, 4, 7, 16):
        kernels.set_num_threads(threads)
        assert product("gemm", a, b).tobytes() == alone.tobytes(), threads


def test_the_number_of_threads_may_change_while_a_product_runs():
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((128, 100), np.float32), rng.standard_normal((100, 100), np.float32).T
    kernels.set_num_threads(1)
    alone = product("gemm", a, b).tobytes()
    done = threading.Event()

    def change():
        while not done.is_set():
            for threads in (2, 9, 3, 1):
                kernels.set_num_threads(threads)

    changing = threading.Thread(target=change)
    changing.start()
    try:
        assert all(product("gemm", a, b).tobytes() == alone for _ in range(500))
    finally:
        done.set()
        changing.join()
        kernels.set_num_threads(1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_works_although_its_parent_had_threads():
    rng = np.random.default_rng(2)
    a, b = rng.standard_normal((200, 200)), rng.standard_normal((200, 200))
    kernels.set_num_threads(3)
    expected = product("gemm", a, b)
    for _ in range(5):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)     # that fork meets threads is the point
            child = os.fork()
        if child == 0:
            same = product("gemm", a, b).tobytes() == expected.tobytes()
            kernels.set_num_threads(2)
            same &= product("gemm", a, b).tobytes() == expected.tobytes()
            os._exit(0 if same else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert product("gemm", a, b).tobytes() == expected.tobytes()


# ---- memory ---------------------------------------------------------------------------------------

def test_memory_is_counted_kept_and_given_back():
    kernels.trim_memory()
    before = kernels.memory_stats()
    x = minigrad.zeros(1000, 1000)
    kernels.reset_peak_memory()
    during = kernels.memory_stats()
    assert 4e6 <= during["live"] - before["live"] <= 5e6
    assert during["peak"] == during["live"]
    del x
    after = kernels.memory_stats()
    assert after["live"] == before["live"]
    assert after["cached"] - before["cached"] == during["live"] - before["live"]
    kernels.trim_memory()
    assert kernels.memory_stats()["cached"] == 0


def test_memory_without_elements_and_of_any_size_is_aligned():
    for n in [0, 1, 2, 15, 16, 17, 63, 64, 65, 1000, 4096, 100_003]:
        assert minigrad.zeros(n).numpy().ctypes.data % 64 == 0


def test_memory_that_nobody_has_is_refused():
    with pytest.raises((MemoryError, ValueError)):
        minigrad.zeros(2**60)
