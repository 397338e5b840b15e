package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"
)

const pods = "/var/lib/kubelet/pods/"

// hbr calls an action of Cloud Backup, which has to succeed.
func hbr(action string, parameters object) object {
	body := must(own().call(hbrVersion, action, parameters))
	if action != "OpenHbrService" {
		same(action, []any{body["Success"], body["Code"]}, []any{true, "200"})
	}
	return body
}

// row is the only one of a list.
func row(body object, list, item string) object {
	found := rows(body, list, item)
	same("the rows of "+list, len(found), 1)
	return found[0].(object)
}

func eventually(what string, look func() object) object {
	for range 200 {
		if found := look(); found != nil {
			return found
		}
		time.Sleep(100 * time.Millisecond)
	}
	log.Fatalf("%s: not within 20 seconds", what)
	return nil
}

func ended(job object) object {
	switch job["Status"] {
	case "COMPLETE", "PARTIAL_COMPLETE", "FAILED", "CANCELED":
		return job
	}
	return nil
}

// backUp takes a folder of a node to a vault and back, under a name of its own.
func backUp(name string, identifier string) {
	vault := hbr("CreateVault", object{"VaultName": name, "VaultRegionId": os.Getenv("OSS_REGION")})["VaultId"].(string)
	eventually("a vault", func() object {
		found := row(hbr("DescribeVaults", object{"VaultId": vault}), "Vaults", "Vault")
		if found["Status"] == "CREATED" {
			return found
		}
		return nil
	})
	hbr("CreateVault", object{"VaultName": name + "-2", "VaultRegionId": os.Getenv("OSS_REGION")})
	first := row(hbr("DescribeVaults", object{"PageNumber": 1, "PageSize": 1}), "Vaults", "Vault")
	second := row(hbr("DescribeVaults", object{"PageNumber": 2, "PageSize": 1}), "Vaults", "Vault")
	same("the pages differ", first["VaultId"] != second["VaultId"], true)

	cluster := hbr("AddContainerCluster", object{
		"ClusterType": "ACK", "Identifier": identifier, "NetworkType": "VPC",
	})["ClusterId"].(string)
	eventually("a backup client", func() object {
		clusters := hbr("DescribeContainerCluster", object{"ClusterId": cluster})["Clusters"].([]any)
		if found := clusters[0].(object); found["AgentStatus"] == "READY" {
			return found
		}
		return nil
	})
	prefix := func(volume string) string { return name + "/volumes/kubernetes.io~csi/" + volume + "/mount" }
	folder := func(volume string) string {
		path := filepath.Join(os.Getenv("HBR_NODE_FOLDER"), pods, prefix(volume))
		if err := os.MkdirAll(path, 0o755); err != nil {
			log.Fatal(err)
		}
		return path
	}
	file := "odd \xff name"
	if err := os.WriteFile(filepath.Join(folder("source"), file), []byte("by go"), 0o640); err != nil {
		log.Fatal(err)
	}
	volume := object{
		"resourceType": "PV", "backupMethod": "FILE", "resourceId": "go-volume", "resourceInfo": "{}",
		"host": os.Getenv("HBR_NODE"), "hostPrefix": prefix("source"), "pvPath": "/",
	}
	jobID := hbr("CreateBackupJob", object{
		"SourceType": "CONTAINER", "VaultId": vault, "Retention": 1, "BackupType": "INCREMENTAL", "JobName": name + "-hbr",
		"ContainerClusterId": cluster, "ContainerResources": string(must(json.Marshal([]any{volume}))), "InitiatedByAck": true,
	})["JobId"]
	job := eventually("a backup job", func() object {
		return ended(row(hbr("DescribeBackupJobs2", object{
			"SourceType": "CONTAINER", "Filters.1.Key": "JobId", "Filters.1.Values.1": jobID,
		}), "BackupJobs", "BackupJob"))
	})
	same("a backup job", []any{job["Status"], job["Identifier"], fmt.Sprint(job["Progress"])}, []any{"COMPLETE", identifier, "10000"})
	query := []any{object{"field": "VaultId", "operation": "MATCH_TERM", "value": vault}}
	snapshot := row(hbr("SearchHistoricalSnapshots", object{
		"Query": string(must(json.Marshal(query))), "SourceType": "CONTAINER",
	}), "Snapshots", "Snapshot")
	same("the snapshot's job", snapshot["JobId"], jobID)

	target := object{"host": os.Getenv("HBR_NODE"), "hostPrefix": pods + prefix("target"), "pvPath": "/"}
	restored := folder("target")
	restoreID := hbr("CreateRestoreJob", object{
		"RestoreType": "CONTAINER", "SourceType": "CONTAINER", "VaultId": vault,
		"SnapshotId": snapshot["SnapshotId"], "SnapshotHash": snapshot["SnapshotHash"],
		"TargetContainerClusterId": cluster, "TargetContainer": string(must(json.Marshal(target))),
	})["RestoreId"]
	restore := eventually("a restore job", func() object {
		return ended(row(hbr("DescribeRestoreJobs2", object{
			"Filters.1.Key": "VaultId", "Filters.1.Values.1": vault,
		}), "RestoreJobs", "RestoreJob"))
	})
	same("a restore job", []any{restore["RestoreId"], restore["Status"]}, []any{restoreID, "COMPLETE"})
	same("the file", string(must(os.ReadFile(filepath.Join(restored, file)))), "by go")

	finished := must(own().call(hbrVersion, "CancelBackupJob", object{"VaultId": vault, "JobId": jobID}))
	same("a finished job", []any{finished["Success"], finished["Code"]}, []any{false, "JobHasFinished"})
	same("no vault", code(own().call(hbrVersion, "DeleteVault", object{"VaultId": "v-000fake"})), "VaultNotExist")
	other := makeUser(name)
	denied := object{"VaultId": vault}
	same("a denied call", code(other.call(hbrVersion, "DeleteVault", denied)), "Forbidden.RAM")
	removeUser(name, other)
	hbr("DeleteSnapshot", object{"VaultId": vault, "SnapshotId": snapshot["SnapshotId"]})
	hbr("DeleteContainerCluster", object{"ClusterId": cluster, "Force": true})
}
