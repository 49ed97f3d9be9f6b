"""The servers of one run: simulated upstream, bare proxy, nginx and Plexus, each on a port of its own."""

import contextlib
import secrets
import shutil
from pathlib import Path
from typing import Self

from benchmarks import bodies
from benchmarks.processes import NotStarted, Server, cores, free_port, http, python

CLIENT_KEY = "sk-plexus-bench"
HEADERS = {"authorization": f"Bearer {CLIENT_KEY}", "anthropic-version": "2023-06-01"}
WITH_QUOTA = {**HEADERS, "authorization": f"Bearer {CLIENT_KEY}-quota"}

_NGINX = """
daemon off; master_process off; worker_processes 1; pid {room}/nginx.pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_max_body_size 16m; client_body_buffer_size 2m; keepalive_requests 1000000;
  client_body_temp_path {room}/body; proxy_temp_path {room}/proxy; fastcgi_temp_path {room}/fastcgi;
  uwsgi_temp_path {room}/uwsgi; scgi_temp_path {room}/scgi;
  upstream up {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }}
  }}
}}
"""

_PLEXUS = """
providers:
  chat-upstream:
    type: openai-compatible
    api_base_url: http://127.0.0.1:{upstream}/v1
    api_key: sk-upstream
    models: [bench-chat]
  messages-upstream:
    api_base_url: {{messages: http://127.0.0.1:{upstream}/v1}}
    api_key: sk-upstream
    models: [bench-messages]
models:
  to-chat: {{targets: [{{provider: chat-upstream, model: bench-chat}}]}}
  to-messages: {{targets: [{{provider: messages-upstream, model: bench-messages}}]}}
keys:
  bench: {{secret: {key}}}
  quota: {{secret: {key}-quota, quotas: [requests]}}
user_quotas:
  requests: {{type: rolling, duration: 1h, limit_type: requests, limit: 1000000000}}
"""


class Field:
    """Everything running for one measurement. Stops what it started, in reverse order, when left."""

    def __init__(self, room: Path, *, extra: str = "") -> None:
        self._room, self._extra = room, extra
        self._stack = contextlib.ExitStack()
        pair = cores()
        self.core: int | None = pair[0] if pair else None
        self.other_core: int | None = pair[1] if pair else None
        self.running: dict[str, Server] = {}
        self.missing: dict[str, str] = {}
        """Servers that could not be measured, and why."""

    def __enter__(self) -> Self:
        try:
            self._start("upstream", self.other_core)
        except BaseException:
            self._stack.close()  # leaving is not called when entering fails
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, name: str) -> None:
        """Start a server under test; one that cannot run is noted in `missing`."""
        if (
            name == "nginx"
            and shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/opt/homebrew/bin") is None
        ):
            self.missing[name] = "not installed"
            return
        try:
            self._start(name, self.core)
        except NotStarted as problem:
            self.missing[name] = str(problem)

    def started_again(self, name: str) -> float:
        """Seconds from start to the first answer of one more, short-lived copy of the server."""
        server = self._launch(name, self.core)
        try:
            server.answer(_probe(name))
            return server.ready - server.began
        finally:
            server.stop()

    def _start(self, name: str, core: int | None) -> None:
        server = self._launch(name, core)
        self._stack.callback(server.stop)
        server.answer(_probe(name))
        self.running[name] = server

    def _launch(self, name: str, core: int | None) -> Server:
        port = free_port()
        room = self._room / f"{name}-{port}"
        room.mkdir()
        upstream = self.running["upstream"].port if name != "upstream" else port
        env = {"ADMIN_KEY": secrets.token_urlsafe(32), "DATA_DIR": str(room), "LOG_LEVEL": "warning"}
        return Server(name, self._command(name, port, upstream, room), port, room / "log", core, env)

    def _command(self, name: str, port: int, upstream: int, room: Path) -> list[str]:
        if name == "upstream":
            return python("benchmarks.upstream", str(port))
        if name == "bare":
            return python("benchmarks.bare_proxy", str(port), f"http://127.0.0.1:{upstream}")
        if name == "nginx":
            config = room / "nginx.conf"
            config.write_text(_NGINX.format(room=room, port=port, upstream=upstream))
            found = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/opt/homebrew/bin")
            return [str(found), "-c", str(config), "-p", str(room)]
        config = room / "plexus.yaml"
        config.write_text(_PLEXUS.format(upstream=upstream, key=CLIENT_KEY) + self._extra)
        if name == "plain":
            return python("benchmarks.without_books", str(config), str(port))
        return python("plexus", "serve", "--config", str(config), "--host", "127.0.0.1", "--port", str(port))


def _probe(name: str) -> bytes:
    model = "to-chat" if name in {"plexus", "plain"} else "bench-chat"
    return http("/v1/chat/completions", bodies.chat_request(model), HEADERS)
