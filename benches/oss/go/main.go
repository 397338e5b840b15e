// The official Go SDK v2, as it is by default: CRC-64 on for puts and parts, signature version 4.
// How it is asked: see ../src/peer/mod.rs.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
)

const (
	name      = "go"
	blockSize = 1 << 20
	smallSize = 4096
)

var setup struct {
	Endpoint        string `json:"endpoint"`
	Region          string `json:"region"`
	Bucket          string `json:"bucket"`
	AccessKeyID     string `json:"access_key_id"`
	AccessKeySecret string `json:"access_key_secret"`
	Large           int64  `json:"large"`
	Part            int64  `json:"part"`
	Concurrency     int    `json:"concurrency"`
	SmallCount      int    `json:"small_count"`
	ManyCount       int    `json:"many_count"`
	AtOnce          int    `json:"at_once"`
	Listed          int    `json:"listed"`
	Deleted         int    `json:"deleted"`
}

var (
	ctx    = context.Background()
	client *oss.Client
	bucket *string
	block  = makeBlock()
)

func makeBlock() []byte {
	state := uint64(0x9E3779B97F4A7C15)
	all := make([]byte, 0, blockSize)
	for len(all) < blockSize {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		for shift := 0; shift < 64; shift += 8 {
			all = append(all, byte(state>>shift))
		}
	}
	return all
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// repeated is the block, again and again.
type repeated struct{ at, size int64 }

func (r *repeated) Read(into []byte) (int, error) {
	if r.at == r.size {
		return 0, io.EOF
	}
	if left := r.size - r.at; int64(len(into)) > left {
		into = into[:left]
	}
	count := copy(into, block[r.at%blockSize:])
	r.at += int64(count)
	return count, nil
}

func (r *repeated) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	r.at = offset
	return offset, nil
}

// dropped takes bytes as a reader would that looks at none of them.
var buffers = sync.Pool{New: func() any { buffer := make([]byte, 256<<10); return &buffer }}

func dropped(from io.ReadCloser) int64 {
	defer from.Close()
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	total := int64(0)
	for {
		count, err := from.Read(*buffer)
		total += int64(count)
		if err == io.EOF {
			return total
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}

func expect(found, wanted int64) {
	if found != wanted {
		log.Fatalf("%d came, and not %d", found, wanted)
	}
}

func smallPut(number int) {
	key := oss.Ptr(fmt.Sprintf("small-of-%s/%02d", name, number%100))
	must(client.PutObject(ctx, &oss.PutObjectRequest{Bucket: bucket, Key: key, Body: bytes.NewReader(block[:smallSize])}))
}

func get(key string) int64 {
	return dropped(must(client.GetObject(ctx, &oss.GetObjectRequest{Bucket: bucket, Key: &key})).Body)
}

func atOnce(work func(int)) {
	numbers := make(chan int)
	var workers sync.WaitGroup
	for range setup.AtOnce {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for number := range numbers {
				work(number)
			}
		}()
	}
	for number := range setup.ManyCount {
		numbers <- number
	}
	close(numbers)
	workers.Wait()
}

func work(job string) {
	switch job {
	case "put":
		must(client.PutObject(ctx, &oss.PutObjectRequest{
			Bucket: bucket, Key: oss.Ptr("large"), Body: &repeated{size: setup.Large},
		}))
	case "multipart":
		uploader := client.NewUploader(func(options *oss.UploaderOptions) {
			options.PartSize = setup.Part
			options.ParallelNum = setup.Concurrency
		})
		must(uploader.UploadFrom(ctx, &oss.PutObjectRequest{Bucket: bucket, Key: oss.Ptr("large")}, &repeated{size: setup.Large}))
	case "get":
		expect(get("large"), setup.Large)
	case "small-put":
		for number := range setup.SmallCount {
			smallPut(number)
		}
	case "small-get":
		for range setup.SmallCount {
			expect(get("small/00000000"), smallSize)
		}
	case "many-put":
		atOnce(smallPut)
	case "many-get":
		atOnce(func(int) { expect(get("small/00000000"), smallSize) })
	case "list":
		count := 0
		pages := client.NewListObjectsV2Paginator(&oss.ListObjectsV2Request{
			Bucket: bucket, Prefix: oss.Ptr("listed/"), MaxKeys: 1000,
		})
		for pages.HasNext() {
			count += len(must(pages.NextPage(ctx)).Contents)
		}
		expect(int64(count), int64(setup.Listed))
	case "delete":
		for from := 0; from < setup.Deleted; from += 1000 {
			objects := make([]oss.DeleteObject, 0, 1000)
			for number := from; number < min(from+1000, setup.Deleted); number++ {
				objects = append(objects, oss.DeleteObject{Key: oss.Ptr(fmt.Sprintf("deleted/%s/%08d", name, number))})
			}
			must(client.DeleteMultipleObjects(ctx, &oss.DeleteMultipleObjectsRequest{Bucket: bucket, Objects: objects}))
		}
	default:
		log.Fatalf("no such job: %s", job)
	}
}

func cpuTime() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func main() {
	log.SetFlags(0)
	if err := json.Unmarshal([]byte(os.Getenv("BENCH_SETUP")), &setup); err != nil {
		log.Fatal(err)
	}
	bucket = &setup.Bucket
	client = oss.NewClient(oss.LoadDefaultConfig().
		WithCredentialsProvider(credentials.NewStaticCredentialsProvider(setup.AccessKeyID, setup.AccessKeySecret)).
		WithRegion(setup.Region).
		WithEndpoint(setup.Endpoint))
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		started, cpu := time.Now(), cpuTime()
		work(os.Args[1])
		seconds, cpu := time.Since(started).Seconds(), cpuTime()-cpu
		fmt.Println(string(must(json.Marshal(map[string]float64{"seconds": seconds, "cpu_seconds": cpu}))))
	}
}
