"""Settings for cuDNN; kept, so that programs may set and read them, and without effect."""

enabled = True
deterministic = False
benchmark = False
benchmark_limit = 10
allow_tf32 = True


def is_available():
    """False."""
    return False


def version():
    """None."""
    return None
