// The core that all of the official Go SDKs of OpenAPI products are made over, with both of its signatures: Cloud
// Backup in hbr.go, RAM in ram.go, STS in sts.go, whose own SDKs the module proxy does not have. A module of its own, so
// that OSS's does not need what it needs.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"reflect"
	"strings"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"
)

const (
	hbrVersion = "2017-09-08"
	ramVersion = "2015-05-01"
	stsVersion = "2015-04-01"
)

// algorithm is that of the signatures: none for the newer one.
var algorithm *string

// keys sign calls; those of a session have a token.
type keys struct{ id, secret, token string }

func own() keys {
	return keys{id: os.Getenv("OSS_ACCESS_KEY_ID"), secret: os.Getenv("OSS_ACCESS_KEY_SECRET")}
}

// object is a JSON object of a response.
type object = map[string]any

func ptr[T any](value T) *T { return &value }

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

// code is that of a refusal.
func code(_ any, err error) string {
	var refused interface{ GetCode() *string }
	if errors.As(err, &refused) {
		return dara.StringValue(refused.GetCode())
	}
	// What the older signature's way has in its place.
	var older *tea.SDKError
	if errors.As(err, &older) {
		return tea.StringValue(older.Code)
	}
	return fmt.Sprint(err)
}

// call calls an action of a product with these keys.
func (k keys) call(version, action string, parameters object) (object, error) {
	protocol, host, _ := strings.Cut(os.Getenv("OSS_ENDPOINT"), "://")
	config := &openapiutil.Config{
		AccessKeyId: &k.id, AccessKeySecret: &k.secret, Protocol: &protocol, Endpoint: &host,
		SignatureAlgorithm: algorithm,
	}
	if k.token != "" {
		config.SecurityToken = &k.token
	}
	client, err := openapi.NewClient(config)
	if err != nil {
		return nil, err
	}
	query := map[string]*string{}
	for name, value := range parameters {
		query[name] = ptr(fmt.Sprint(value))
	}
	answer, err := client.CallApi(&openapiutil.Params{
		Action: &action, Version: &version, Protocol: client.Protocol, Pathname: ptr("/"),
		Method: ptr("POST"), AuthType: ptr("AK"), Style: ptr("RPC"),
		ReqBodyType: ptr("formData"), BodyType: ptr("json"),
	}, &openapiutil.OpenApiRequest{Query: query}, &dara.RuntimeOptions{})
	if err != nil {
		return nil, err
	}
	return answer["body"].(object), nil
}

// ram calls an action of RAM, which has to succeed.
func ram(action string, parameters object) object {
	return must(own().call(ramVersion, action, parameters))
}

// rows are those of a list, which sits one level down in the body.
func rows(body object, list, item string) []any {
	return body[list].(object)[item].([]any)
}

// makeUser makes a user with a key.
func makeUser(name string) keys {
	ram("CreateUser", object{"UserName": name})
	key := ram("CreateAccessKey", object{"UserName": name})["AccessKey"].(object)
	return keys{id: key["AccessKeyId"].(string), secret: key["AccessKeySecret"].(string)}
}

// removeUser takes it away again.
func removeUser(name string, key keys) {
	ram("DeleteAccessKey", object{"UserName": name, "UserAccessKeyId": key.id})
	ram("DeleteUser", object{"UserName": name})
}

func main() {
	log.SetFlags(0)
	backUp("go-hbr", "c0000000000000000000000000000gohb")
	grant("go-ram")
	assume("go-sts")
	algorithm = ptr("v2")
	backUp("go-hbr-by-v1", "c0000000000000000000000000000gov1")
	grant("go-ram-by-v1")
	assume("go-sts-by-v1")
	fmt.Println("github.com/alibabacloud-go/darabonba-openapi, Cloud Backup, RAM and STS: ok")
}
