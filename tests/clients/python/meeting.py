"""What every client writes and reads; see ../run."""

import os
import urllib.error
import urllib.request

BUCKET = os.environ["OSS_BUCKET"]
ENDPOINT = os.environ["OSS_ENDPOINT"]
REGION = os.environ["OSS_REGION"]
KEY_ID = os.environ["OSS_ACCESS_KEY_ID"]
SECRET = os.environ["OSS_ACCESS_KEY_SECRET"]

SMALL, SPECIAL = "small.txt", "dir/a b+c&日本.txt"
MULTIPART, PRESIGNED, DELETED = "multipart.bin", "presigned.txt", "deleted.txt"
PARTS = [100 * 1024, 100 * 1024, 12345]
PATTERN = bytes((i * 7 + (i >> 8)) & 255 for i in range(sum(PARTS)))


def text(name):
    return f"written by {name}\n".encode()


def parts():
    """Numbers and bytes of the parts of PATTERN."""
    start = 0
    for number, size in enumerate(PARTS, 1):
        yield number, PATTERN[start : start + size]
        start += size


def same(what, found, wanted):
    assert found == wanted, f"{what}: found {found!r:.300}, wanted {wanted!r:.300}"


def refused(what, call, code):
    """A call of an OpenAPI product that must fail with this code."""
    try:
        call()
    except Exception as error:
        same(what, getattr(error, "code", error), code)
    else:
        raise AssertionError(f"{what}: not refused")


def fetch(method, url, headers, data=None):
    """Uses a presigned URL without any SDK."""
    request = urllib.request.Request(url, method=method, headers=dict(headers), data=data)
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def meet(name, client):
    """Drives a client, an object with the methods used here, through everything."""
    for rest in [SMALL, SPECIAL, DELETED]:
        client.put(f"{name}/{rest}", text(name), {"client": name})
    client.multipart(f"{name}/{MULTIPART}", parts())
    url, headers = client.presign("PUT", f"{name}/{PRESIGNED}")
    fetch("PUT", url, headers, text(name))
    client.delete(f"{name}/{DELETED}")

    for writer in [name, "ours"]:
        for rest in [SMALL, SPECIAL]:
            same(rest, client.get(f"{writer}/{rest}"), text(writer))
        same(MULTIPART, client.get(f"{writer}/{MULTIPART}"), PATTERN)
        same("a range", client.get_range(f"{writer}/{MULTIPART}", 102390, 102419), PATTERN[102390:102420])
        url, headers = client.presign("GET", f"{writer}/{SPECIAL}")
        same("a presigned URL", fetch("GET", url, headers), text(writer))
        same("metadata", client.metadata(f"{writer}/{SMALL}"), writer)
    wanted = [f"{name}/{rest}" for rest in [SPECIAL, MULTIPART, PRESIGNED, SMALL]]
    same("the listing", client.list(f"{name}/"), wanted)
    same("the error of a missing key", client.error_of_get(f"{name}/{DELETED}"), (404, "NoSuchKey"))
    same("the error of a wrong key", client.error_of_wrong_secret(), (403, "SignatureDoesNotMatch"))
    with open(os.environ["CLIENTS_DONE"], "a", encoding="utf-8") as done:
        done.write(f"{name}\n")
