"""A BitTorrent tracker over HTTP (BEP 3, compact answers of BEP 23) for one torrent, which remembers everyone.

Run as a program, `tracker.py ADDRESS PORT`, it prints "ready" and then a line for each announcement:
"announce ADDRESS:PORT LEFT", where LEFT is 0 for a seed.
"""

import http.server
import ipaddress
import sys
import urllib.parse

from torrent import bencode

INTERVAL_S = 5  # clients that were told of few come back soon


class Tracker(http.server.BaseHTTPRequestHandler):
    """Answers one announcement: all others that are known."""

    peers = {}  # (address, port) -> compact form

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        address, port = self.client_address[0], int(query.get("port", ["0"])[0])
        compact = ipaddress.IPv4Address(address).packed + port.to_bytes(2, "big")
        others = [known for key, known in self.peers.items() if key != (address, port)]
        if query.get("event") == ["stopped"]:
            self.peers.pop((address, port), None)
        else:
            self.peers[address, port] = compact
        body = bencode({"interval": INTERVAL_S, "min interval": INTERVAL_S, "peers": b"".join(others)})
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        print(f"announce {address}:{port} {query.get('left', ['?'])[0]}", flush=True)

    def log_message(self, *_):
        """Nothing: announcements are told of above."""


def main():
    server = http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Tracker)
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
