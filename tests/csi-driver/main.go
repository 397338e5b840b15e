// Plays diskplugin.csi.alibabacloud.com: volumes are disks of ECS, snapshots and groups are ECS's.
//
// It does what the tests of this workspace need of the real one (kubernetes-sigs/alibaba-cloud-csi-driver, pkg/disk):
// the same name, the same tags and tokens, readiness by ECS's `Available`, groups of which a member tells the handle.
// It mounts nothing, as there is no kernel in it: a node's mount is a folder. And it plays what is not there in tests,
// a kubelet that uses a disk: a new disk is attached and detached once, since ECS makes no snapshots of others.
//
// Settings are in the environment: CSI_SOCKET, the socket of its own; ECS_ENDPOINT, ACCESS_KEY_ID and
// ACCESS_KEY_SECRET; NODE_ID, the instance that it runs on; and REGION_ID, ZONE_ID and DRIVER_NAME.
package main

import (
	"log"
	"net"
	"os"
	"strings"

	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
)

// driver answers the calls of sidecars.
type driver struct {
	csi.UnimplementedIdentityServer
	csi.UnimplementedControllerServer
	csi.UnimplementedGroupControllerServer
	csi.UnimplementedNodeServer

	ecs                *ecs.Client
	name               string
	node, region, zone string
}

// zoneKey is the key of zones in topologies.
const zoneKey = "topology.diskplugin.csi.alibabacloud.com/zone"

func ptr[T any](value T) *T { return &value }

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	if otherwise == "" {
		log.Fatalf("%s is not set", name)
	}
	return otherwise
}

func main() {
	protocol, host, _ := strings.Cut(setting("ECS_ENDPOINT", ""), "://")
	client, err := ecs.NewClient(&openapiutil.Config{
		AccessKeyId: ptr(setting("ACCESS_KEY_ID", "")), AccessKeySecret: ptr(setting("ACCESS_KEY_SECRET", "")),
		Protocol: &protocol, Endpoint: &host,
	})
	if err != nil {
		log.Fatal(err)
	}
	d := &driver{
		ecs:    client,
		name:   setting("DRIVER_NAME", "diskplugin.csi.alibabacloud.com"),
		node:   setting("NODE_ID", ""),
		region: setting("REGION_ID", "cn-hangzhou"),
		zone:   setting("ZONE_ID", "cn-hangzhou-k"),
	}
	listener, err := net.Listen("unix", setting("CSI_SOCKET", ""))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(logged))
	csi.RegisterIdentityServer(server, d)
	csi.RegisterControllerServer(server, d)
	csi.RegisterGroupControllerServer(server, d)
	csi.RegisterNodeServer(server, d)
	log.Fatal(server.Serve(listener))
}
