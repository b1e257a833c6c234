"""The process: `bamboo serve` swaps bundles under load, and ends without cutting a request short."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from scoring import Scorer
from service import load_serving, serve
from service.errors import ListenError

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def until(condition, seconds=20.0):
    last = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < last, "it did not come to pass"
        time.sleep(0.01)


def point_to(link, folder):
    """Let a path lead elsewhere from one moment to the next."""
    aside = link.with_name("aside")
    aside.symlink_to(folder, target_is_directory=True)
    aside.replace(link)


def bundle_of(client):
    return json.loads(client.get("/ready")[1])["bundle"]


@pytest.fixture
def link(tmp_path, folder):
    """A path that leads to the bundle, and can be made to lead to another."""
    point_to(tmp_path / "current", folder)
    return tmp_path / "current"


@pytest.fixture
def both(folder, other_folder):
    """Two bundles by the names under which decisions record them."""
    return {Scorer.load(path).sha256: path for path in (folder, other_folder)}


@pytest.fixture
def altered(folder, tmp_path):
    """A copy of the bundle in which one byte differs."""
    shutil.copytree(folder, tmp_path / "altered")
    text = (folder / "bundle.json").read_bytes()
    (tmp_path / "altered" / "bundle.json").write_bytes(text.replace(b'"tested"', b'"tasted"'))
    return tmp_path / "altered"


def test_under_swaps_every_answer_is_wholly_of_the_bundle_it_names(bamboo_serve, new_client, link, both, cases):
    wanted = {name: [Scorer.load(path).decide(case).to_json() for case in cases[:40]] for name, path in both.items()}
    process, client = bamboo_serve("--bundle", link)
    done = threading.Event()

    def ask(_):
        found = []
        with new_client(f"http://{client.host}:{client.port}") as mine:
            while not done.is_set() or not found:
                found += [(place, *mine.post("/v1/decisions", {"features": cases[place]})) for place in range(40)]
        return found

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(ask, each) for each in range(4)]
        try:
            for name in [*reversed(both)] * 3:
                point_to(link, both[name])
                process.send_signal(signal.SIGHUP)
                until(lambda wanted=name: bundle_of(client) == wanted)
        finally:
            done.set()
        found = [each for one in running for each in one.result()]
    assert {status for _, status, _ in found} == {200}
    bundles = [json.loads(body)["bundle"] for _, _, body in found]
    assert set(bundles) == wanted.keys()
    assert all(body.decode() == wanted[bundle][place] for bundle, (place, _, body) in zip(bundles, found, strict=True))
    assert client.counted("bamboo_reloads_total") == {'{result="ok"}': 6, '{result="failed"}': 0}


def test_a_bundle_that_is_refused_leaves_the_old_one_in_use(bamboo_serve, link, altered, case, scorer):
    process, client = bamboo_serve("--bundle", link)
    point_to(link, altered)
    process.send_signal(signal.SIGHUP)
    until(lambda: client.counted("bamboo_reloads_total")['{result="failed"}'] == 1)
    status, body = client.post("/v1/decisions", {"features": case})
    assert (status, body.decode()) == (200, scorer.decide(case).to_json())

    link.unlink()
    process.send_signal(signal.SIGHUP)
    until(lambda: client.counted("bamboo_reloads_total")['{result="failed"}'] == 2)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=20)
    assert f"reload failed, bundle {scorer.sha256} stays: AlteredBundleError" in told
    assert (process.returncode, "Traceback" in told) == (0, False)


def test_a_compiled_service_says_so_and_answers_the_same_after_a_swap_too(bamboo_serve, link, both, case):
    process, client = bamboo_serve("--bundle", link, "--accelerate")
    assert client.facts["accelerated"] is True
    for name, folder in both.items():
        point_to(link, folder)
        process.send_signal(signal.SIGHUP)
        until(lambda wanted=name: bundle_of(client) == wanted)
        _, body = client.post("/v1/decisions", {"features": case})
        assert body.decode() == Scorer.load(folder).decide(case).to_json()


def test_nothing_is_compiled_unless_it_is_asked_for(bamboo_serve, folder):
    assert bamboo_serve("--bundle", folder)[1].facts["accelerated"] is False
    assert load_serving(folder, accelerate=True).scorer.accelerated


def test_a_request_in_flight_is_answered_after_sigterm(bamboo_serve, folder, case, scorer):
    process, client = bamboo_serve("--bundle", folder, "--drain", 1)
    body = json.dumps({"features": case}).encode()
    head = "POST /v1/decisions HTTP/1.1\r\nHost: it\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    assert client.get("/ready")[0] == 200
    with socket.create_connection((client.host, client.port), timeout=20) as sent:
        sent.sendall(head.encode() + body[:20])
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        until(lambda: client.get("/ready")[0] == 503)
        assert json.loads(client.get("/ready")[1])["ready"] is False
        assert client.post("/v1/decisions", {"features": case})[0] == 200
        until(lambda: refused(client))
        sent.sendall(body[20:])
        answer = b"".join(iter(lambda: sent.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(scorer.decide(case).to_json().encode())
    assert process.wait(20) == 0


def refused(client):
    try:
        socket.create_connection((client.host, client.port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_sixteen_threads_get_the_bits_of_one(client, new_client, scorer, cases):
    wanted = [scorer.decide(case, case_id=f"c-{place}").to_json() for place, case in enumerate(cases)]

    def ask(_):
        asked = [{"case_id": f"c-{place}", "features": case} for place, case in enumerate(cases)]
        with new_client(f"http://{client.host}:{client.port}") as mine:
            alone = [mine.post("/v1/decisions", each)[1].decode() for each in asked[:30]]
            return alone, mine.post("/v1/decisions", {"cases": asked})[1].decode()

    with ThreadPoolExecutor(16) as pool:
        for alone, together in pool.map(ask, range(16)):
            assert alone == wanted[:30]
            assert together == f'{{"decisions": [{", ".join(wanted)}]}}'


def test_a_connection_is_kept_for_longer_than_a_client_pauses(client, new_client):
    """Where the server closes it first, a client or load balancer that asks again meets a broken pipe."""
    with new_client(f"http://{client.host}:{client.port}") as other:
        assert other.get("/health")[0] == 200
        time.sleep(6)
        assert other.get("/health")[0] == 200


def test_a_bundle_that_cannot_be_trusted_is_not_served(folder, altered, tmp_path):
    key = tmp_path / "key"
    key.write_bytes(b"k" * 32)
    for words in (("--bundle", altered), ("--bundle", folder, "--public-key", key)):
        command = [str(Path(sys.executable).with_name("bamboo")), "serve", "--port", "0", *map(str, words)]
        found = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert (found.returncode, found.stdout, found.stderr.startswith("error: ")) == (1, "", True)


def test_a_port_that_is_taken_or_a_host_of_another_machine_is_told_with_the_way_out(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for host, port, why in (
            ("127.0.0.1", taken.getsockname()[1], "Address already in use"),
            ("nohost.invalid", 0, r"[Nn]ame|[Tt]emporary"),
            ("203.0.113.7", 0, "Cannot assign requested address"),
        ):
            with pytest.raises(ListenError, match=rf"port {port} of '{host}': .*({why}).*\. Give another port, or 0"):
                serve(lambda: load_serving(folder), host=host, port=port)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])  # noqa: S104 - what it is asked to listen on
def test_a_name_listens_where_most_clients_ask(bamboo_serve, folder, host):
    _, client = bamboo_serve("--bundle", folder, "--host", host)
    with closing(http.client.HTTPConnection("127.0.0.1", client.port, timeout=10)) as connection:
        connection.request("GET", "/health")
        assert connection.getresponse().status == 200


def test_logs_hold_no_value(bamboo_serve, folder, case):
    process, client = bamboo_serve("--bundle", folder, "--drain", 0)
    for content in (
        {"features": {**case, "region": "secret-4711"}},
        {"features": {**case, "income": "secret-4711"}},
        {"case_id": "secret-4711\u0000", "features": case},
        b"secret-4711",
    ):
        client.post("/v1/decisions", content)
    client.get("/secret-4711?secret-4711")
    client.connection.close()
    process.send_signal(signal.SIGTERM)
    out, told = process.communicate(timeout=20)
    assert "Started server process" in told
    assert "secret" not in out + told


def test_the_client_in_the_readme_decides_and_tells_what_is_wrong(client, case, scorer):
    (block,) = [each for each in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "class Bamboo" in each]
    names = {}
    exec(block, names)  # noqa: S102 - the README's own code
    assert len(block.strip().splitlines()) <= 20
    bamboo = names["Bamboo"](f"http://{client.host}:{client.port}")
    assert bamboo.decide(case, case_id="c") == scorer.decide(case, case_id="c").to_dict()
    with pytest.raises(ValueError, match="age == 'x', must be a number"):
        bamboo.decide({**case, "age": "x"})


def test_the_package_serves_without_the_platforms_packages(folder, tmp_path):
    blocked = ("typer", "rich", "numba", "pandas", "lightgbm", "mlflow", "sklearn", "yaml", "jinja2")
    code = f"import sys\nsys.modules.update(dict.fromkeys({blocked}))\n"
    code += "from service import load_serving, serve\n"
    code += f"serve(lambda: load_serving({str(folder)!r}), port=0, started=lambda at, _: print(at, flush=True))"
    environment = {**os.environ, "PYTHONPATH": ""}
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout.readline().startswith("http://127.0.0.1:")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 0
