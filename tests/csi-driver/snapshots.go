package main

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"

	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/tea"
	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// The real driver knows a member of a group by what ECS describes it as.
var ofGroup = regexp.MustCompile(`Created_from_(ssg-[0-9a-z]+)`)

func groupOf(of *snapshot) string {
	for _, text := range []*string{of.Description, of.SnapshotName} {
		if found := ofGroup.FindStringSubmatch(tea.StringValue(text)); found != nil {
			return found[1]
		}
	}
	return ""
}

// told is a snapshot in CSI's words: ready as soon as a disk can be made of it.
func told(of *snapshot) (*csi.Snapshot, error) {
	cut, err := time.Parse(time.RFC3339, tea.StringValue(of.CreationTime))
	if err != nil {
		return nil, status.Errorf(codes.Internal, "%s was made at no time: %v", *of.SnapshotId, err)
	}
	size, err := strconv.ParseInt(tea.StringValue(of.SourceDiskSize), 10, 64)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "%s is of no size: %v", *of.SnapshotId, err)
	}
	return &csi.Snapshot{
		SnapshotId: *of.SnapshotId, SourceVolumeId: tea.StringValue(of.SourceDiskId),
		CreationTime: timestamppb.New(cut), SizeBytes: size * gib,
		ReadyToUse: tea.BoolValue(of.Available), GroupSnapshotId: groupOf(of),
	}, nil
}

func (d *driver) CreateSnapshot(_ context.Context, asked *csi.CreateSnapshotRequest) (*csi.CreateSnapshotResponse, error) {
	name, source := asked.GetName(), asked.GetSourceVolumeId()
	if name == "" {
		return nil, missing("name")
	}
	if source == "" {
		return nil, missing("source_volume_id")
	}
	found, err := d.snapshots(ecs.DescribeSnapshotsRequest{SnapshotName: &name})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		made, err := d.ecs.CreateSnapshot(&ecs.CreateSnapshotRequest{
			DiskId: &source, SnapshotName: &name, ClientToken: token(name),
		})
		if err != nil {
			return nil, refused(err)
		}
		if found, err = d.snapshots(ecs.DescribeSnapshotsRequest{SnapshotIds: ids(*made.Body.SnapshotId)}); err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, status.Errorf(codes.Aborted, "%s is not there any more", *made.Body.SnapshotId)
		}
	}
	if of := tea.StringValue(found[0].SourceDiskId); of != source {
		return nil, status.Errorf(codes.AlreadyExists, "%s is of %s", *found[0].SnapshotId, of)
	}
	snapshot, err := told(found[0])
	if err != nil {
		return nil, err
	}
	return &csi.CreateSnapshotResponse{Snapshot: snapshot}, nil
}

// ListSnapshots numbers the rows: what is asked for next is a number.
func (d *driver) ListSnapshots(_ context.Context, asked *csi.ListSnapshotsRequest) (*csi.ListSnapshotsResponse, error) {
	request := ecs.DescribeSnapshotsRequest{}
	list := &csi.ListSnapshotsResponse{}
	if id := asked.GetSnapshotId(); id != "" {
		if !strings.HasPrefix(id, "s-") {
			return list, nil
		}
		request.SnapshotIds = ids(id)
	}
	if disk := asked.GetSourceVolumeId(); disk != "" {
		request.DiskId = ptr(disk)
	}
	found, err := d.snapshots(request)
	if err != nil {
		return nil, err
	}
	first := 0
	if token := asked.GetStartingToken(); token != "" {
		if first, err = strconv.Atoi(token); err != nil || first < 0 || first > len(found) {
			return nil, status.Errorf(codes.Aborted, "%q starts no page", token)
		}
	}
	last := len(found)
	if most := int(asked.GetMaxEntries()); most > 0 && first+most < last {
		last = first + most
		list.NextToken = strconv.Itoa(last)
	}
	for _, one := range found[first:last] {
		snapshot, err := told(one)
		if err != nil {
			return nil, err
		}
		list.Entries = append(list.Entries, &csi.ListSnapshotsResponse_Entry{Snapshot: snapshot})
	}
	return list, nil
}

func (d *driver) DeleteSnapshot(_ context.Context, asked *csi.DeleteSnapshotRequest) (*csi.DeleteSnapshotResponse, error) {
	if asked.GetSnapshotId() == "" {
		return nil, missing("snapshot_id")
	}
	_, err := d.ecs.DeleteSnapshot(&ecs.DeleteSnapshotRequest{SnapshotId: ptr(asked.GetSnapshotId()), Force: ptr(true)})
	if err != nil && !isGone(refused(err)) {
		return nil, refused(err)
	}
	return &csi.DeleteSnapshotResponse{}, nil
}
