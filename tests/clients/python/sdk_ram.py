"""alibabacloud-ram20150501, the official SDK of RAM: a user from its first right to its last."""

import json

import alibabacloud_oss_v2 as oss
from alibabacloud_ram20150501 import models
from alibabacloud_ram20150501.client import Client
from alibabacloud_tea_openapi.models import Config
from meeting import BUCKET, ENDPOINT, KEY_ID, REGION, SECRET, refused, same

NAME, KEY = "python-ram", "python-ram/object"


def document(action):
    statement = {"Effect": "Allow", "Action": action, "Resource": f"acs:oss:*:*:{BUCKET}/*"}
    return json.dumps({"Version": "1", "Statement": [statement]})


def outcome(call):
    """`ok`, or the code of OSS's refusal."""
    try:
        call()
    except oss.exceptions.OperationError as error:
        return error.unwrap().code
    return "ok"


for algorithm in [None, "v2"]:
    protocol, host = ENDPOINT.split("://")
    config = Config(access_key_id=KEY_ID, access_key_secret=SECRET)
    config.protocol, config.endpoint, config.signature_algorithm = protocol, host, algorithm
    ram = Client(config)

    user = models.CreateUserRequest(user_name=NAME, display_name="A tour")
    same("display name", ram.create_user(user).body.user.display_name, "A tour")
    refused("a second user", lambda: ram.create_user(user), "EntityAlreadyExists.User")
    ram.create_policy(
        models.CreatePolicyRequest(policy_name=NAME, policy_document=document("oss:PutObject"))
    )
    key = ram.create_access_key(models.CreateAccessKeyRequest(user_name=NAME)).body.access_key

    settings = oss.config.load_default()
    settings.credentials_provider = oss.credentials.StaticCredentialsProvider(
        key.access_key_id, key.access_key_secret
    )
    settings.region, settings.endpoint = REGION, ENDPOINT
    bucket = oss.Client(settings)

    def put():
        bucket.put_object(oss.PutObjectRequest(bucket=BUCKET, key=KEY, body=b"by a user"))

    def get():
        bucket.get_object(oss.GetObjectRequest(bucket=BUCKET, key=KEY))

    attached = {"policy_name": NAME, "policy_type": "Custom", "user_name": NAME}
    same("before", outcome(put), "AccessDenied")
    ram.attach_policy_to_user(models.AttachPolicyToUserRequest(**attached))
    same("attached", (outcome(put), outcome(get)), ("ok", "AccessDenied"))
    ram.create_policy_version(
        models.CreatePolicyVersionRequest(
            policy_name=NAME, policy_document=document("oss:GetObject"), set_as_default=True
        )
    )
    same("the next version", (outcome(put), outcome(get)), ("AccessDenied", "ok"))

    for status, expected in [("Inactive", "InvalidAccessKeyId"), ("Active", "ok")]:
        ram.update_access_key(
            models.UpdateAccessKeyRequest(
                user_name=NAME, user_access_key_id=key.access_key_id, status=status
            )
        )
        same(status, outcome(get), expected)
    ram.detach_policy_from_user(models.DetachPolicyFromUserRequest(**attached))
    same("detached", outcome(get), "AccessDenied")

    first = ram.list_users(models.ListUsersRequest(max_items=1)).body
    rest = ram.list_users(models.ListUsersRequest(marker=first.marker)).body
    same("the last page", (first.is_truncated, rest.is_truncated), (True, False))
    same("users", [it.user_name for it in first.users.user + rest.users.user], [KEY_ID, NAME])

    gone = models.DeleteUserRequest(user_name=NAME)
    refused("a user with a key", lambda: ram.delete_user(gone), "DeleteConflict.User.AccessKey")
    ram.delete_access_key(
        models.DeleteAccessKeyRequest(user_name=NAME, user_access_key_id=key.access_key_id)
    )
    ram.delete_user(gone)
    policy = models.DeletePolicyRequest(policy_name=NAME)
    refused("a policy's versions", lambda: ram.delete_policy(policy), "DeleteConflict.Policy.Version")
    policy.cascading_delete = True
    ram.delete_policy(policy)
    refused("no user", lambda: ram.delete_user(gone), "EntityNotExist.User")
print("alibabacloud-ram20150501: ok")
