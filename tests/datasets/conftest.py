"""No set is looked for outside of the test's own folder, and none is fetched from the net."""

import http.server
import threading

import pytest

from minigrad.datasets import CIFAR10, CIFAR100, KMNIST, MNIST, FashionMNIST


@pytest.fixture(autouse=True)
def no_other_places(monkeypatch, tmp_path):
    monkeypatch.delenv("MINIGRAD_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for each in (MNIST, FashionMNIST, KMNIST):
        monkeypatch.setattr(each, "mirrors", ["http://127.0.0.1:9/"])
    for each in (CIFAR10, CIFAR100):
        monkeypatch.setattr(each, "mirrors", [f"http://127.0.0.1:9/{each.filename}"])


@pytest.fixture
def serve():
    """serve(folder): a server of its files, as (address, the paths it was asked for)."""
    servers = []

    def start(folder):
        asked = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *args):
                super().__init__(*args, directory=str(folder))

            def do_GET(self):
                asked.append(self.path)
                super().do_GET()

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/", asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
