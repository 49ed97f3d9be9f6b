"""The process driver starts, measures and ends exactly its own process, whatever that process is."""

import signal
from pathlib import Path

import pytest
from tests.harness.gateway import ADMIN_KEY, Gateway, NotReady

STAND_IN = '''
"""Stands in for the package under test: a process with the same command line that answers like a gateway."""
import http.server, os, sys

print("argv", sys.argv[1:], "admin", os.environ["ADMIN_KEY"], "extra", os.environ.get("EXTRA"))
print("to stderr", file=sys.stderr)
if "--fail" in sys.argv:
    sys.exit(3)


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status":"ok"}')

    do_POST = do_GET


port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.HTTPServer(("127.0.0.1", port), Answers).serve_forever()
'''


@pytest.fixture
def package(tmp_path: Path) -> dict[str, str]:
    """An environment in which `python -m plexus` is the stand-in."""
    (tmp_path / "plexus").mkdir()
    (tmp_path / "plexus" / "__init__.py").write_text("")
    (tmp_path / "plexus" / "__main__.py").write_text(STAND_IN)
    return {"PYTHONPATH": str(tmp_path), "EXTRA": "1"}


async def test_it_starts_with_the_configuration_and_collects_what_is_written(package: dict[str, str]):
    async with Gateway({"providers": {"a": {"type": "demo"}}}, env=package, args=["--workers", "1"]) as gateway:
        status, body = gateway.get("/health")
        sample = gateway.sample()
        assert gateway.config.read_text() == "providers:\n  a:\n    type: demo\n"
        gateway.write_config("providers: {}\n")
        assert gateway.config.read_text() == "providers: {}\n"
        assert gateway.post("/x", {})[2] == body
        output, directory = gateway.output, gateway.directory
        gateway.signal(signal.SIGTERM)
        assert gateway.wait() == -signal.SIGTERM
    assert (status, body) == (200, b'{"status":"ok"}')
    assert sample.rss > 1_000_000
    assert sample.fds >= 3
    assert f"admin {ADMIN_KEY} extra 1" in output
    assert "to stderr" in output
    assert "'--config'" in output
    assert "'--workers', '1'" in output
    assert not directory.exists()


def test_a_process_that_ends_at_start_says_what_it_wrote(package: dict[str, str]):
    gateway = Gateway(args=["--fail"], env=package)
    with pytest.raises(NotReady, match=r"(?s)ended with 3.*to stderr"):
        gateway.__enter__()
    assert not gateway.directory.exists()


async def test_it_drives_the_real_gateway():
    async with Gateway(args=["--demo"]) as gateway:
        body = {"model": "demo/echo", "max_tokens": 20, "messages": [{"role": "user", "content": "Hello"}]}
        status, headers, answer = gateway.post("/v1/messages", body, {"x-api-key": "sk-plexus-demo"})
        assert (status, headers["x-plexus-provider"], headers["x-plexus-simulated"]) == (200, "demo", "true")
        assert b'"Hello"' in answer
        assert gateway.sample().rss < 200 << 20
