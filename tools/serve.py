"""Serve the built book to this machine only, and open it in the reader's browser."""

import functools
import http.server
import webbrowser
from pathlib import Path

HTML = Path(__file__).resolve().parent.parent / "_build" / "html"


def main():
    """Serve until interrupted with Ctrl+C."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=HTML)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}/index.html"
        print(f"The book is at {address} (stop with Ctrl+C)", flush=True)
        webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("stopped")


if __name__ == "__main__":
    main()
