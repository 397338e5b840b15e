"""alibabacloud-ecs20140526, the official SDK of ECS: disks and snapshots from the first to the last."""

import json
import time
import uuid

from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client
from alibabacloud_ram20150501 import models as ram_models
from alibabacloud_ram20150501.client import Client as Ram
from alibabacloud_tea_openapi.models import Config
from meeting import ENDPOINT, KEY_ID, REGION, SECRET, refused, same

DISK, OTHER = "d-bp1fake0000000000001", "d-bp1fake0000000000002"
ZONE, ELSEWHERE, ZONE_ELSEWHERE = "cn-hangzhou-k", "cn-beijing", "cn-beijing-h"


def config(algorithm, key_id=KEY_ID, secret=SECRET):
    protocol, host = ENDPOINT.split("://")
    config = Config(access_key_id=key_id, access_key_secret=secret)
    config.protocol, config.endpoint, config.signature_algorithm = protocol, host, algorithm
    return config


def wait(look):
    """Until what is looked at is accomplished or available. The server says how long a snapshot takes."""
    for _ in range(600):
        found = look()
        if found.status in ("accomplished", "Available"):
            return found
        time.sleep(0.1)
    raise AssertionError(f"it stays {found.status}")


for algorithm in [None, "v2"]:
    name = f"python-{algorithm or 'v3'}"
    ecs = Client(config(algorithm))

    def snapshots(region=REGION, **filters):
        """All of them, page by page."""
        found, token = [], None
        while token != "":
            page = ecs.describe_snapshots(
                models.DescribeSnapshotsRequest(
                    region_id=region, max_results=10, next_token=token, **filters
                )
            ).body
            found += page.snapshots.snapshot
            token = page.next_token
        return found

    def snapshot(id, region=REGION):
        [found] = snapshots(region, snapshot_ids=json.dumps([id]))
        return found

    def finished(id, region=REGION):
        return wait(lambda: snapshot(id, region))

    create = models.CreateSnapshotRequest(
        disk_id=DISK,
        snapshot_name=f"{name}-1",
        retention_days=7,
        client_token=str(uuid.uuid4()),
        tag=[models.CreateSnapshotRequestTag(key="tour", value=name)],
    )
    first = ecs.create_snapshot(create).body.snapshot_id
    same("a repeated create", ecs.create_snapshot(create).body.snapshot_id, first)
    create.retention_days = 8
    refused("another create", lambda: ecs.create_snapshot(create), "IdempotentParameterMismatch")
    same("a snapshot of an ESSD", snapshot(first).available, True)
    found = finished(first)
    same("progress", (found.progress, found.remain_time, found.source_disk_size), ("100%", 0, "20"))
    same("tags", [(it.tag_key, it.tag_value) for it in found.tags.tag], [("tour", name)])

    # Up to ten of an ESSD are under way at once.
    for _ in range(2):
        more = models.CreateSnapshotRequest(disk_id=OTHER, snapshot_name=f"{name}-more")
        ids = [ecs.create_snapshot(more).body.snapshot_id for _ in range(6)]
        for id in ids:
            finished(id)
    same("pages", len(snapshots(snapshot_name=f"{name}-more")), 12)
    old = models.DescribeSnapshotsRequest(
        region_id=REGION, snapshot_name=f"{name}-more", page_number=2, page_size=10
    )
    page = ecs.describe_snapshots(old).body
    same("the second page", (page.total_count, len(page.snapshots.snapshot)), (12, 2))

    group = ecs.create_snapshot_group(
        models.CreateSnapshotGroupRequest(region_id=REGION, disk_id=[DISK, OTHER], name=f"{name}-group")
    ).body.snapshot_group_id

    def described_group():
        groups = ecs.describe_snapshot_groups(
            models.DescribeSnapshotGroupsRequest(region_id=REGION, snapshot_group_id=[group])
        ).body.snapshot_groups.snapshot_group
        return groups[0]

    same("members", len(wait(described_group).snapshots.snapshot), 2)
    same("the instance of a group", described_group().instance_id, "i-local0000000000000000")

    copy = models.CopySnapshotRequest(
        region_id=REGION,
        snapshot_id=first,
        destination_region_id=ELSEWHERE,
        destination_snapshot_name=f"{name}-copy",
        destination_snapshot_description="a copy",
    )
    copied = ecs.copy_snapshot(copy).body.snapshot_id
    same("a copy's source", finished(copied, ELSEWHERE).source_snapshot_id, first)
    disk = models.CreateDiskRequest(
        region_id=ELSEWHERE, zone_id=ZONE_ELSEWHERE, snapshot_id=copied, disk_category="cloud_essd"
    )
    disk = ecs.create_disk(disk).body.disk_id
    disks = models.DescribeDisksRequest(region_id=ELSEWHERE, disk_ids=json.dumps([disk]))
    new = wait(lambda: ecs.describe_disks(disks).body.disks.disk[0])
    same("the new disk", (new.size, new.source_snapshot_id), (20, copied))

    disk = models.CreateDiskRequest(region_id=REGION, zone_id=ZONE, size=20, disk_category="cloud_essd")
    disk = ecs.create_disk(disk).body.disk_id
    described = models.DescribeDisksRequest(region_id=REGION, disk_ids=json.dumps([disk]))

    def reached(status):
        for _ in range(600):
            [found] = ecs.describe_disks(described).body.disks.disk
            if found.status == status:
                return
            time.sleep(0.1)
        raise AssertionError(f"{disk} is never {status}")

    pair = {"disk_id": disk, "instance_id": "i-local0000000000000000"}
    release = models.DeleteDiskRequest(disk_id=disk)
    reached("Available")
    ecs.attach_disk(models.AttachDiskRequest(**pair))
    reached("In_use")
    refused("an attached disk", lambda: ecs.delete_disk(release), "IncorrectDiskStatus")
    ecs.detach_disk(models.DetachDiskRequest(**pair))
    reached("Available")
    ecs.delete_disk(release)
    ecs.delete_disk(release)

    lock = models.LockSnapshotRequest(
        region_id=REGION, snapshot_id=first, lock_mode="compliance", lock_duration=1, cool_off_period=1
    )
    locked = ecs.lock_snapshot(lock).body.locked_snapshot_info
    same("a lock", locked.lock_status, "compliance-cooloff")
    gone = models.DeleteSnapshotRequest(snapshot_id=first, force=True)
    refused("a locked one", lambda: ecs.delete_snapshot(gone), "OperationDenied.SnapshotLocked")
    locks = models.DescribeLockedSnapshotsRequest(region_id=REGION, snapshot_ids=[first])
    same("locks", len(ecs.describe_locked_snapshots(locks).body.locked_snapshots_info), 1)
    ecs.unlock_snapshot(models.UnlockSnapshotRequest(region_id=REGION, snapshot_id=first))

    policy = models.CreateAutoSnapshotPolicyRequest(
        region_id=REGION,
        auto_snapshot_policy_name=name,
        time_points='["1"]',
        repeat_weekdays='["1","7"]',
        retention_days=-1,
    )
    policy = ecs.create_auto_snapshot_policy(policy).body.auto_snapshot_policy_id
    which = {"region_id": REGION, "auto_snapshot_policy_id": policy}
    disks = {**which, "disk_ids": json.dumps([DISK])}
    ecs.apply_auto_snapshot_policy(models.ApplyAutoSnapshotPolicyRequest(**disks))
    shown = ecs.describe_auto_snapshot_policy_ex(models.DescribeAutoSnapshotPolicyExRequest(**which))
    [shown] = shown.body.auto_snapshot_policies.auto_snapshot_policy
    same("a policy", (shown.disk_nums, json.loads(shown.repeat_weekdays)), (1, ["1", "7"]))
    ecs.cancel_auto_snapshot_policy(models.CancelAutoSnapshotPolicyRequest(**disks))
    ecs.delete_auto_snapshot_policy(models.DeleteAutoSnapshotPolicyRequest(**which))

    tagged = {"region_id": REGION, "resource_type": "snapshot", "resource_id": [first]}
    tag = models.TagResourcesRequestTag(key="again", value="")
    ecs.tag_resources(models.TagResourcesRequest(tag=[tag], **tagged))
    tags = ecs.list_tag_resources(models.ListTagResourcesRequest(**tagged)).body.tag_resources
    same("tag keys", sorted(it.tag_key for it in tags.tag_resource), ["again", "tour"])

    # Somebody without a right, and then with one to a single snapshot.
    ram = Ram(config(algorithm))
    ram.create_user(ram_models.CreateUserRequest(user_name=name))
    key = ram.create_access_key(ram_models.CreateAccessKeyRequest(user_name=name)).body.access_key
    other = Client(config(algorithm, key.access_key_id, key.access_key_secret))
    denied = models.DeleteSnapshotRequest(snapshot_id=copied, force=True)
    refused("a denied call", lambda: other.delete_snapshot(denied), "Forbidden.RAM")
    statement = {
        "Effect": "Allow",
        "Action": ["ecs:DeleteSnapshot", "ecs:DescribeSnapshots"],
        "Resource": f"acs:ecs:{ELSEWHERE}:*:snapshot/{copied}",
    }
    document = json.dumps({"Version": "1", "Statement": [statement]})
    ram.create_policy(ram_models.CreatePolicyRequest(policy_name=name, policy_document=document))
    attached = {"policy_name": name, "policy_type": "Custom", "user_name": name}
    ram.attach_policy_to_user(ram_models.AttachPolicyToUserRequest(**attached))
    visible = models.DescribeSnapshotsRequest(region_id=ELSEWHERE)
    visible = other.describe_snapshots(visible).body.snapshots.snapshot
    same("what is visible", [it.snapshot_id for it in visible], [copied])
    refused("the source", lambda: other.delete_snapshot(gone), "Forbidden.RAM")
    other.delete_snapshot(denied)

    # Rights that hang on tags: of the call, and of what it is about.
    statements = [
        {
            "Effect": "Allow",
            "Action": action,
            "Resource": "*",
            "Condition": {"StringEquals": {f"{key}/tour": name}},
        }
        for action, key in [
            ("ecs:CreateSnapshot", "acs:RequestTag"),
            ("ecs:DeleteSnapshot", "acs:ResourceTag"),
        ]
    ]
    document = json.dumps({"Version": "1", "Statement": statements})
    by_tag = {**attached, "policy_name": f"{name}-by-tag"}
    ram.create_policy(
        ram_models.CreatePolicyRequest(policy_name=f"{name}-by-tag", policy_document=document)
    )
    ram.attach_policy_to_user(ram_models.AttachPolicyToUserRequest(**by_tag))
    untagged = models.CreateSnapshotRequest(disk_id=DISK)
    refused("an untagged create", lambda: other.create_snapshot(untagged), "Forbidden.RAM")
    tagged_create = models.CreateSnapshotRequest(
        disk_id=DISK, tag=[models.CreateSnapshotRequestTag(key="tour", value=name)]
    )
    theirs = other.create_snapshot(tagged_create).body.snapshot_id
    finished(theirs)
    for id in [it.snapshot_id for it in snapshots(snapshot_name=f"{name}-more")][:2]:
        without = models.DeleteSnapshotRequest(snapshot_id=id)
        refused("one without the tag", lambda: other.delete_snapshot(without), "Forbidden.RAM")
    other.delete_snapshot(models.DeleteSnapshotRequest(snapshot_id=theirs))
    ram.detach_policy_from_user(ram_models.DetachPolicyFromUserRequest(**by_tag))
    ram.delete_policy(ram_models.DeletePolicyRequest(policy_name=f"{name}-by-tag"))
    ram.detach_policy_from_user(ram_models.DetachPolicyFromUserRequest(**attached))
    ram.delete_policy(ram_models.DeletePolicyRequest(policy_name=name))
    ram.delete_access_key(
        ram_models.DeleteAccessKeyRequest(user_name=name, user_access_key_id=key.access_key_id)
    )
    ram.delete_user(ram_models.DeleteUserRequest(user_name=name))

    ecs.delete_snapshot_group(
        models.DeleteSnapshotGroupRequest(region_id=REGION, snapshot_group_id=group)
    )
    ecs.delete_snapshot(gone)
    refused("a deleted one", lambda: ecs.delete_snapshot(gone), "InvalidSnapshotId.NotFound")
    for rest in snapshots(snapshot_name=f"{name}-more"):
        ecs.delete_snapshot(models.DeleteSnapshotRequest(snapshot_id=rest.snapshot_id))
    same("what is left", (snapshots(), snapshots(ELSEWHERE)), ([], []))
print("alibabacloud-ecs20140526: ok")
