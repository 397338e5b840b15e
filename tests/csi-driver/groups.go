package main

import (
	"context"
	"slices"
	"strings"
	"time"

	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/tea"
	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

type group = ecs.DescribeSnapshotGroupsResponseBodySnapshotGroupsSnapshotGroup

func (d *driver) group(request ecs.DescribeSnapshotGroupsRequest) (*group, error) {
	request.RegionId = &d.region
	found, err := d.ecs.DescribeSnapshotGroups(&request)
	if err != nil {
		return nil, refused(err)
	}
	if len(found.Body.SnapshotGroups.SnapshotGroup) == 0 {
		return nil, status.Error(codes.NotFound, "there is no such group of snapshots")
	}
	return found.Body.SnapshotGroups.SnapshotGroup[0], nil
}

func (d *driver) groupOfID(id string) (*group, error) {
	if id == "" {
		return nil, missing("group_snapshot_id")
	}
	if !strings.HasPrefix(id, "ssg-") {
		return nil, status.Errorf(codes.NotFound, "%q is no group of snapshots", id)
	}
	return d.group(ecs.DescribeSnapshotGroupsRequest{SnapshotGroupId: []*string{&id}})
}

// members are the ids of a group's snapshots, which must be those that are asked for, where some are.
func members(of *group, asked []string) ([]string, error) {
	var all []string
	for _, member := range of.Snapshots.Snapshot {
		all = append(all, *member.SnapshotId)
	}
	slices.Sort(all)
	if len(asked) > 0 && !slices.Equal(all, slices.Sorted(slices.Values(asked))) {
		return nil, status.Errorf(codes.InvalidArgument, "the snapshots of %s are %v", *of.SnapshotGroupId, all)
	}
	return all, nil
}

// told is a group in CSI's words: ready when ECS says that it is, and that disks can be made of each member.
func (d *driver) told(of *group, asked []string) (*csi.VolumeGroupSnapshot, error) {
	all, err := members(of, asked)
	if err != nil {
		return nil, err
	}
	found, err := d.snapshots(ecs.DescribeSnapshotsRequest{SnapshotIds: ids(all...)})
	if err != nil {
		return nil, err
	}
	cut, err := time.Parse(time.RFC3339, tea.StringValue(of.CreationTime))
	if err != nil {
		return nil, status.Errorf(codes.Internal, "%s was made at no time: %v", *of.SnapshotGroupId, err)
	}
	group := &csi.VolumeGroupSnapshot{
		GroupSnapshotId: *of.SnapshotGroupId, CreationTime: timestamppb.New(cut),
		ReadyToUse: tea.StringValue(of.Status) == "accomplished",
	}
	for _, one := range found {
		member, err := told(one)
		if err != nil {
			return nil, err
		}
		member.GroupSnapshotId = *of.SnapshotGroupId
		group.ReadyToUse = group.ReadyToUse && member.ReadyToUse
		group.Snapshots = append(group.Snapshots, member)
	}
	return group, nil
}

// CreateVolumeGroupSnapshot looks by name first, as the real driver does.
func (d *driver) CreateVolumeGroupSnapshot(_ context.Context, asked *csi.CreateVolumeGroupSnapshotRequest) (*csi.CreateVolumeGroupSnapshotResponse, error) {
	if asked.GetName() == "" {
		return nil, missing("name")
	}
	sources := slices.Sorted(slices.Values(asked.GetSourceVolumeIds()))
	if len(sources) == 0 {
		return nil, missing("source_volume_ids")
	}
	of, err := d.group(ecs.DescribeSnapshotGroupsRequest{Name: ptr(asked.GetName())})
	if isGone(err) {
		request := &ecs.CreateSnapshotGroupRequest{RegionId: &d.region, Name: ptr(asked.GetName())}
		for _, source := range sources {
			request.DiskId = append(request.DiskId, ptr(source))
		}
		made, refusal := d.ecs.CreateSnapshotGroup(request)
		if refusal != nil {
			return nil, refused(refusal)
		}
		of, err = d.groupOfID(*made.Body.SnapshotGroupId)
	}
	if err != nil {
		return nil, err
	}
	group, err := d.told(of, nil)
	if err != nil {
		return nil, err
	}
	var disks []string
	for _, member := range group.Snapshots {
		disks = append(disks, member.SourceVolumeId)
	}
	slices.Sort(disks)
	if !slices.Equal(disks, sources) {
		return nil, status.Errorf(codes.AlreadyExists, "%s is of %v", group.GroupSnapshotId, disks)
	}
	return &csi.CreateVolumeGroupSnapshotResponse{GroupSnapshot: group}, nil
}

func (d *driver) GetVolumeGroupSnapshot(_ context.Context, asked *csi.GetVolumeGroupSnapshotRequest) (*csi.GetVolumeGroupSnapshotResponse, error) {
	of, err := d.groupOfID(asked.GetGroupSnapshotId())
	if err != nil {
		return nil, err
	}
	group, err := d.told(of, asked.GetSnapshotIds())
	if err != nil {
		return nil, err
	}
	return &csi.GetVolumeGroupSnapshotResponse{GroupSnapshot: group}, nil
}

func (d *driver) DeleteVolumeGroupSnapshot(_ context.Context, asked *csi.DeleteVolumeGroupSnapshotRequest) (*csi.DeleteVolumeGroupSnapshotResponse, error) {
	of, err := d.groupOfID(asked.GetGroupSnapshotId())
	if isGone(err) {
		return &csi.DeleteVolumeGroupSnapshotResponse{}, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := members(of, asked.GetSnapshotIds()); err != nil {
		return nil, err
	}
	gone, err := d.ecs.DeleteSnapshotGroup(&ecs.DeleteSnapshotGroupRequest{RegionId: &d.region, SnapshotGroupId: of.SnapshotGroupId})
	if err != nil {
		if isGone(refused(err)) {
			return &csi.DeleteVolumeGroupSnapshotResponse{}, nil
		}
		return nil, refused(err)
	}
	for _, left := range gone.Body.OperationProgressSet.OperationProgress {
		return nil, status.Errorf(codes.FailedPrecondition, "%s: %s", tea.StringValue(left.ErrorCode), tea.StringValue(left.ErrorMsg))
	}
	return &csi.DeleteVolumeGroupSnapshotResponse{}, nil
}
