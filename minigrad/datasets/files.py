"""Files of a set: where they are looked for, how they are checked, and how they come from the net.

A download goes to a file of another name, is checked there, and only then gets its own name: a
file that has it is whole.
"""

import os

__all__ = ["cache_folder", "fetch", "places", "read", "sha256", "unpacked"]

TIMEOUT = 30  # seconds that a server may stay silent


def cache_folder():
    """The user's folder for what can be fetched again: $XDG_CACHE_HOME or ~/.cache, and /minigrad in it."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(cache, "minigrad")


def places(root):
    """The folders to look in, the first of which downloads go to: root, $MINIGRAD_DATA and the cache folder."""
    return [base for base in (root, os.environ.get("MINIGRAD_DATA"), cache_folder()) if base]


def read(path):
    """The bytes in a file, decompressed where its name ends in .gz.

    Errors: ValueError where it does not decompress.
    """
    with open(path, "rb") as file:
        content = file.read()
    return unpacked(content, path) if path.endswith(".gz") else content


def unpacked(content, path):
    """What a .gz file's content decompresses to."""
    import gzip
    import zlib

    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as e:
        raise ValueError(
            f"{path} is damaged: it does not decompress ({e}); the SHA-256 of its {len(content)} bytes as they are is "
            f"{sha256(content)}. Delete it and get it anew (download=True)"
        ) from e


def sha256(content):
    """The SHA-256 of bytes, in hexadecimal."""
    import hashlib

    return hashlib.sha256(content).hexdigest()


def fetch(who, urls, target, check, otherwise=""):
    """Downloads from the first of urls that gives what check(content, url) does not refuse, to the file target.

    check raises ValueError. otherwise: what else helps, for the error.
    Errors: ConnectionError where none does; nothing is left behind.
    """
    import http.client
    import shutil
    import urllib.request

    os.makedirs(os.path.dirname(target), exist_ok=True)
    part = f"{target}.{os.getpid()}.part"
    failures = []
    try:
        for url in urls:
            try:
                request = urllib.request.Request(url, headers={"User-Agent": "minigrad"})
                with urllib.request.urlopen(request, timeout=TIMEOUT) as source, open(part, "wb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)
                    file.flush()
                    os.fsync(file.fileno())
                with open(part, "rb") as file:
                    check(file.read(), url)
                os.replace(part, target)
                return
            except (OSError, http.client.HTTPException, ValueError) as e:
                failures.append(f"    {url}: {e}")
    finally:
        if os.path.exists(part):
            os.remove(part)
    raise ConnectionError(
        "\n".join(
            [
                f"{who}: could not download {os.path.basename(target)} to {os.path.dirname(target)}:",
                *failures,
                f"Check the network (and a proxy: https_proxy), or put the files there by hand{otherwise}",
            ]
        )
    )
