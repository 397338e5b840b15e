package main

import (
	"context"
	"slices"

	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/tea"
	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	gib = int64(1) << 30
	// An ESSD of PL1 has at least this.
	leastSize = 20 * gib
	// The tag that the real driver finds a disk by.
	nameTag = "csi.alibabacloud.com/volume-name"
)

// zoneOf is the first zone that is preferred, or required, or the driver's own.
func (d *driver) zoneOf(of *csi.TopologyRequirement) string {
	for _, topology := range slices.Concat(of.GetPreferred(), of.GetRequisite()) {
		if zone := topology.GetSegments()[zoneKey]; zone != "" {
			return zone
		}
	}
	return d.zone
}

// sizeOf is in GiB.
func sizeOf(of *csi.CapacityRange) (int32, error) {
	size := of.GetRequiredBytes()
	if size == 0 {
		size = leastSize
	}
	size = (size + gib - 1) / gib
	if limit := of.GetLimitBytes(); size*gib < leastSize || limit != 0 && size*gib > limit {
		return 0, status.Errorf(codes.OutOfRange, "a disk has at least 20 GiB, in whole GiB: %v", of)
	}
	return int32(size), nil
}

func (d *driver) CreateVolume(ctx context.Context, asked *csi.CreateVolumeRequest) (*csi.CreateVolumeResponse, error) {
	if asked.GetName() == "" {
		return nil, missing("name")
	}
	if len(asked.GetVolumeCapabilities()) == 0 {
		return nil, missing("volume_capabilities")
	}
	size, err := sizeOf(asked.GetCapacityRange())
	if err != nil {
		return nil, err
	}
	source := asked.GetVolumeContentSource()
	if source != nil && source.GetSnapshot() == nil {
		return nil, status.Error(codes.InvalidArgument, "a disk is made of nothing or of a snapshot")
	}
	made, err := d.made(asked, size)
	if err != nil {
		return nil, err
	}
	if *made.Size != size || tea.StringValue(made.SourceSnapshotId) != source.GetSnapshot().GetSnapshotId() {
		return nil, status.Errorf(codes.AlreadyExists, "%s is another disk of this name", *made.DiskId)
	}
	if err := d.used(ctx, made); err != nil {
		return nil, err
	}
	return &csi.CreateVolumeResponse{Volume: &csi.Volume{
		VolumeId: *made.DiskId, CapacityBytes: int64(size) * gib, ContentSource: source,
		VolumeContext:      map[string]string{"type": *made.Category},
		AccessibleTopology: []*csi.Topology{{Segments: map[string]string{zoneKey: *made.ZoneId}}},
	}}, nil
}

// made is the disk of a name: the one that is there, or a new one.
func (d *driver) made(asked *csi.CreateVolumeRequest, size int32) (*disk, error) {
	named := []*ecs.DescribeDisksRequestTag{{Key: ptr(nameTag), Value: ptr(asked.GetName())}}
	there, err := d.disks(ecs.DescribeDisksRequest{Tag: named})
	if err != nil || len(there) > 0 {
		return slices.Concat(there, []*disk{nil})[0], err
	}
	request := &ecs.CreateDiskRequest{
		RegionId: &d.region, ZoneId: ptr(d.zoneOf(asked.GetAccessibilityRequirements())),
		DiskName: ptr(asked.GetName()), DiskCategory: ptr("cloud_essd"), Size: ptr(size),
		ClientToken: token(asked.GetName()),
		Tag:         []*ecs.CreateDiskRequestTag{{Key: ptr(nameTag), Value: ptr(asked.GetName())}},
	}
	if snapshot := asked.GetVolumeContentSource().GetSnapshot(); snapshot != nil {
		request.SnapshotId = ptr(snapshot.GetSnapshotId())
	}
	made, err := d.ecs.CreateDisk(request)
	if codeOf(err) == "IdempotentParameterMismatch" {
		// There was one of this name, which is gone: nothing has its tag.
		request.ClientToken = nil
		made, err = d.ecs.CreateDisk(request)
	}
	if err != nil {
		return nil, refused(err)
	}
	new, err := d.disk(*made.Body.DiskId)
	if isGone(err) {
		// The token is remembered for a day, whatever has become of the disk.
		request.ClientToken = nil
		if made, err = d.ecs.CreateDisk(request); err != nil {
			return nil, refused(err)
		}
		return d.disk(*made.Body.DiskId)
	}
	return new, err
}

// used attaches a disk once, as its first Pod would.
func (d *driver) used(ctx context.Context, made *disk) error {
	if tea.StringValue(made.DetachedTime) != "" || tea.StringValue(made.Status) == "In_use" {
		return nil
	}
	if err := d.attach(ctx, *made.DiskId, d.node); err != nil {
		return err
	}
	return d.detach(ctx, *made.DiskId)
}

// DeleteVolume detaches first, as the real driver does.
func (d *driver) DeleteVolume(ctx context.Context, asked *csi.DeleteVolumeRequest) (*csi.DeleteVolumeResponse, error) {
	id := asked.GetVolumeId()
	if id == "" {
		return nil, missing("volume_id")
	}
	err := d.detach(ctx, id)
	if isGone(err) {
		return &csi.DeleteVolumeResponse{}, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := d.ecs.DeleteDisk(&ecs.DeleteDiskRequest{DiskId: &id}); err != nil {
		return nil, refused(err)
	}
	return &csi.DeleteVolumeResponse{}, nil
}

func (d *driver) ValidateVolumeCapabilities(_ context.Context, asked *csi.ValidateVolumeCapabilitiesRequest) (*csi.ValidateVolumeCapabilitiesResponse, error) {
	if asked.GetVolumeId() == "" {
		return nil, missing("volume_id")
	}
	if len(asked.GetVolumeCapabilities()) == 0 {
		return nil, missing("volume_capabilities")
	}
	if _, err := d.disk(asked.GetVolumeId()); err != nil {
		return nil, err
	}
	return &csi.ValidateVolumeCapabilitiesResponse{Confirmed: &csi.ValidateVolumeCapabilitiesResponse_Confirmed{
		VolumeCapabilities: asked.GetVolumeCapabilities(),
	}}, nil
}
