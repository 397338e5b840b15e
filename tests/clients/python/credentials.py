"""The default chain of the official library, against the table that ours is held to as well.

credentials.py TABLE runs every row, each in a process and a home of its own.
"""

import http.server
import json
import os
import pathlib
import sys
import tempfile
import threading


# What the library uses, read once for all rows. The library itself reads the environment when it is
# imported, so each row imports it anew.
import aiofiles  # noqa: F401
import apscheduler.schedulers.background  # noqa: F401
import Tea.core  # noqa: F401


def find():
    from alibabacloud_credentials.provider import DefaultCredentialsProvider

    try:
        found = DefaultCredentialsProvider().get_credentials()
    except Exception:
        return None
    outcome = found.get_access_key_id()
    if found.get_access_key_secret() != "secret-of-" + outcome:
        outcome += " with another's secret"
    if found.get_security_token():
        outcome += "+" + found.get_security_token()
    return outcome


def find_in(environment):
    """In a process of its own."""
    result, pipe = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(result)
            # The library tells its troubles there, too; the outcome is what counts.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            os.environ.clear()
            os.environ.update(environment)
            os.write(pipe, json.dumps(find()).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(pipe)
    with os.fdopen(result) as found:
        text = found.read()
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise SystemExit("the library cannot be loaded")
    return json.loads(text)


def serve(response):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(response).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/credentials"


def run(row):
    uri = serve(row["uri"]) if "uri" in row else ""
    with tempfile.TemporaryDirectory() as home:
        def place(text):
            return text.replace("${HOME}", home).replace("${URI}", uri)

        for name, content in row.get("files", {}).items():
            path = pathlib.Path(home, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(place(content if isinstance(content, str) else json.dumps(content)))
            path.chmod(int(row.get("modes", {}).get(name, "600"), 8))
        # No row asks the network.
        environment = {
            "HOME": home,
            "PATH": os.environ["PATH"],
            "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
        }
        for name, value in row.get("environment", {}).items():
            environment[name] = place(value)
        return find_in(environment)


rows = json.loads(pathlib.Path(sys.argv[1]).read_text())
wrong = 0
for row in rows:
    found = run(row)
    if found != row["python"]:
        wrong += 1
        print(f"python credentials: {row['name']}: found {found}, the table says {row['python']}")
print(f"python credentials: {len(rows)} rows, {wrong} differ")
sys.exit(wrong != 0)
