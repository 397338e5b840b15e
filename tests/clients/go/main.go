// The official Go SDKs: that of OSS, v2, by both signature versions, and in ecs.go that of ECS. What they write and
// read: see ../run.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"reflect"
	"strings"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
)

const (
	small     = "small.txt"
	special   = "dir/a b+c&日本.txt"
	multipart = "multipart.bin"
	presigned = "presigned.txt"
	deleted   = "deleted.txt"
)

var (
	ctx    = context.Background()
	bucket = oss.Ptr(os.Getenv("OSS_BUCKET"))
	parts  = []int{100 * 1024, 100 * 1024, 12345}
)

func connect(version oss.SignatureVersionType, secret string) *oss.Client {
	provider := credentials.NewStaticCredentialsProvider(os.Getenv("OSS_ACCESS_KEY_ID"), secret)
	return oss.NewClient(oss.LoadDefaultConfig().
		WithCredentialsProvider(provider).
		WithRegion(os.Getenv("OSS_REGION")).
		WithEndpoint(os.Getenv("OSS_ENDPOINT")).
		WithSignatureVersion(version))
}

func text(name string) string { return "written by " + name + "\n" }

func pattern() []byte {
	size := 0
	for _, part := range parts {
		size += part
	}
	all := make([]byte, size)
	for i := range all {
		all[i] = byte(i*7 + i>>8)
	}
	return all
}

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

// fetch uses a presigned URL without the SDK.
func fetch(signed *oss.PresignResult, body string) string {
	request := must(http.NewRequest(signed.Method, signed.URL, strings.NewReader(body)))
	for name, value := range signed.SignedHeaders {
		request.Header.Set(name, value)
	}
	answer := must(http.DefaultClient.Do(request))
	defer answer.Body.Close()
	same("the status of a presigned "+signed.Method, answer.StatusCode, 200)
	return string(must(io.ReadAll(answer.Body)))
}

func read(client *oss.Client, key, byteRange string) []byte {
	request := &oss.GetObjectRequest{Bucket: bucket, Key: oss.Ptr(key)}
	if byteRange != "" {
		request.Range, request.RangeBehavior = oss.Ptr(byteRange), oss.Ptr("standard")
	}
	answer := must(client.GetObject(ctx, request))
	defer answer.Body.Close()
	return must(io.ReadAll(answer.Body))
}

func upload(client *oss.Client, key string) {
	id := must(client.InitiateMultipartUpload(ctx, &oss.InitiateMultipartUploadRequest{Bucket: bucket, Key: &key})).UploadId
	done, rest := oss.CompleteMultipartUpload{}, pattern()
	for at, size := range parts {
		part := must(client.UploadPart(ctx, &oss.UploadPartRequest{
			Bucket: bucket, Key: &key, UploadId: id, PartNumber: int32(at + 1), Body: bytes.NewReader(rest[:size]),
		}))
		done.Parts = append(done.Parts, oss.UploadPart{PartNumber: int32(at + 1), ETag: part.ETag})
		rest = rest[size:]
	}
	listed := must(client.ListParts(ctx, &oss.ListPartsRequest{Bucket: bucket, Key: &key, UploadId: id}))
	same("the number of listed parts", len(listed.Parts), len(parts))
	must(client.CompleteMultipartUpload(ctx, &oss.CompleteMultipartUploadRequest{
		Bucket: bucket, Key: &key, UploadId: id, CompleteMultipartUpload: &done,
	}))
}

func refusal(_ any, err error) string {
	var refused *oss.ServiceError
	if !errors.As(err, &refused) {
		return fmt.Sprint(err)
	}
	return fmt.Sprint(refused.StatusCode, " ", refused.Code)
}

func meet(name string, version oss.SignatureVersionType) {
	secret := os.Getenv("OSS_ACCESS_KEY_SECRET")
	client := connect(version, secret)
	for _, rest := range []string{small, special, deleted} {
		must(client.PutObject(ctx, &oss.PutObjectRequest{
			Bucket: bucket, Key: oss.Ptr(name + "/" + rest), Body: strings.NewReader(text(name)),
			ContentType: oss.Ptr("text/plain"), Metadata: map[string]string{"client": name},
		}))
	}
	upload(client, name+"/"+multipart)
	put := &oss.PutObjectRequest{Bucket: bucket, Key: oss.Ptr(name + "/" + presigned)}
	fetch(must(client.Presign(ctx, put)), text(name))
	must(client.DeleteObject(ctx, &oss.DeleteObjectRequest{Bucket: bucket, Key: oss.Ptr(name + "/" + deleted)}))

	for _, writer := range []string{name, "ours"} {
		for _, rest := range []string{small, special} {
			same(rest, string(read(client, writer+"/"+rest, "")), text(writer))
		}
		same(multipart, read(client, writer+"/"+multipart, ""), pattern())
		same("a range", read(client, writer+"/"+multipart, "bytes=102390-102419"), pattern()[102390:102420])
		get := &oss.GetObjectRequest{Bucket: bucket, Key: oss.Ptr(writer + "/" + special)}
		same("a presigned URL", fetch(must(client.Presign(ctx, get)), ""), text(writer))
		head := must(client.HeadObject(ctx, &oss.HeadObjectRequest{Bucket: bucket, Key: oss.Ptr(writer + "/" + small)}))
		same("metadata", head.Metadata["client"], writer)
	}
	var keys []string
	pages := client.NewListObjectsV2Paginator(&oss.ListObjectsV2Request{
		Bucket: bucket, Prefix: oss.Ptr(name + "/"), MaxKeys: 3,
	})
	for pages.HasNext() {
		for _, object := range must(pages.NextPage(ctx)).Contents {
			keys = append(keys, *object.Key)
		}
	}
	same("the listing", keys, []string{name + "/" + special, name + "/" + multipart, name + "/" + presigned, name + "/" + small})
	gone := &oss.GetObjectRequest{Bucket: bucket, Key: oss.Ptr(name + "/" + deleted)}
	same("the error of a missing key", refusal(client.GetObject(ctx, gone)), "404 NoSuchKey")
	ours := &oss.GetObjectRequest{Bucket: bucket, Key: oss.Ptr("ours/" + small)}
	same("the error of a wrong key", refusal(connect(version, "wrong").GetObject(ctx, ours)), "403 SignatureDoesNotMatch")

	done := must(os.OpenFile(os.Getenv("CLIENTS_DONE"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644))
	defer done.Close()
	must(fmt.Fprintln(done, name))
}

// transfers are the SDK's own: parallel parts, CRC-64 over all of them.
func transfers(name string) {
	client := connect(oss.SignatureVersionV4, os.Getenv("OSS_ACCESS_KEY_SECRET"))
	key := oss.Ptr(name + "/" + multipart)
	uploader := client.NewUploader(func(options *oss.UploaderOptions) { options.PartSize = 100 * 1024 })
	must(uploader.UploadFrom(ctx, &oss.PutObjectRequest{Bucket: bucket, Key: key}, bytes.NewReader(pattern())))
	path := os.Getenv("CLIENTS_TARGET") + "/go.download"
	downloader := client.NewDownloader(func(options *oss.DownloaderOptions) { options.PartSize = 64 * 1024 })
	must(downloader.DownloadFile(ctx, &oss.GetObjectRequest{Bucket: bucket, Key: key}, path))
	same("the downloader's file", must(os.ReadFile(path)), pattern())
}

// retention walks through what the SDK knows of it.
func retention() {
	client := connect(oss.SignatureVersionV4, os.Getenv("OSS_ACCESS_KEY_SECRET"))
	name := oss.Ptr("retained-by-go")
	must(client.PutBucket(ctx, &oss.PutBucketRequest{Bucket: name}))
	must(client.InitiateBucketWorm(ctx, &oss.InitiateBucketWormRequest{
		Bucket: name, InitiateWormConfiguration: &oss.InitiateWormConfiguration{RetentionPeriodInDays: oss.Ptr(int32(1))},
	}))
	worm := must(client.GetBucketWorm(ctx, &oss.GetBucketWormRequest{Bucket: name})).WormConfiguration
	same("the state of a retention", string(worm.State), "InProgress")
	must(client.PutObject(ctx, &oss.PutObjectRequest{Bucket: name, Key: oss.Ptr("k"), Body: strings.NewReader("x")}))
	kept := &oss.DeleteObjectRequest{Bucket: name, Key: oss.Ptr("k")}
	same("the error of a kept object", refusal(client.DeleteObject(ctx, kept)), "409 FileImmutable")
	must(client.AbortBucketWorm(ctx, &oss.AbortBucketWormRequest{Bucket: name}))
	must(client.DeleteObject(ctx, kept))
	must(client.DeleteBucket(ctx, &oss.DeleteBucketRequest{Bucket: name}))
}

func main() {
	log.SetFlags(0)
	meet("go-v2", oss.SignatureVersionV4)
	transfers("go-v2")
	retention()
	meet("go-v2-by-v1", oss.SignatureVersionV1)
	tour()
}
