"""The view takes a JSON body of 64 KiB. By hand: `locust -f scenarios/upload.py --host http://127.0.0.1:8000`."""

import hashlib
import json

from locust import task

from runners.load.user import BenchUser

SCENARIO = {
    "summary": "a JSON body of 64 KiB is sent, parsed, and answered with its digest",
    "paths": {"sync": "/upload/sync", "async": "/upload/async"},
    "users": 32,
}
ITEMS = 1024
HEADERS = {"Content-Type": "application/json"}
BODY = json.dumps(
    [f"item {number:04} of the body, padded to sixty bytes or so".ljust(60) for number in range(ITEMS)]
).encode()


class Upload(BenchUser):
    scenario = SCENARIO
    expected = json.dumps({"bytes": len(BODY), "sha256": hashlib.sha256(BODY).hexdigest(), "items": ITEMS}).encode()

    @task
    def send(self) -> None:
        self.request("POST", self.path, expect=self.expected, body=BODY, headers=HEADERS)
