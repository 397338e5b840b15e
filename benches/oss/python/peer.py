"""The official Python SDK, as it is by default: CRC-64 on, signature version 4.

How it is asked: see ../src/peer/mod.rs.
"""

import concurrent.futures
import io
import json
import os
import sys
import time

import alibabacloud_oss_v2 as oss

NAME = "python"
BLOCK, SMALL = 1 << 20, 4096
SETUP = json.loads(os.environ["BENCH_SETUP"])
BUCKET = SETUP["bucket"]


def make_block():
    state, out = 0x9E3779B97F4A7C15, bytearray()
    while len(out) < BLOCK:
        state ^= state << 13 & 0xFFFFFFFFFFFFFFFF
        state ^= state >> 7
        state ^= state << 17 & 0xFFFFFFFFFFFFFFFF
        out += state.to_bytes(8, "little")
    return bytes(out)


BLOCK_BYTES = make_block()
SMALL_BYTES = BLOCK_BYTES[:SMALL]


class Repeated(io.RawIOBase):
    """The block, again and again."""

    def __init__(self, size):
        super().__init__()
        self.at, self.size = 0, size

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self.at

    def seek(self, offset, whence=io.SEEK_SET):
        self.at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence]
        return self.at

    def read(self, count=-1):
        left = self.size - self.at
        count = left if count is None or count < 0 else min(count, left)
        pieces = []
        while count:
            start = self.at % BLOCK
            piece = BLOCK_BYTES[start : start + count]
            pieces.append(piece)
            self.at += len(piece)
            count -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def connect():
    config = oss.config.load_default()
    config.credentials_provider = oss.credentials.StaticCredentialsProvider(
        SETUP["access_key_id"], SETUP["access_key_secret"]
    )
    config.region, config.endpoint = SETUP["region"], SETUP["endpoint"]
    return oss.Client(config)


CLIENT = connect()


def small_put(number):
    CLIENT.put_object(oss.PutObjectRequest(BUCKET, f"small-of-{NAME}/{number % 100:02}", body=SMALL_BYTES))


def get(key):
    body = CLIENT.get_object(oss.GetObjectRequest(BUCKET, key)).body
    return sum(len(piece) for piece in body.iter_bytes(block_size=256 * 1024))


def small_get(_):
    expect(get("small/00000000"), SMALL)


def expect(found, wanted):
    assert found == wanted, f"{found} came, and not {wanted}"


def at_once(work):
    with concurrent.futures.ThreadPoolExecutor(SETUP["at_once"]) as pool:
        list(pool.map(work, range(SETUP["many_count"])))


def work(job):
    large = SETUP["large"]
    if job == "put":
        CLIENT.put_object(oss.PutObjectRequest(BUCKET, "large", body=Repeated(large)))
    elif job == "multipart":
        uploader = CLIENT.uploader(part_size=SETUP["part"], parallel_num=SETUP["concurrency"])
        uploader.upload_from(oss.PutObjectRequest(BUCKET, "large"), Repeated(large))
    elif job == "get":
        expect(get("large"), large)
    elif job == "small-put":
        for number in range(SETUP["small_count"]):
            small_put(number)
    elif job == "small-get":
        for number in range(SETUP["small_count"]):
            small_get(number)
    elif job == "many-put":
        at_once(small_put)
    elif job == "many-get":
        at_once(small_get)
    elif job == "list":
        pages = CLIENT.list_objects_v2_paginator(limit=1000)
        request = oss.ListObjectsV2Request(BUCKET, prefix="listed/")
        expect(sum(len(page.contents or []) for page in pages.iter_page(request)), SETUP["listed"])
    elif job == "delete":
        keys = [f"deleted/{NAME}/{number:08}" for number in range(SETUP["deleted"])]
        for start in range(0, len(keys), 1000):
            objects = [oss.DeleteObject(key=key) for key in keys[start : start + 1000]]
            CLIENT.delete_multiple_objects(oss.DeleteMultipleObjectsRequest(BUCKET, objects=objects))
    else:
        raise ValueError(f"no such job: {job}")


print("ready", flush=True)
for _line in sys.stdin:
    started, cpu = time.perf_counter(), time.process_time()
    work(sys.argv[1])
    answer = {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - cpu}
    print(json.dumps(answer), flush=True)
