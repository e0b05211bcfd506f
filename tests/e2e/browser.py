"""A headless Chromium over its debugging pipe: pages as people see them.

`page(path, width, scheme)` opens a file and gives what it came to: the answer
of a script that measures it, every request that it made, and what the console
said. Nothing is sent but over two pipes, so no port is needed.
"""

import itertools
import json
import os
import select
import shutil
import subprocess
import time


class Browser:
    """Chromium, or an error that says why there is none."""

    NAMES = ("chromium", "chromium-browser", "google-chrome")

    @classmethod
    def find(cls):
        return next(filter(None, map(shutil.which, cls.NAMES)), None)

    def __init__(self, directory):
        to_read, self.to_write = os.pipe()
        self.to_read, to_write = os.pipe()
        self.process = subprocess.Popen(
            ["sh", "-c", f'exec "$0" "$@" 3<&{to_read} 4>&{to_write}',
             self.find(), "--headless=new", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--disable-background-networking",
             "--no-first-run", "--remote-debugging-pipe",
             f"--user-data-dir={directory}", "about:blank"],
            pass_fds=(to_read, to_write), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(directory)})
        os.close(to_read)
        os.close(to_write)
        self.numbers = itertools.count(1)
        self.rest = b""
        self.events = []
        self.session = None
        pages = [target for target in self.ask("Target.getTargets")
                 ["targetInfos"] if target["type"] == "page"]
        self.session = self.ask("Target.attachToTarget", {
            "targetId": pages[0]["targetId"], "flatten": True})["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.ask(domain + ".enable")

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.to_write)
        os.close(self.to_read)

    def message(self, until):
        while b"\0" not in self.rest:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.to_read], [], [], left)[0]:
                raise TimeoutError("the browser says nothing")
            data = os.read(self.to_read, 1 << 16)
            if not data:
                raise EOFError("the browser is gone")
            self.rest += data
        line, self.rest = self.rest.split(b"\0", 1)
        return json.loads(line)

    def ask(self, method, parameters=None):
        number = next(self.numbers)
        request = {"id": number, "method": method, "params": parameters or {}}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.to_write, json.dumps(request).encode() + b"\0")
        until = time.monotonic() + 60
        while True:
            message = self.message(until)
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def wait_for(self, method):
        until = time.monotonic() + 60
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.message(until))

    def page(self, path, width, scheme, script, medium=""):
        """Opens a file; the value of the script, the URLs of all requests,
        and all that the console said."""
        self.ask("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": 900, "deviceScaleFactor": 1,
            "mobile": False})
        self.ask("Emulation.setEmulatedMedia", {
            "media": medium, "features": [
                {"name": "prefers-color-scheme", "value": scheme}]})
        self.events = []
        self.ask("Page.navigate", {"url": f"file://{path}"})
        self.wait_for("Page.loadEventFired")
        answer = self.ask("Runtime.evaluate", {
            "expression": script, "returnByValue": True})
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        requests = [event["params"]["request"]["url"] for event in self.events
                    if event.get("method") == "Network.requestWillBeSent"]
        said = [event["params"] for event in self.events if event.get("method")
                in ("Log.entryAdded", "Runtime.consoleAPICalled",
                    "Runtime.exceptionThrown")]
        return answer["result"]["value"], requests, said
