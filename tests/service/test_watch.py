"""An error that nobody foresaw shows nobody anything."""

from __future__ import annotations

import json
import logging

from service import Service, load_serving


def test_an_unforeseen_error_is_a_bare_500_and_a_place_in_the_log(folder, start_served, caplog, case):
    class Broken:
        """A scorer that fails with a value in its message."""

        spec = load_serving(folder).spec
        sha256 = "0"

        def decide(self, features, **_):
            raise RuntimeError(f"secret-4711 {features}")

    service = Service(load_serving(folder))
    object.__setattr__(service.serving, "scorer", Broken())
    with start_served(service) as client, caplog.at_level(logging.DEBUG):
        status, body = client.post("/v1/decisions", {"features": case})
        assert client.get("/health")[0] == 200
        counted = client.counted("bamboo_requests_total")

    assert (status, json.loads(body)["code"]) == (500, "unforeseen")
    assert b"secret" not in body
    assert b"RuntimeError" not in body
    assert counted['{route="/v1/decisions",status="500"}'] == 1
    assert "unforeseen RuntimeError at test_watch.py" in caplog.text
    assert "secret" not in caplog.text


def test_answers_are_not_kept_by_caches(client, case):
    _, _, headers = client.ask("POST", "/v1/decisions", json.dumps({"features": case}), content_type="application/json")
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")
    assert "server" not in headers
