"""A model server in miniature, as the demo starts it: it answers on the ports given until its input ends."""

import http.server
import os
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"# TYPE vllm:up gauge\nvllm:up 1\n")

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    if "fail" in sys.argv:
        sys.exit("no weights")
    sys.stderr.write("preparing the model\n")
    for port in sys.argv[1:]:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    while os.read(0, 4096):
        pass


if __name__ == "__main__":
    main()
