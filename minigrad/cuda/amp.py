"""Mixed precision, for which there are no units here: float32 is computed as float32."""

__all__ = ["GradScaler", "autocast"]


def _refuse(name, mend):
    raise RuntimeError(f"{name}: minigrad computes in float32 or float64 throughout; {mend}")


class autocast:
    """RuntimeError: there is no arithmetic in float16."""

    def __init__(self, *args, **kwargs):
        _refuse("autocast", "run what is inside the `with` as it is")


class GradScaler:
    """RuntimeError: gradients in float32 need no scaling."""

    def __init__(self, *args, **kwargs):
        _refuse("GradScaler", "call loss.backward() and optimizer.step() directly")
