"""oss2, the official Python SDK of the first generation, by both signature versions."""

import oss2
from meeting import BUCKET, ENDPOINT, KEY_ID, REGION, SECRET, meet


class Oss2:
    def __init__(self, make_auth):
        self.make_auth = make_auth
        self.bucket = self.connect(SECRET)

    def connect(self, secret):
        return oss2.Bucket(self.make_auth(KEY_ID, secret), ENDPOINT, BUCKET, region=REGION)

    def put(self, key, body, metadata):
        headers = {f"x-oss-meta-{name}": value for name, value in metadata.items()}
        self.bucket.put_object(key, body, headers={**headers, "Content-Type": "text/plain"})

    def multipart(self, key, parts):
        upload = self.bucket.init_multipart_upload(key).upload_id
        done = []
        for number, body in parts:
            result = self.bucket.upload_part(key, upload, number, body)
            done.append(oss2.models.PartInfo(number, result.etag, size=len(body), part_crc=result.crc))
        assert len(self.bucket.list_parts(key, upload).parts) == len(done)
        self.bucket.complete_multipart_upload(key, upload, done)

    def get(self, key):
        return self.bucket.get_object(key).read()

    def get_range(self, key, first, last):
        return self.bucket.get_object(key, byte_range=(first, last), headers={"x-oss-range-behavior": "standard"}).read()

    def metadata(self, key):
        return self.bucket.head_object(key).headers["x-oss-meta-client"]

    def list(self, prefix):
        return [item.key for item in oss2.ObjectIteratorV2(self.bucket, prefix=prefix, max_keys=3)]

    def delete(self, key):
        self.bucket.batch_delete_objects([key])

    def presign(self, method, key):
        headers = {"Content-Type": "text/plain"} if method == "PUT" else {}
        return self.bucket.sign_url(method, key, 600, headers=headers, slash_safe=True), headers

    def error_of_get(self, key):
        return error_of(lambda: self.get(key))

    def error_of_wrong_secret(self):
        return error_of(lambda: self.connect("wrong").get_object("ours/small.txt"))


def error_of(call):
    try:
        call()
    except oss2.exceptions.ServerError as error:
        return error.status, error.code
    return None


meet("oss2", Oss2(oss2.AuthV4))
meet("oss2-by-v1", Oss2(oss2.Auth))
