"""HTTPS before the page: the proxy's own configuration with Debian's nginx, and whose word the page takes."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import SettingsFactory, until
from flask import Flask, jsonify, request

from appliance.station.listen import listening_socket
from appliance.station.network import page_address
from appliance.store import open_store
from appliance.web.app import create_app
from appliance.web.server import make_server

CONFIGURATION = Path(__file__).parents[2] / "systemd" / "focuscheck-tls.nginx.conf"
UNIT = Path(__file__).parents[2] / "systemd" / "focuscheck-tls.service"
FORGED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "Forwarded": "for=203.0.113.9;proto=https",
}


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def served(settings: Any) -> Iterator[tuple[Flask, int]]:
    """The page as it is served, with one address more that tells how a request looked to it."""
    app = create_app(settings)

    @app.get("/help/mirror")
    def mirror() -> Any:
        return jsonify(
            address=request.remote_addr, scheme=request.scheme, headers=sorted(request.headers.keys())
        )

    bound = listening_socket("127.0.0.1", 0)
    server = make_server(app, bound, settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield app, bound.getsockname()[1]
    finally:
        server.close()


def ask(connection: http.client.HTTPConnection, path: str, **headers: str) -> tuple[Any, str]:
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    return answer, answer.read().decode()


@pytest.mark.parametrize(
    ("behind_proxy", "seen"),
    [(False, ("127.0.0.1", "http")), (True, ("203.0.113.9", "https"))],
)
def test_the_page_believes_a_proxy_only_where_it_is_told_to(
    make_settings: SettingsFactory, behind_proxy: bool, seen: tuple[str, str]
) -> None:
    with served(make_settings(behind_proxy=behind_proxy)) as (_, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        answer, body = ask(connection, "/help/mirror", **FORGED)
        told = json.loads(body)
        assert (told["address"], told["scheme"]) == seen
        assert "Forwarded" not in told["headers"]
        answer, _ = ask(connection, "/pair", **FORGED)
        assert ("Secure" in str(answer.getheader("Set-Cookie"))) == behind_proxy
        connection.close()


def test_the_station_shows_the_proxy_s_address_where_there_is_one(make_settings: SettingsFactory) -> None:
    assert page_address(make_settings(host="192.0.2.7")) == "http://192.0.2.7:8080"
    behind = page_address(make_settings(host="127.0.0.1", behind_proxy=True))
    assert behind.startswith("https://")
    (listens,) = re.findall(r"listen (\d+) ssl;", CONFIGURATION.read_text())
    assert behind.endswith(f":{listens}")
    named = make_settings(behind_proxy=True, public_url="https://bench.example")
    assert page_address(named) == "https://bench.example"


@pytest.fixture
def nginx() -> str:
    found = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if found is None or shutil.which("openssl") is None:
        pytest.skip("Debian's packages nginx and openssl are not installed")
    return found


@contextmanager
def proxy(nginx: str, folder: Path, page_port: int) -> Iterator[tuple[int, Path]]:
    """The unit's own command for a certificate and its own configuration, in a folder instead of the system's."""
    (make,) = re.findall(r"^ExecStartPre=/bin/sh -c '(.*)'$", UNIT.read_text(), re.M)
    subprocess.run(["sh", "-c", make.replace("%H", "localhost")], cwd=folder, check=True, capture_output=True)
    port = free_port()
    text = CONFIGURATION.read_text()
    for real, here in (
        ("/run/focuscheck-tls", str(folder)),
        ("/var/lib/focuscheck-tls", str(folder)),
        ("127.0.0.1:8080", f"127.0.0.1:{page_port}"),
        ("listen 8443", f"listen 127.0.0.1:{port}"),
    ):
        assert real in text
        text = text.replace(real, here)
    (folder / "nginx.conf").write_text(text)
    process = subprocess.Popen(
        [nginx, "-e", "stderr", "-c", str(folder / "nginx.conf")], stderr=subprocess.PIPE
    )
    try:
        until(lambda: process.poll() is not None or not socket.socket().connect_ex(("127.0.0.1", port)))
        assert process.poll() is None, process.stderr and process.stderr.read()
        yield port, folder / "cert.pem"
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_the_proxy_speaks_https_and_hands_on_nothing_that_a_client_says_of_itself(
    make_settings: SettingsFactory, tmp_path: Path, nginx: str
) -> None:
    settings = make_settings(behind_proxy=True)
    open_store(settings.data_dir).close()
    with served(settings) as (_, page_port), proxy(nginx, tmp_path, page_port) as (port, certificate):
        trust = ssl.create_default_context(cafile=str(certificate))
        connection = http.client.HTTPSConnection("localhost", port, context=trust, timeout=20)
        _, body = ask(connection, "/help/mirror", **FORGED)
        told = json.loads(body)
        assert (told["address"], told["scheme"]) == ("127.0.0.1", "https")
        answer, page = ask(connection, "/pair")
        assert "Secure" in str(answer.getheader("Set-Cookie"))
        assert answer.getheader("Server") in (None, "nginx")  # no version
        token = re.search(r'name="token" value="([^"]+)"', page)
        cookie = re.search(r"focuscheck_token=[^;]+", str(answer.getheader("Set-Cookie")))
        assert token is not None and cookie is not None  # noqa: PT018
        form = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie[0]}
        for origin, status in ((f"https://localhost:{port}", 303), (f"https://evil.example:{port}", 403)):
            connection.request(
                "POST", "/settings/units", f"units=inch&token={token[1]}", {**form, "Origin": origin}
            )
            got = connection.getresponse()
            got.read()
            assert got.status == status
        answer, _ = ask(connection, "/", Host="evil.example")
        assert answer.status == 421
        connection.close()
        old = ssl.create_default_context(cafile=str(certificate))
        with pytest.warns(DeprecationWarning, match="TLS"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)):
            http.client.HTTPSConnection("localhost", port, context=old, timeout=20).request("GET", "/")
