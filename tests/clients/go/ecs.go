package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"
)

const (
	disk      = "d-bp1fake0000000000001"
	otherDisk = "d-bp1fake0000000000002"
	here      = "cn-hangzhou"
	elsewhere = "cn-beijing"
)

func ptr[T any](value T) *T { return &value }

func settings(keyID, secret string) *openapiutil.Config {
	protocol, host, _ := strings.Cut(os.Getenv("OSS_ENDPOINT"), "://")
	return &openapiutil.Config{
		AccessKeyId: &keyID, AccessKeySecret: &secret, Protocol: &protocol, Endpoint: &host,
	}
}

// code is that of a refusal.
func code(_ any, err error) string {
	var refused *tea.SDKError
	if errors.As(err, &refused) {
		return tea.StringValue(refused.Code)
	}
	return fmt.Sprint(err)
}

// ram calls an action of RAM, whose own SDK this is not about.
func ram(action string, parameters map[string]any) map[string]any {
	client := must(openapi.NewClient(settings(os.Getenv("OSS_ACCESS_KEY_ID"), os.Getenv("OSS_ACCESS_KEY_SECRET"))))
	query := map[string]*string{}
	for name, value := range parameters {
		query[name] = ptr(fmt.Sprint(value))
	}
	answer := must(client.CallApi(&openapiutil.Params{
		Action: &action, Version: ptr("2015-05-01"), Protocol: client.Protocol, Pathname: ptr("/"),
		Method: ptr("POST"), AuthType: ptr("AK"), Style: ptr("RPC"),
		ReqBodyType: ptr("formData"), BodyType: ptr("json"),
	}, &openapiutil.OpenApiRequest{Query: query}, &dara.RuntimeOptions{}))
	return answer["body"].(map[string]any)
}

// snapshots lists all of a region page by page.
func snapshots(client *ecs.Client, request ecs.DescribeSnapshotsRequest) (found []*ecs.DescribeSnapshotsResponseBodySnapshotsSnapshot) {
	request.MaxResults = ptr(int32(10))
	for {
		page := must(client.DescribeSnapshots(&request)).Body
		found = append(found, page.Snapshots.Snapshot...)
		if dara.StringValue(page.NextToken) == "" {
			return found
		}
		request.NextToken = page.NextToken
	}
}

// finished waits until a snapshot is accomplished.
func finished(client *ecs.Client, region string, id *string) *ecs.DescribeSnapshotsResponseBodySnapshotsSnapshot {
	ids := string(must(json.Marshal([]*string{id})))
	for range 600 {
		found := snapshots(client, ecs.DescribeSnapshotsRequest{RegionId: &region, SnapshotIds: &ids})
		same("the snapshots of an id", len(found), 1)
		if *found[0].Status == "accomplished" {
			return found[0]
		}
		time.Sleep(100 * time.Millisecond)
	}
	log.Fatalf("%s is not accomplished", *id)
	return nil
}

// lifeOfADisk makes a disk, attaches it, detaches it and deletes it.
func lifeOfADisk(client *ecs.Client) {
	id := must(client.CreateDisk(&ecs.CreateDiskRequest{
		RegionId: ptr(here), ZoneId: ptr("cn-hangzhou-k"), Size: ptr(int32(20)), DiskCategory: ptr("cloud_essd"),
	})).Body.DiskId
	reached := func(status string) {
		for range 600 {
			found := must(client.DescribeDisks(&ecs.DescribeDisksRequest{
				RegionId: ptr(here), DiskIds: ptr(string(must(json.Marshal([]*string{id})))),
			})).Body.Disks.Disk
			if *found[0].Status == status {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		log.Fatalf("%s is never %s", *id, status)
	}
	instance := ptr("i-local0000000000000000")
	gone := &ecs.DeleteDiskRequest{DiskId: id}
	reached("Available")
	must(client.AttachDisk(&ecs.AttachDiskRequest{DiskId: id, InstanceId: instance}))
	reached("In_use")
	same("an attached disk", code(client.DeleteDisk(gone)), "IncorrectDiskStatus")
	must(client.DetachDisk(&ecs.DetachDiskRequest{DiskId: id, InstanceId: instance}))
	reached("Available")
	must(client.DeleteDisk(gone))
	must(client.DeleteDisk(gone))
}

// tour makes snapshots of disks, alone and as a group, copies, locks and deletes them.
func tour() {
	client := must(ecs.NewClient(settings(os.Getenv("OSS_ACCESS_KEY_ID"), os.Getenv("OSS_ACCESS_KEY_SECRET"))))
	token := fmt.Sprint("go-", time.Now().UnixNano())
	create := &ecs.CreateSnapshotRequest{
		DiskId: ptr(disk), SnapshotName: ptr("go-1"), RetentionDays: ptr(int32(7)), ClientToken: &token,
		Tag: []*ecs.CreateSnapshotRequestTag{{Key: ptr("tour"), Value: ptr("go")}},
	}
	first := must(client.CreateSnapshot(create)).Body.SnapshotId
	same("a repeated create", *must(client.CreateSnapshot(create)).Body.SnapshotId, *first)
	create.RetentionDays = ptr(int32(8))
	same("another create", code(client.CreateSnapshot(create)), "IdempotentParameterMismatch")
	found := finished(client, here, first)
	same("a snapshot", []any{*found.Progress, *found.Available, *found.RetentionDays, *found.Tags.Tag[0].TagValue},
		[]any{"100%", true, int32(7), "go"})
	// Up to ten of an ESSD are under way at once.
	for range 2 {
		var last *string
		for range 6 {
			more := &ecs.CreateSnapshotRequest{DiskId: ptr(otherDisk), SnapshotName: ptr("go-more")}
			last = must(client.CreateSnapshot(more)).Body.SnapshotId
		}
		finished(client, here, last)
	}
	more := ecs.DescribeSnapshotsRequest{RegionId: ptr(here), SnapshotName: ptr("go-more")}
	same("pages", len(snapshots(client, more)), 12)

	group := must(client.CreateSnapshotGroup(&ecs.CreateSnapshotGroupRequest{
		RegionId: ptr(here), DiskId: []*string{ptr(disk), ptr(otherDisk)}, Name: ptr("go-group"),
	})).Body.SnapshotGroupId
	groups := must(client.DescribeSnapshotGroups(&ecs.DescribeSnapshotGroupsRequest{
		RegionId: ptr(here), SnapshotGroupId: []*string{group},
	})).Body.SnapshotGroups.SnapshotGroup
	same("members", len(groups[0].Snapshots.Snapshot), 2)
	for _, member := range groups[0].Snapshots.Snapshot {
		finished(client, here, member.SnapshotId)
	}

	copied := must(client.CopySnapshot(&ecs.CopySnapshotRequest{
		RegionId: ptr(here), SnapshotId: first, DestinationRegionId: ptr(elsewhere),
		DestinationSnapshotName: ptr("go-copy"), DestinationSnapshotDescription: ptr("a copy"),
	})).Body.SnapshotId
	same("a copy's source", *finished(client, elsewhere, copied).SourceSnapshotId, *first)
	made := must(client.CreateDisk(&ecs.CreateDiskRequest{
		RegionId: ptr(elsewhere), ZoneId: ptr("cn-beijing-h"), SnapshotId: copied, DiskCategory: ptr("cloud_essd"),
	})).Body.DiskId
	disks := must(client.DescribeDisks(&ecs.DescribeDisksRequest{
		RegionId: ptr(elsewhere), DiskIds: ptr(string(must(json.Marshal([]*string{made})))),
	})).Body.Disks.Disk
	same("the new disk", []any{*disks[0].Size, *disks[0].SourceSnapshotId}, []any{int32(20), *copied})

	lifeOfADisk(client)

	lock := must(client.LockSnapshot(&ecs.LockSnapshotRequest{
		RegionId: ptr(here), SnapshotId: first, LockMode: ptr("compliance"),
		LockDuration: ptr(int32(1)), CoolOffPeriod: ptr(int32(1)),
	})).Body.LockedSnapshotInfo
	same("a lock", *lock.LockStatus, "compliance-cooloff")
	gone := &ecs.DeleteSnapshotRequest{SnapshotId: first, Force: ptr(true)}
	same("a locked one", code(client.DeleteSnapshot(gone)), "OperationDenied.SnapshotLocked")
	must(client.UnlockSnapshot(&ecs.UnlockSnapshotRequest{RegionId: ptr(here), SnapshotId: first}))

	ram("CreateUser", map[string]any{"UserName": "go-ecs"})
	key := ram("CreateAccessKey", map[string]any{"UserName": "go-ecs"})["AccessKey"].(map[string]any)
	other := must(ecs.NewClient(settings(key["AccessKeyId"].(string), key["AccessKeySecret"].(string))))
	same("a denied call", code(other.DeleteSnapshot(gone)), "Forbidden.RAM")
	ram("DeleteAccessKey", map[string]any{"UserName": "go-ecs", "UserAccessKeyId": key["AccessKeyId"]})
	ram("DeleteUser", map[string]any{"UserName": "go-ecs"})

	must(client.DeleteSnapshotGroup(&ecs.DeleteSnapshotGroupRequest{RegionId: ptr(here), SnapshotGroupId: group}))
	must(client.DeleteSnapshot(gone))
	same("a deleted one", code(client.DeleteSnapshot(gone)), "InvalidSnapshotId.NotFound")
	must(client.DeleteSnapshot(&ecs.DeleteSnapshotRequest{SnapshotId: copied, Force: ptr(true)}))
	for _, rest := range snapshots(client, more) {
		must(client.DeleteSnapshot(&ecs.DeleteSnapshotRequest{SnapshotId: rest.SnapshotId}))
	}
	left := snapshots(client, ecs.DescribeSnapshotsRequest{RegionId: ptr(here), SnapshotName: ptr("go-1")})
	same("what is left", len(left), 0)
	fmt.Println("github.com/alibabacloud-go/ecs-20140526: ok")
}
