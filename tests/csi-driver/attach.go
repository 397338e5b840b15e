package main

import (
	"context"

	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/tea"
	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func (d *driver) attach(ctx context.Context, id, node string) error {
	found, err := d.disk(id)
	if err != nil {
		return err
	}
	switch on := tea.StringValue(found.InstanceId); on {
	case node:
		return d.reached(ctx, id, "In_use")
	case "":
	default:
		return status.Errorf(codes.FailedPrecondition, "%s is attached to %s", id, on)
	}
	// Made or detached just now, perhaps.
	if err := d.reached(ctx, id, "Available"); err != nil {
		return err
	}
	if _, err := d.ecs.AttachDisk(&ecs.AttachDiskRequest{DiskId: &id, InstanceId: &node}); err != nil {
		return refused(err)
	}
	return d.reached(ctx, id, "In_use")
}

// detach leaves a disk that is attached to nothing.
func (d *driver) detach(ctx context.Context, id string) error {
	found, err := d.disk(id)
	if err != nil {
		return err
	}
	if on := tea.StringValue(found.InstanceId); on != "" {
		if err := d.reached(ctx, id, "In_use"); err != nil {
			return err
		}
		if _, err := d.ecs.DetachDisk(&ecs.DetachDiskRequest{DiskId: &id, InstanceId: &on}); err != nil {
			return refused(err)
		}
	}
	return d.reached(ctx, id, "Available")
}

func (d *driver) ControllerPublishVolume(ctx context.Context, asked *csi.ControllerPublishVolumeRequest) (*csi.ControllerPublishVolumeResponse, error) {
	switch {
	case asked.GetVolumeId() == "":
		return nil, missing("volume_id")
	case asked.GetNodeId() == "":
		return nil, missing("node_id")
	case asked.GetVolumeCapability() == nil:
		return nil, missing("volume_capability")
	}
	if err := d.attach(ctx, asked.GetVolumeId(), asked.GetNodeId()); err != nil {
		return nil, err
	}
	return &csi.ControllerPublishVolumeResponse{}, nil
}

func (d *driver) ControllerUnpublishVolume(ctx context.Context, asked *csi.ControllerUnpublishVolumeRequest) (*csi.ControllerUnpublishVolumeResponse, error) {
	id := asked.GetVolumeId()
	if id == "" {
		return nil, missing("volume_id")
	}
	found, err := d.disk(id)
	if err == nil {
		on := tea.StringValue(found.InstanceId)
		if on == "" || asked.GetNodeId() == "" || on == asked.GetNodeId() {
			err = d.detach(ctx, id)
		}
	}
	if err != nil && !isGone(err) {
		return nil, err
	}
	return &csi.ControllerUnpublishVolumeResponse{}, nil
}
