"""Starts a heddle node of a test's own, on free ports and with a ledger that goes with it.

HEDDLE names the binary; HEDDLE_BLOCK_PRODUCTION says when it makes blocks.
"""

import json
import os
import signal
import subprocess
import tempfile

STOP_SECONDS_MAX = 30


class Node:
    """A running node; `with Node() as node:` stops it and expects that it ends well."""

    def __init__(self, *arguments: str) -> None:
        self._ledger = tempfile.TemporaryDirectory(prefix="heddle-e2e-")
        production = os.environ.get("HEDDLE_BLOCK_PRODUCTION", "slots")
        names = ["--ledger", self._ledger.name, "--rpc-port", "0", "--block-production", production, "--quiet", "--json"]
        command = [os.environ.get("HEDDLE", "heddle"), "node", *names, *arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        facts = json.loads(self._process.stdout.readline())
        self.url: str = facts["rpc"]
        self.websocket_url: str = facts["websocket"]
        self.identity: str = facts["identity"]
        self.genesis_hash: str = facts["genesis_hash"]

    def __enter__(self) -> "Node":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        try:
            status = self._process.wait(STOP_SECONDS_MAX)
        finally:
            self._process.kill()
            self._process.stdout.close()
            self._ledger.cleanup()
        if status != 0:
            raise RuntimeError(f"the node ended with {status}")
