"""PyTorch's compiler of programs, which is not here: each name raises RuntimeError and says what to do.

minigrad runs eagerly; minigrad.compile(model) gives the model itself.
"""

__all__ = ["freeze", "load", "optimize_for_inference", "save", "script", "trace"]


def _refuse(name, mend):
    raise RuntimeError(f"jit.{name}: minigrad runs eagerly and has no TorchScript; {mend}")


def script(obj, *args, **kwargs):
    """RuntimeError: use the module or function itself."""
    _refuse("script", "use the module itself, model(x)")


def trace(func, *args, **kwargs):
    """RuntimeError: use the module or function itself."""
    _refuse("trace", "use the module itself, model(x)")


def freeze(mod, *args, **kwargs):
    """RuntimeError: use the module itself, in evaluation mode."""
    _refuse("freeze", "use the module itself after model.eval()")


def optimize_for_inference(mod, *args, **kwargs):
    """RuntimeError: use the module itself, in evaluation mode."""
    _refuse("optimize_for_inference", "use the module itself after model.eval()")


def save(m, f, *args, **kwargs):
    """RuntimeError: save the module's state."""
    _refuse("save", "save the state, minigrad.save(model.state_dict(), f)")


def load(f, *args, **kwargs):
    """RuntimeError: build the module and load its state."""
    _refuse("load", "build the model and load its state, model.load_state_dict(minigrad.load(f))")
