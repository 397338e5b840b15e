"""alibabacloud-sts20150401, the official SDK of STS, with both of its signatures."""

import alibabacloud_oss_v2 as oss
from alibabacloud_sts20150401.client import Client
from alibabacloud_sts20150401.models import AssumeRoleRequest
from alibabacloud_tea_openapi.models import Config
from meeting import BUCKET, ENDPOINT, KEY_ID, REGION, SECRET, refused, same

ACCOUNT = "1000000000000000"
ROLE = f"acs:ram::{ACCOUNT}:role/tour"


def client(key_id=KEY_ID, secret=SECRET, token=None, algorithm=None):
    protocol, host = ENDPOINT.split("://")
    config = Config(access_key_id=key_id, access_key_secret=secret, security_token=token)
    config.protocol, config.endpoint, config.signature_algorithm = protocol, host, algorithm
    return Client(config)


def assume(sts, role=ROLE, seconds=900):
    request = AssumeRoleRequest(
        role_arn=role, role_session_name="python", duration_seconds=seconds
    )
    return sts.assume_role(request).body


for algorithm in [None, "v2"]:
    own = client(algorithm=algorithm)
    me = own.get_caller_identity().body
    same("account", me.account_id, ACCOUNT)
    same("identity", me.identity_type, "RAMUser")
    same("name", me.arn, f"acs:ram::{ACCOUNT}:user/{KEY_ID}")

    session = assume(own)
    same("session", session.assumed_role_user.arn, f"{ROLE}/python")
    keys = session.credentials
    as_role = client(
        keys.access_key_id, keys.access_key_secret, keys.security_token, algorithm
    )
    same("role", as_role.get_caller_identity().body.identity_type, "AssumedRoleUser")

    wrong = client(secret="wrong", algorithm=algorithm)
    refused("a wrong secret", wrong.get_caller_identity, "SignatureDoesNotMatch")
    bare = client(keys.access_key_id, keys.access_key_secret, algorithm=algorithm)
    refused("no token", bare.get_caller_identity, "MissingSecurityToken")
    refused("no role", lambda: assume(own, ROLE + "s"), "EntityNotExist.Role")
    refused("a short session", lambda: assume(own, seconds=60), "InvalidParameter.DurationSeconds")

# What STS handed out opens OSS.
config = oss.config.load_default()
config.credentials_provider = oss.credentials.StaticCredentialsProvider(
    keys.access_key_id, keys.access_key_secret, keys.security_token
)
config.region, config.endpoint = REGION, ENDPOINT
bucket = oss.Client(config)
key = "python-sts/object"
bucket.put_object(oss.PutObjectRequest(bucket=BUCKET, key=key, body=b"by a role"))
body = bucket.get_object(oss.GetObjectRequest(bucket=BUCKET, key=key)).body
same("object", body.read(), b"by a role")
print("alibabacloud-sts20150401: ok")
