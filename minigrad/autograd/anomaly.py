"""Where did the NaN come from? A slower mode that checks every step and names the line.

    with minigrad.autograd.detect_anomaly():
        loss = model(x).log().mean()
        loss.backward()

While it is on, each operation is checked for a NaN in its result and in the gradients it
gives; the error names the operation and the line of your program that ran it. It also takes
a checksum of everything that is saved for backward, so that a change behind the engine's
back, through an array that shares a tensor's memory, is found as well.
"""

import zlib

import numpy as np

from minigrad.autograd import engine


def _checksum(tensor):
    return None if tensor is None else zlib.crc32(np.ascontiguousarray(tensor.detach().numpy()).tobytes())


def _has_nan(tensor):
    array = tensor.detach().numpy()
    return array.dtype.kind == "f" and bool(np.isnan(array).any())


def _caller():
    """The line outside minigrad that is running, as an error message would show it."""
    import traceback

    frames = [f for f in traceback.extract_stack() if "/minigrad/" not in f.filename.replace("\\", "/")]
    if not frames:
        return "(no line outside minigrad)"
    return "".join(traceback.format_list(frames[-1:])).rstrip()


class _Note:
    """What is remembered of one operation."""

    __slots__ = ("check_nan", "checksums", "line")

    def __init__(self, op, line, check_nan):
        self.line = line
        self.check_nan = check_nan
        self.checksums = [_checksum(t) for t in op.saved or ()]

    def before(self, op, dy):
        for i, (tensor, checksum) in enumerate(zip(op.saved or (), self.checksums, strict=False)):
            if _checksum(tensor) != checksum:
                raise RuntimeError(
                    f"{op.name()}: saved tensor {i} of shape {tuple(tensor.shape)} was changed after it was used, "
                    "without the engine knowing (through a NumPy array that shares its memory?); change a copy "
                    f"instead. The operation was run here:\n{self.line}"
                )

    def after(self, op, gradients):
        if not self.check_nan:
            return
        for i, gradient in enumerate(gradients if isinstance(gradients, tuple) else (gradients,)):
            if gradient is not None and _has_nan(gradient):
                raise RuntimeError(
                    f"{op.name()} gave a gradient with a NaN for its input {i}. "
                    f"The operation was run here:\n{self.line}"
                )


class detect_anomaly:
    """A context in which a NaN is an error that names the operation and the line that made it.

    check_nan: False checks only that saved tensors are not changed.
    """

    def __init__(self, check_nan=True):
        self.check_nan = check_nan
        self._before = []

    def _made(self, op, y):
        line = _caller()
        if self.check_nan and _has_nan(y):
            raise RuntimeError(f"{op.name().removesuffix('Backward0')} gave a result with a NaN, here:\n{line}")
        return _Note(op, line, self.check_nan)

    def __enter__(self):
        self._before.append(engine._watch(self._made))
        return self

    def __exit__(self, *exception):
        engine._watch(self._before.pop())


class set_detect_anomaly(detect_anomaly):
    """Switches detect_anomaly on or off at once, and back at the end of a `with` block."""

    def __init__(self, mode, check_nan=True):
        super().__init__(check_nan)
        self._before.append(engine._watch(self._made if mode else None))

    def __enter__(self):
        return self
