"""A chain endpoint on loopback that answers with nonsense, for scripts/fuzz-cli."""

import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STATUS = {
    "node_info": {"network": "fuzz-1", "version": "0.38.0", "protocol_version": {"p2p": "8", "block": "11", "app": "0"},
                  "id": "0" * 40, "listen_addr": "x", "channels": "40", "moniker": "m", "other": {"tx_index": "on", "rpc_address": "x"}},
    "sync_info": {"latest_block_hash": "A" * 64, "latest_app_hash": "A" * 64, "latest_block_height": "5",
                  "latest_block_time": "2026-01-01T00:00:00Z", "catching_up": False},
    "validator_info": {"address": "A" * 40, "pub_key": {"type": "tendermint/PubKeyEd25519", "value": "A" * 43 + "="}, "voting_power": "1"},
}


class Endpoint:
    """Listens while it is entered; each answer is drawn."""

    def __init__(self, seed):
        rng = random.Random(f"endpoint/{seed}")
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                asked = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 1 << 20))
                try:
                    request = json.loads(asked)
                except ValueError:
                    request = {}
                with lock:
                    kind = rng.choice(["status", "status", "error", "null", "text", "huge", "drop", "slow", "deep"])
                if kind == "drop":
                    self.close_connection = True
                    return
                if kind == "slow":
                    time.sleep(0.5)
                result = STATUS if request.get("method") == "status" else {"response": {"code": 5, "log": "\x1b[31mno", "value": None}}
                body = {
                    "status": {"result": result}, "slow": {"result": result}, "null": {"result": None},
                    "error": {"error": {"code": -32603, "message": "\x1b]0;x\x07bad", "data": "x" * 300}},
                    "deep": {"result": json.loads("[" * 400 + "]" * 400)},
                }.get(kind)
                payload = b"x" * (3 << 20) if kind == "huge" else b"<html>" if body is None else json.dumps(
                    {"jsonrpc": "2.0", "id": request.get("id"), **body}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
