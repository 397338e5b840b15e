"""alibabacloud-oss-v2, the official Python SDK, by both signature versions."""

import alibabacloud_oss_v2 as oss
from meeting import BUCKET, ENDPOINT, KEY_ID, REGION, SECRET, meet


def connect(version, secret=SECRET):
    config = oss.config.load_default()
    config.credentials_provider = oss.credentials.StaticCredentialsProvider(KEY_ID, secret)
    config.region = REGION
    config.endpoint = ENDPOINT
    config.signature_version = version
    return oss.Client(config)


class V2:
    def __init__(self, version):
        self.version = version
        self.client = connect(version)

    def put(self, key, body, metadata):
        self.client.put_object(oss.PutObjectRequest(BUCKET, key, body=body, metadata=metadata, content_type="text/plain"))

    def multipart(self, key, parts):
        upload = self.client.initiate_multipart_upload(oss.InitiateMultipartUploadRequest(BUCKET, key)).upload_id
        done = []
        for number, body in parts:
            result = self.client.upload_part(oss.UploadPartRequest(BUCKET, key, number, upload, body=body))
            done.append(oss.UploadPart(part_number=number, etag=result.etag))
        listed = self.client.list_parts(oss.ListPartsRequest(BUCKET, key, upload))
        assert [part.part_number for part in listed.parts] == [part.part_number for part in done]
        self.client.complete_multipart_upload(
            oss.CompleteMultipartUploadRequest(
                BUCKET, key, upload, complete_multipart_upload=oss.CompleteMultipartUpload(parts=done)
            )
        )

    def get(self, key):
        return self.client.get_object(oss.GetObjectRequest(BUCKET, key)).body.read()

    def get_range(self, key, first, last):
        request = oss.GetObjectRequest(BUCKET, key, range_header=f"bytes={first}-{last}", range_behavior="standard")
        return self.client.get_object(request).body.read()

    def metadata(self, key):
        return self.client.head_object(oss.HeadObjectRequest(BUCKET, key)).metadata["client"]

    def list(self, prefix):
        pages = self.client.list_objects_v2_paginator(limit=3)
        return [
            item.key
            for page in pages.iter_page(oss.ListObjectsV2Request(BUCKET, prefix=prefix))
            for item in page.contents or []
        ]

    def delete(self, key):
        self.client.delete_object(oss.DeleteObjectRequest(BUCKET, key))

    def presign(self, method, key):
        make = oss.PutObjectRequest if method == "PUT" else oss.GetObjectRequest
        # urllib would send a content type of its own, so one is signed.
        more = {"content_type": "text/plain"} if method == "PUT" else {}
        signed = self.client.presign(make(BUCKET, key, **more))
        return signed.url, {**more_headers(more), **(signed.signed_headers or {})}

    def error_of_get(self, key):
        return error_of(lambda: self.get(key))

    def error_of_wrong_secret(self):
        wrong = connect(self.version, "wrong")
        return error_of(lambda: wrong.get_object(oss.GetObjectRequest(BUCKET, "ours/small.txt")))


def more_headers(more):
    return {"Content-Type": more["content_type"]} if more else {}


def error_of(call):
    try:
        call()
    except oss.exceptions.OperationError as error:
        service = error.unwrap()
        return service.status_code, service.code
    return None


def uploader_and_downloader(name):
    """The managers of the SDK: parallel parts, parallel ranges."""
    import io

    from meeting import MULTIPART, PATTERN, same

    client = connect("v4")
    uploader = client.uploader(part_size=102400, parallel_num=3)
    uploader.upload_from(oss.PutObjectRequest(BUCKET, f"{name}/{MULTIPART}"), io.BytesIO(PATTERN))
    same("the uploader's object", V2("v4").get(f"{name}/{MULTIPART}"), PATTERN)


def versions():
    """Versioning, as the SDK's models read it."""
    client = connect("v4")
    bucket = "versioned-by-python"
    client.put_bucket(oss.PutBucketRequest(bucket))
    client.put_bucket_versioning(
        oss.PutBucketVersioningRequest(bucket, versioning_configuration=oss.VersioningConfiguration(status="Enabled"))
    )
    first = client.put_object(oss.PutObjectRequest(bucket, "k", body=b"one")).version_id
    client.put_object(oss.PutObjectRequest(bucket, "k", body=b"two"))
    marker = client.delete_object(oss.DeleteObjectRequest(bucket, "k"))
    assert marker.delete_marker, marker
    old = client.get_object(oss.GetObjectRequest(bucket, "k", version_id=first)).body.read()
    assert old == b"one", old
    listed = client.list_object_versions(oss.ListObjectVersionsRequest(bucket))
    assert [v.is_latest for v in listed.version] == [False, False], listed
    assert [m.version_id for m in listed.delete_marker] == [marker.version_id], listed
    assert client.get_bucket_info(oss.GetBucketInfoRequest(bucket)).bucket_info.versioning == "Enabled"
    for entry in [*listed.version, *listed.delete_marker]:
        client.delete_object(oss.DeleteObjectRequest(bucket, "k", version_id=entry.version_id))
    client.delete_bucket(oss.DeleteBucketRequest(bucket))


meet("python-v2", V2("v4"))
uploader_and_downloader("python-v2")
versions()
meet("python-v2-by-v1", V2("v1"))
