// Cloud Backup by the core that all of the official Go SDKs of OpenAPI products are made over, with both of its
// signatures: a folder of a node to a vault and back. A module of its own, so that OSS's does not need what it needs.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"
)

const (
	hbrVersion = "2017-09-08"
	ramVersion = "2015-05-01"
	pods       = "/var/lib/kubelet/pods/"
)

// algorithm is that of the signatures: none for the newer one.
var algorithm *string

func ptr[T any](value T) *T { return &value }

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func same(what string, found, wanted any) {
	if !reflect.DeepEqual(found, wanted) {
		log.Fatalf("%s: found %.300q, wanted %.300q", what, fmt.Sprint(found), fmt.Sprint(wanted))
	}
}

// code is that of a refusal.
func code(_ any, err error) string {
	var refused interface{ GetCode() *string }
	if errors.As(err, &refused) {
		return dara.StringValue(refused.GetCode())
	}
	// What the older signature's way has in its place.
	var older *tea.SDKError
	if errors.As(err, &older) {
		return tea.StringValue(older.Code)
	}
	return fmt.Sprint(err)
}

// callBy calls an action of a product with these keys.
func callBy(keyID, secret, version, action string, parameters map[string]any) (map[string]any, error) {
	protocol, host, _ := strings.Cut(os.Getenv("OSS_ENDPOINT"), "://")
	client, err := openapi.NewClient(&openapiutil.Config{
		AccessKeyId: &keyID, AccessKeySecret: &secret, Protocol: &protocol, Endpoint: &host,
		SignatureAlgorithm: algorithm,
	})
	if err != nil {
		return nil, err
	}
	query := map[string]*string{}
	for name, value := range parameters {
		query[name] = ptr(fmt.Sprint(value))
	}
	answer, err := client.CallApi(&openapiutil.Params{
		Action: &action, Version: &version, Protocol: client.Protocol, Pathname: ptr("/"),
		Method: ptr("POST"), AuthType: ptr("AK"), Style: ptr("RPC"),
		ReqBodyType: ptr("formData"), BodyType: ptr("json"),
	}, &openapiutil.OpenApiRequest{Query: query}, &dara.RuntimeOptions{})
	if err != nil {
		return nil, err
	}
	return answer["body"].(map[string]any), nil
}

// call calls an action with the keys of the tour.
func call(version, action string, parameters map[string]any) (map[string]any, error) {
	keyID, secret := os.Getenv("OSS_ACCESS_KEY_ID"), os.Getenv("OSS_ACCESS_KEY_SECRET")
	return callBy(keyID, secret, version, action, parameters)
}

func ram(action string, parameters map[string]any) map[string]any {
	return must(call(ramVersion, action, parameters))
}

// hbr calls an action of Cloud Backup, which has to succeed.
func hbr(action string, parameters map[string]any) map[string]any {
	body := must(call(hbrVersion, action, parameters))
	if action != "OpenHbrService" {
		same(action, []any{body["Success"], body["Code"]}, []any{true, "200"})
	}
	return body
}

// row is the only one of a list, which sits one level down in the body.
func row(body map[string]any, list, item string) map[string]any {
	rows := body[list].(map[string]any)[item].([]any)
	same("the rows of "+list, len(rows), 1)
	return rows[0].(map[string]any)
}

func eventually(what string, look func() map[string]any) map[string]any {
	for range 200 {
		if found := look(); found != nil {
			return found
		}
		time.Sleep(100 * time.Millisecond)
	}
	log.Fatalf("%s: not within 20 seconds", what)
	return nil
}

func ended(job map[string]any) map[string]any {
	switch job["Status"] {
	case "COMPLETE", "PARTIAL_COMPLETE", "FAILED", "CANCELED":
		return job
	}
	return nil
}

// tour takes a folder of a node to a vault and back, under a name of its own.
func tour(name string, identifier string) {
	vault := hbr("CreateVault", map[string]any{"VaultName": name, "VaultRegionId": os.Getenv("OSS_REGION")})["VaultId"].(string)
	eventually("a vault", func() map[string]any {
		found := row(hbr("DescribeVaults", map[string]any{"VaultId": vault}), "Vaults", "Vault")
		if found["Status"] == "CREATED" {
			return found
		}
		return nil
	})
	hbr("CreateVault", map[string]any{"VaultName": name + "-2", "VaultRegionId": os.Getenv("OSS_REGION")})
	first := row(hbr("DescribeVaults", map[string]any{"PageNumber": 1, "PageSize": 1}), "Vaults", "Vault")
	second := row(hbr("DescribeVaults", map[string]any{"PageNumber": 2, "PageSize": 1}), "Vaults", "Vault")
	same("the pages differ", first["VaultId"] != second["VaultId"], true)

	cluster := hbr("AddContainerCluster", map[string]any{
		"ClusterType": "ACK", "Identifier": identifier, "NetworkType": "VPC",
	})["ClusterId"].(string)
	eventually("a backup client", func() map[string]any {
		clusters := hbr("DescribeContainerCluster", map[string]any{"ClusterId": cluster})["Clusters"].([]any)
		if found := clusters[0].(map[string]any); found["AgentStatus"] == "READY" {
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
	volume := map[string]any{
		"resourceType": "PV", "backupMethod": "FILE", "resourceId": "go-volume", "resourceInfo": "{}",
		"host": os.Getenv("HBR_NODE"), "hostPrefix": prefix("source"), "pvPath": "/",
	}
	jobID := hbr("CreateBackupJob", map[string]any{
		"SourceType": "CONTAINER", "VaultId": vault, "Retention": 1, "BackupType": "INCREMENTAL", "JobName": name + "-hbr",
		"ContainerClusterId": cluster, "ContainerResources": string(must(json.Marshal([]any{volume}))), "InitiatedByAck": true,
	})["JobId"]
	job := eventually("a backup job", func() map[string]any {
		return ended(row(hbr("DescribeBackupJobs2", map[string]any{
			"SourceType": "CONTAINER", "Filters.1.Key": "JobId", "Filters.1.Values.1": jobID,
		}), "BackupJobs", "BackupJob"))
	})
	same("a backup job", []any{job["Status"], job["Identifier"], fmt.Sprint(job["Progress"])}, []any{"COMPLETE", identifier, "10000"})
	query := []any{map[string]any{"field": "VaultId", "operation": "MATCH_TERM", "value": vault}}
	snapshot := row(hbr("SearchHistoricalSnapshots", map[string]any{
		"Query": string(must(json.Marshal(query))), "SourceType": "CONTAINER",
	}), "Snapshots", "Snapshot")
	same("the snapshot's job", snapshot["JobId"], jobID)

	target := map[string]any{"host": os.Getenv("HBR_NODE"), "hostPrefix": pods + prefix("target"), "pvPath": "/"}
	restored := folder("target")
	restoreID := hbr("CreateRestoreJob", map[string]any{
		"RestoreType": "CONTAINER", "SourceType": "CONTAINER", "VaultId": vault,
		"SnapshotId": snapshot["SnapshotId"], "SnapshotHash": snapshot["SnapshotHash"],
		"TargetContainerClusterId": cluster, "TargetContainer": string(must(json.Marshal(target))),
	})["RestoreId"]
	restore := eventually("a restore job", func() map[string]any {
		return ended(row(hbr("DescribeRestoreJobs2", map[string]any{
			"Filters.1.Key": "VaultId", "Filters.1.Values.1": vault,
		}), "RestoreJobs", "RestoreJob"))
	})
	same("a restore job", []any{restore["RestoreId"], restore["Status"]}, []any{restoreID, "COMPLETE"})
	same("the file", string(must(os.ReadFile(filepath.Join(restored, file)))), "by go")

	finished := must(call(hbrVersion, "CancelBackupJob", map[string]any{"VaultId": vault, "JobId": jobID}))
	same("a finished job", []any{finished["Success"], finished["Code"]}, []any{false, "JobHasFinished"})
	same("no vault", code(call(hbrVersion, "DeleteVault", map[string]any{"VaultId": "v-000fake"})), "VaultNotExist")
	ram("CreateUser", map[string]any{"UserName": name})
	key := ram("CreateAccessKey", map[string]any{"UserName": name})["AccessKey"].(map[string]any)
	keyID, secret := key["AccessKeyId"].(string), key["AccessKeySecret"].(string)
	denied := map[string]any{"VaultId": vault}
	same("a denied call", code(callBy(keyID, secret, hbrVersion, "DeleteVault", denied)), "Forbidden.RAM")
	ram("DeleteAccessKey", map[string]any{"UserName": name, "UserAccessKeyId": key["AccessKeyId"]})
	ram("DeleteUser", map[string]any{"UserName": name})
	hbr("DeleteSnapshot", map[string]any{"VaultId": vault, "SnapshotId": snapshot["SnapshotId"]})
	hbr("DeleteContainerCluster", map[string]any{"ClusterId": cluster, "Force": true})
}

func main() {
	log.SetFlags(0)
	tour("go-hbr", "c0000000000000000000000000000gohb")
	algorithm = ptr("v2")
	tour("go-hbr-by-v1", "c0000000000000000000000000000gov1")
	fmt.Println("github.com/alibabacloud-go/darabonba-openapi, Cloud Backup: ok")
}
