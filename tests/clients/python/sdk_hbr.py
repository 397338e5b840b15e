"""alibabacloud-hbr20170908, the official SDK of Cloud Backup: files there and back, and objects."""

import json
import os
import pathlib
import time

import alibabacloud_oss_v2 as oss
from alibabacloud_hbr20170908 import models
from alibabacloud_hbr20170908.client import Client
from alibabacloud_ram20150501 import models as ram_models
from alibabacloud_ram20150501.client import Client as Ram
from alibabacloud_tea_openapi.models import Config
from meeting import BUCKET, ENDPOINT, KEY_ID, REGION, SECRET, refused, same

NODE = pathlib.Path(os.environ["HBR_NODE_FOLDER"])
HOST = os.environ["HBR_NODE"]
PODS = "/var/lib/kubelet/pods"
ENDS = ["COMPLETE", "PARTIAL_COMPLETE", "FAILED", "CANCELED"]


def config(algorithm, key_id=KEY_ID, secret=SECRET):
    protocol, host = ENDPOINT.split("://")
    made = Config(access_key_id=key_id, access_key_secret=secret)
    made.protocol, made.endpoint, made.signature_algorithm = protocol, host, algorithm
    return made


def eventually(what, look):
    """What `look` finds, once it finds something."""
    for _ in range(200):
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within 20 seconds")


def good(answer):
    """The body of a response that says `Success`."""
    same("success", (answer.body.success, answer.body.code), (True, "200"))
    return answer.body


def prefix(name, volume):
    return f"{name}/volumes/kubernetes.io~csi/{volume}/mount"


def volume_of(name, volume):
    folder = NODE / PODS.strip("/") / prefix(name, volume)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def ended_job(hbr, job_id, source_type):
    condition = models.DescribeBackupJobs2RequestFilters(key="JobId", values=[job_id])

    def look():
        request = models.DescribeBackupJobs2Request(source_type=source_type, filters=[condition])
        job = good(hbr.describe_backup_jobs_2(request)).backup_jobs.backup_job[0]
        return job if job.status in ENDS else None

    return eventually("a backup job", look)


def ended_restore(hbr, vault, restore_id):
    condition = models.DescribeRestoreJobs2RequestFilters(key="VaultId", values=[vault])

    def look():
        request = models.DescribeRestoreJobs2Request(page_size=99, filters=[condition])
        jobs = good(hbr.describe_restore_jobs_2(request)).restore_jobs.restore_job
        return next((it for it in jobs if it.restore_id == restore_id and it.status in ENDS), None)

    return eventually("a restore job", look)


def snapshot_of(hbr, vault, job_id):
    query = [{"field": "VaultId", "operation": "MATCH_TERM", "value": vault}]
    request = models.SearchHistoricalSnapshotsRequest(query=query, limit=100)
    found = good(hbr.search_historical_snapshots(request)).snapshots.snapshot
    return next(it for it in found if it.job_id == job_id)


def files(hbr, name, vault):
    """A container job with a cluster of its own, as the container service makes it."""
    identifier = "c" + name.encode().hex().ljust(32, "0")[:32]
    added = good(
        hbr.add_container_cluster(
            models.AddContainerClusterRequest(
                cluster_type="ACK", identifier=identifier, network_type="VPC", name=name
            )
        )
    )
    assert added.token.startswith("eyJhY2NvdW"), added.token

    def ready():
        request = models.DescribeContainerClusterRequest(identifier=identifier)
        clusters = good(hbr.describe_container_cluster(request)).clusters
        return clusters[0].agent_status == "READY"

    eventually("a backup client", ready)
    source, target = volume_of(name, "source"), volume_of(name, "target")
    (source / "日本").mkdir(exist_ok=True)
    (source / "日本" / "file").write_bytes(b"by " + name.encode())
    (source / "link").unlink(missing_ok=True)
    (source / "link").symlink_to("日本/file")
    volume = {
        "resourceType": "PV",
        "backupMethod": "FILE",
        "resourceId": "11111111-2222-4333-8444-555555555555",
        "resourceInfo": json.dumps({"pv_name": "nas-1", "pvc_name": "data", "namespace": "demo"}),
        "host": HOST,
        "hostPrefix": prefix(name, "source"),
        "pvPath": "/",
    }
    job = models.CreateBackupJobRequest(
        source_type="CONTAINER",
        vault_id=vault,
        retention=1,
        backup_type="INCREMENTAL",
        container_cluster_id=added.cluster_id,
        container_resources=json.dumps([volume]),
        initiated_by_ack=True,
        job_name=f"{name}-hbr",
        speed_limit="",
    )
    job_id = good(hbr.create_backup_job(job)).job_id
    done = ended_job(hbr, job_id, "CONTAINER")
    same("the job", (done.status, done.progress, done.identifier), ("COMPLETE", 10000, identifier))
    snapshot = snapshot_of(hbr, vault, job_id)
    same("the path", snapshot.paths.path, [volume["hostPrefix"]])
    same("the expiry", snapshot.expire_time, snapshot.complete_time + 86400)
    restore = models.CreateRestoreJobRequest(
        restore_type="CONTAINER",
        source_type="CONTAINER",
        vault_id=vault,
        snapshot_id=snapshot.snapshot_id,
        snapshot_hash=snapshot.snapshot_hash,
        target_container=json.dumps(
            {"host": HOST, "hostPrefix": f"{PODS}/{prefix(name, 'target')}", "pvPath": "/"}
        ),
        target_container_cluster_id=added.cluster_id,
        initiated_by_ack=True,
        options=json.dumps({"includes": [], "excludes": [], "conflictPolicy": "OVERWRITE_EXISTING"}),
    )
    restored = ended_restore(hbr, vault, good(hbr.create_restore_job(restore)).restore_id)
    same("the restore", (restored.status, restored.error_message), ("COMPLETE", ""))
    same("the file", (target / "日本" / "file").read_bytes(), b"by " + name.encode())
    same("the link", os.readlink(target / "link"), "日本/file")

    # A second cancel of it is a refusal within a 200, which the SDK hands on.
    cancelled = hbr.cancel_backup_job(models.CancelBackupJobRequest(vault_id=vault, job_id=job_id))
    same("a finished job", (cancelled.body.success, cancelled.body.code), (False, "JobHasFinished"))
    missing = dict(volume, hostPrefix=prefix(name, "gone"))
    job.container_resources = json.dumps([missing])
    gone = ended_job(hbr, good(hbr.create_backup_job(job)).job_id, "CONTAINER")
    same("no source", (gone.status, gone.error_message), ("FAILED", "SOURCE_NOT_EXIST"))
    gone = models.DeleteSnapshotRequest(
        vault_id=vault, snapshot_id=snapshot.snapshot_id, source_type="CONTAINER"
    )
    good(hbr.delete_snapshot(gone))
    refused("no snapshot", lambda: hbr.delete_snapshot(gone), "SnapshotNotExist")
    good(
        hbr.delete_container_cluster(
            models.DeleteContainerClusterRequest(cluster_id=added.cluster_id, force=True)
        )
    )


def objects(hbr, name, vault):
    """A plan of a bucket, run by hand, and its objects under another prefix."""
    settings = oss.config.load_default()
    settings.credentials_provider = oss.credentials.StaticCredentialsProvider(KEY_ID, SECRET)
    settings.region, settings.endpoint = REGION, ENDPOINT
    bucket = oss.Client(settings)
    bucket.put_object(oss.PutObjectRequest(bucket=BUCKET, key=f"{name}/k&1", body=b"an object"))
    plan = models.CreateBackupPlanRequest(
        source_type="OSS",
        plan_name=name,
        vault_id=vault,
        bucket=BUCKET,
        prefix=f"{name}/",
        backup_type="COMPLETE",
        schedule="I|1767225600|P1D",
        retention=7,
        disabled=True,
    )
    plan_id = good(hbr.create_backup_plan(plan)).plan_id
    refused("a second plan", lambda: hbr.create_backup_plan(plan), "PlanNameAlreadyExist")
    run = models.ExecuteBackupPlanRequest(plan_id=plan_id, vault_id=vault, source_type="OSS")
    job_id = good(hbr.execute_backup_plan(run)).job_id
    same("the job", ended_job(hbr, job_id, "OSS").status, "COMPLETE")
    restore = models.CreateRestoreJobRequest(
        restore_type="OSS",
        source_type="OSS",
        vault_id=vault,
        snapshot_id=snapshot_of(hbr, vault, job_id).snapshot_id,
        target_bucket=BUCKET,
        target_prefix=f"{name}-back/",
    )
    restored = ended_restore(hbr, vault, good(hbr.create_restore_job(restore)).restore_id)
    same("the restore", restored.status, "COMPLETE")
    body = bucket.get_object(oss.GetObjectRequest(bucket=BUCKET, key=f"{name}-back/{name}/k&1")).body
    same("the object", body.read(), b"an object")
    plans = good(hbr.describe_backup_plans(models.DescribeBackupPlansRequest(source_type="OSS")))
    mine = [it for it in plans.backup_plans.backup_plan if it.plan_id == plan_id]
    same("the plan", [it.latest_finish_job_id for it in mine], [job_id])
    good(hbr.delete_backup_plan(models.DeleteBackupPlanRequest(plan_id=plan_id, vault_id=vault)))


def denied(algorithm, name, vault):
    """A user who may look and do nothing."""
    ram = Ram(config(algorithm))
    ram.create_user(ram_models.CreateUserRequest(user_name=name))
    key = ram.create_access_key(ram_models.CreateAccessKeyRequest(user_name=name)).body.access_key
    document = {
        "Version": "1",
        "Statement": [{"Effect": "Allow", "Action": "hbr:DescribeVaults", "Resource": "*"}],
    }
    policy = {"policy_name": name, "policy_type": "Custom", "user_name": name}
    ram.create_policy(
        ram_models.CreatePolicyRequest(policy_name=name, policy_document=json.dumps(document))
    )
    ram.attach_policy_to_user(ram_models.AttachPolicyToUserRequest(**policy))
    looker = Client(config(algorithm, key.access_key_id, key.access_key_secret))
    found = good(looker.describe_vaults(models.DescribeVaultsRequest(vault_id=vault)))
    same("the vault", found.vaults.vault[0].vault_id, vault)
    delete = models.DeleteVaultRequest(vault_id=vault)
    refused("a denied call", lambda: looker.delete_vault(delete), "Forbidden.RAM")
    ram.detach_policy_from_user(ram_models.DetachPolicyFromUserRequest(**policy))
    ram.delete_policy(ram_models.DeletePolicyRequest(policy_name=name))
    ram.delete_access_key(
        ram_models.DeleteAccessKeyRequest(user_name=name, user_access_key_id=key.access_key_id)
    )
    ram.delete_user(ram_models.DeleteUserRequest(user_name=name))


for number, algorithm in enumerate([None, "v2"]):
    hbr = Client(config(algorithm))
    name = f"python-hbr-{number}"
    create = models.CreateVaultRequest(vault_region_id=REGION, vault_name=name, vault_type="STANDARD")
    vault = good(hbr.create_vault(create)).vault_id
    refused(
        "another region",
        lambda: hbr.create_vault(models.CreateVaultRequest(vault_region_id="cn-nowhere", vault_name=name)),
        "InvalidParameter.VaultRegionId",
    )

    def made():
        found = good(hbr.describe_vaults(models.DescribeVaultsRequest(vault_id=vault)))
        return found.vaults.vault[0].status == "CREATED"

    eventually("a vault", made)
    refused("a young vault", lambda: hbr.delete_vault(models.DeleteVaultRequest(vault_id=vault)), "CannotDeleteNewVault")
    good(hbr.create_vault(models.CreateVaultRequest(vault_region_id=REGION, vault_name=f"{name}-2")))
    pages = [
        good(hbr.describe_vaults(models.DescribeVaultsRequest(page_number=page, page_size=1)))
        for page in [1, 2, 3]
    ]
    same("the total", {page.total_count for page in pages}, {pages[0].total_count})
    ids = [it.vault_id for page in pages for it in page.vaults.vault]
    same("no vault twice", len(set(ids)), min(3, pages[0].total_count))
    files(hbr, name, vault)
    objects(hbr, name, vault)
    denied(algorithm, name, vault)
    regions = good(hbr.describe_regions()).regions.region
    assert REGION in [it.region_id for it in regions], regions
print("alibabacloud-hbr20170908: ok")
