"""A page in headless Chromium, driven through its debugging pipe: sizes, schemes, paper, console, scripts."""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
    "--remote-debugging-pipe",
)
PATIENCE_S = 60.0
PAPER = {"A4": (8.27, 11.69), "Letter": (8.5, 11.0)}
"""Width and height in inches."""


class Browser:
    """One page; ``complaints`` are the console's errors and warnings, uncaught exceptions and failed requests."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write, self._left, self._ids = read, write, b"", itertools.count(1)
        self._session: str | None = None
        self.complaints: list[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Calls ``method`` and waits for what it answers."""
        number = next(self._ids)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while (found := self._receive()).get("id") != number:
            self._note(found)
        if "error" in found:
            raise RuntimeError(f"{method}: {found['error']}")
        return found["result"]

    def open(self, page: Path, *, width: int, scheme: str = "light", media: str = "screen") -> None:
        """Shows ``page`` in a window of ``width`` CSS pixels."""
        self.resize(width, scheme=scheme, media=media)
        self.send("Page.navigate", url=page.resolve().as_uri())
        deadline = time.monotonic() + PATIENCE_S
        while self.run("document.readyState") != "complete":
            assert time.monotonic() < deadline, "the page does not load"
            time.sleep(0.05)

    def resize(self, width: int, *, scheme: str = "light", media: str = "screen") -> None:
        """Changes the window, the scheme of colours or the medium."""
        phone = width < 600
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=phone)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", media=media, features=features)

    def run(self, script: str) -> Any:
        """The value of an expression, which may be a promise."""
        found = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def pdf(self, paper: str) -> bytes:
        """The page on ``paper``, with the margins of its style sheet."""
        self.send("Emulation.setEmulatedMedia", media="print", features=[])
        width, height = PAPER[paper]
        size = {"paperWidth": width, "paperHeight": height, "preferCSSPageSize": True}
        margins = dict.fromkeys(("marginTop", "marginBottom", "marginLeft", "marginRight"), 13 / 25.4)
        return base64.b64decode(self.send("Page.printToPDF", printBackground=True, **size, **margins)["data"])

    def picture(self, *, whole: bool = True) -> bytes:
        """A PNG of the page, or of its first screen."""
        return base64.b64decode(self.send("Page.captureScreenshot", captureBeyondViewport=whole)["data"])

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            ready, _, _ = select.select([self._read], [], [], PATIENCE_S)
            assert ready, "Chromium does not answer"
            chunk = os.read(self._read, 2**20)
            assert chunk, "Chromium has ended"
            self._left += chunk
        message, self._left = self._left.split(b"\0", 1)
        return json.loads(message)

    def _note(self, message: dict[str, Any]) -> None:
        method, told = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append(str(told["exceptionDetails"].get("text")))
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.complaints.append(told["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning"):
            self.complaints.append(str(told["args"]))
        elif method == "Network.requestWillBeSent" and not told["request"]["url"].startswith(("file:", "data:")):
            self.complaints.append(f"asks for {told['request']['url']}")


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser with its files in ``folder``."""
    assert PROGRAM is not None
    (child_read, write), (read, child_write) = os.pipe(), os.pipe()

    def pipes() -> None:
        high = [os.dup(os.dup(os.dup(os.dup(fd)))) for fd in (child_read, child_write)]  # beyond 3 and 4
        os.dup2(high[0], 3)
        os.dup2(high[1], 4)

    process = subprocess.Popen(
        [PROGRAM, *SWITCHES, f"--user-data-dir={folder / 'profile'}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        close_fds=False,
        preexec_fn=pipes,
        env={**os.environ, "HOME": str(folder)},
    )
    os.close(child_read)
    os.close(child_write)
    try:
        yield Browser(read, write)
    finally:
        process.terminate()
        process.wait(30)
        os.close(read)
        os.close(write)
