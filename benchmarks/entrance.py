"""The doors of a server for a class, as browsers go through them."""

import re
import time
from http.client import HTTPConnection
from urllib.parse import urlencode

from benchmarks.server import Server

LOGIN_COOKIE = "cnnviz_login"
PIN, TEACHER_PIN = "470915", "470915xy"


class Entrance:
    """The doors of a server for a class: logs in the teacher and students."""

    def __init__(self, server: Server) -> None:
        self._server = server
        link = None
        while not (link := re.search(r"/door/teacher#(\S+)", (server.folder / "server.log").read_text())):
            time.sleep(0.1)
        form = {"token": link[1], "name": "The teacher", "pin": TEACHER_PIN, "pin_again": TEACHER_PIN}
        self.teacher = self._enter("/door/teacher", form)
        (self._code,) = re.findall(r'class="code">([A-Z0-9-]+)<', self._request("GET", "/door", self.teacher)[1])

    def log_in(self, name: str) -> str:
        """Returns the value of the login cookie of a new student."""
        return self._enter("/door/login", {"code": self._code, "name": name, "pin": PIN, "pin_again": PIN})

    def _enter(self, path: str, form: dict[str, str]) -> str:
        cookie, text = self._request("POST", path, body=urlencode(form))
        match = re.match(rf"{LOGIN_COOKIE}=([^;]+)", cookie)
        if not match:
            raise RuntimeError(f"{path} lets nobody in: {text[:500]}")
        return match[1]

    def _request(self, method: str, path: str, login: str = "", body: str = "") -> tuple[str, str]:
        connection = HTTPConnection("127.0.0.1", self._server.port, timeout=60)
        headers = {"Origin": self._server.address, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, body, headers | ({"Cookie": f"{LOGIN_COOKIE}={login}"} if login else {}))
        answer = connection.getresponse()
        return answer.getheader("set-cookie") or "", answer.read().decode()
