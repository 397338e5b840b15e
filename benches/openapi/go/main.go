// The vendor's Go SDK of ECS, as it is by default. What it is told and prints: see ../src/job.rs.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"syscall"

	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
)

const (
	region   = "cn-hangzhou"
	keyID    = "LTAI-bench"
	secret   = "bench-secret"
	callPage = 10
	listPage = 100
	warmUp   = 20
)

func ptr[T any](value T) *T { return &value }

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// cpuTime is that of the process so far, collecting garbage included.
func cpuTime() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func peakMemory() (bytes int64) {
	for line := range strings.Lines(string(must(os.ReadFile("/proc/self/status")))) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib := strings.TrimSuffix(strings.TrimSpace(rest), " kB")
			return must(strconv.ParseInt(strings.TrimSpace(kib), 10, 64)) * 1024
		}
	}
	log.Fatal("no VmHWM")
	return
}

func main() {
	job, times := os.Args[1], must(strconv.Atoi(os.Args[2]))
	protocol, host, _ := strings.Cut(os.Getenv("BENCH_ENDPOINT"), "://")
	client := must(ecs.NewClient(&openapiutil.Config{
		AccessKeyId: ptr(keyID), AccessKeySecret: ptr(secret), Protocol: &protocol, Endpoint: &host,
	}))
	page := func(size int32, token *string) *ecs.DescribeSnapshotsResponseBody {
		request := &ecs.DescribeSnapshotsRequest{RegionId: ptr(region), MaxResults: &size, NextToken: token}
		return must(client.DescribeSnapshots(request)).Body
	}
	for range warmUp {
		page(callPage, nil)
	}
	snapshots := 0
	began := cpuTime()
	for range times {
		switch job {
		case "call":
			snapshots += len(page(callPage, nil).Snapshots.Snapshot)
		case "list":
			var token *string
			for {
				answer := page(listPage, token)
				snapshots += len(answer.Snapshots.Snapshot)
				if token = answer.NextToken; token == nil || *token == "" {
					break
				}
			}
		default:
			log.Fatalf("no such job: %s", job)
		}
	}
	took := cpuTime() - began
	fmt.Println(string(must(json.Marshal(map[string]any{
		"nanoseconds": float64(took) / float64(times), "snapshots": snapshots, "peak_memory": peakMemory(),
	}))))
}
