package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/tea"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// codeOf is that of a refusal of ECS; of another error there is none.
func codeOf(err error) string {
	var refusal *tea.SDKError
	if errors.As(err, &refusal) {
		return tea.StringValue(refusal.Code)
	}
	return ""
}

// refused is a refusal of ECS in CSI's words.
func refused(err error) error {
	code := codeOf(err)
	of := codes.Internal
	switch {
	case code == "":
		of = codes.Unavailable
	case strings.HasSuffix(code, ".NotFound"):
		of = codes.NotFound
	case strings.HasPrefix(code, "Throttling"), strings.HasPrefix(code, "ServiceUnavailable"):
		of = codes.Unavailable
	case strings.HasPrefix(code, "QuotaExceed"), strings.HasPrefix(code, "NumberExceed"),
		strings.HasPrefix(code, "CapacityExceed"), code == "InstanceDiskLimitExceeded":
		of = codes.ResourceExhausted
	case strings.HasPrefix(code, "Forbidden"):
		of = codes.PermissionDenied
	case strings.HasPrefix(code, "IncorrectDiskStatus"), strings.HasPrefix(code, "InvalidSnapshot"),
		code == "DiskCreatingSnapshot":
		of = codes.FailedPrecondition
	case strings.HasPrefix(code, "Invalid"), strings.HasPrefix(code, "Missing"):
		of = codes.InvalidArgument
	}
	if of == codes.Unavailable && code == "" {
		return status.Error(of, err.Error())
	}
	var refusal *tea.SDKError
	errors.As(err, &refusal)
	return status.Errorf(of, "%s: %s", code, tea.StringValue(refusal.Message))
}

func missing(what string) error { return status.Errorf(codes.InvalidArgument, "%s is missing", what) }

func isGone(err error) bool { return status.Code(err) == codes.NotFound }

// token is the client token of a name, as the real driver makes it: ECS takes up to 64 characters.
func token(name string) *string {
	if len(name) <= 60 {
		return ptr("n:" + name)
	}
	sum := sha256.Sum256([]byte(name))
	return ptr("h:" + base64.RawStdEncoding.EncodeToString(sum[:]))
}

func ids(all ...string) *string {
	text, _ := json.Marshal(all)
	return ptr(string(text))
}

type disk = ecs.DescribeDisksResponseBodyDisksDisk

// disks are those that a request asks for: by ids or a tag of their own, so that one page has them all.
func (d *driver) disks(request ecs.DescribeDisksRequest) ([]*disk, error) {
	request.RegionId, request.MaxResults = &d.region, ptr(int32(100))
	found, err := d.ecs.DescribeDisks(&request)
	if err != nil {
		return nil, refused(err)
	}
	return found.Body.Disks.Disk, nil
}

func (d *driver) disk(id string) (*disk, error) {
	if !strings.HasPrefix(id, "d-") {
		return nil, status.Errorf(codes.NotFound, "%q is no disk", id)
	}
	found, err := d.disks(ecs.DescribeDisksRequest{DiskIds: ids(id)})
	if err != nil {
		return nil, err
	}
	for _, one := range found {
		if tea.StringValue(one.DiskId) == id {
			return one, nil
		}
	}
	return nil, status.Errorf(codes.NotFound, "there is no disk %s", id)
}

// reached waits until a disk is in a state.
func (d *driver) reached(ctx context.Context, id, wanted string) error {
	for {
		found, err := d.disk(id)
		if err != nil {
			return err
		}
		now := tea.StringValue(found.Status)
		if now == wanted {
			return nil
		}
		select {
		case <-ctx.Done():
			return status.Errorf(codes.DeadlineExceeded, "%s is %s, not %s", id, now, wanted)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

type snapshot = ecs.DescribeSnapshotsResponseBodySnapshotsSnapshot

// snapshots are those that a request asks for, page by page.
func (d *driver) snapshots(request ecs.DescribeSnapshotsRequest) (all []*snapshot, err error) {
	request.RegionId, request.MaxResults = &d.region, ptr(int32(100))
	for {
		page, err := d.ecs.DescribeSnapshots(&request)
		if err != nil {
			return nil, refused(err)
		}
		all = append(all, page.Body.Snapshots.Snapshot...)
		if tea.StringValue(page.Body.NextToken) == "" {
			return all, nil
		}
		request.NextToken = page.Body.NextToken
	}
}
