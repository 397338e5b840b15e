package main

import (
	"encoding/json"
	"strings"
)

const account = "1000000000000000"

// assume makes a role, and calls as somebody who assumed it.
func assume(name string) {
	me := must(own().call(stsVersion, "GetCallerIdentity", nil))
	same("the account", []any{me["AccountId"], me["IdentityType"]}, []any{account, "RAMUser"})

	trust := object{"Version": "1", "Statement": []any{object{
		"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": object{"RAM": "acs:ram::" + account + ":root"},
	}}}
	role := ram("CreateRole", object{
		"RoleName": name, "AssumeRolePolicyDocument": string(must(json.Marshal(trust))), "Description": "a tour",
	})["Role"].(object)
	arn := role["Arn"].(string)
	same("a role", arn, "acs:ram::"+account+":role/"+name)
	request := object{"RoleArn": arn, "RoleSessionName": "go", "DurationSeconds": 900}
	opened := must(own().call(stsVersion, "AssumeRole", request))
	same("the session", opened["AssumedRoleUser"].(object)["Arn"], arn+"/go")
	credentials := opened["Credentials"].(object)
	session := keys{
		id: credentials["AccessKeyId"].(string), secret: credentials["AccessKeySecret"].(string),
		token: credentials["SecurityToken"].(string),
	}
	same("a temporary key", strings.HasPrefix(session.id, "STS."), true)
	me = must(session.call(stsVersion, "GetCallerIdentity", nil))
	same("who it is", []any{me["IdentityType"], me["Arn"]}, []any{"AssumedRoleUser", arn + "/go"})

	list := func() string { return code(session.call(ramVersion, "ListRoles", nil)) }
	same("a role without rights", list(), "NoPermission")
	attached := object{"RoleName": name, "PolicyName": "AliyunRAMReadOnlyAccess", "PolicyType": "System"}
	ram("AttachPolicyToRole", attached)
	same("a role that reads", list(), "<nil>")
	same("and does no more", code(session.call(ramVersion, "DeleteRole", object{"RoleName": name})), "NoPermission")
	request["Policy"] = document("ram:GetUser")
	narrowed := must(own().call(stsVersion, "AssumeRole", request))["Credentials"].(object)
	narrow := keys{
		id: narrowed["AccessKeyId"].(string), secret: narrowed["AccessKeySecret"].(string),
		token: narrowed["SecurityToken"].(string),
	}
	same("a narrowed session", code(narrow.call(ramVersion, "ListRoles", nil)), "NoPermission")

	bare := session
	bare.token = ""
	same("no token", code(bare.call(stsVersion, "GetCallerIdentity", nil)), "MissingSecurityToken")
	wrong := keys{id: own().id, secret: "wrong"}
	same("a wrong secret", code(wrong.call(stsVersion, "GetCallerIdentity", nil)), "SignatureDoesNotMatch")
	request["DurationSeconds"] = 60
	same("a short session", code(own().call(stsVersion, "AssumeRole", request)), "InvalidParameter.DurationSeconds")
	other := makeUser(name)
	request["DurationSeconds"] = 900
	same("a denied call", code(other.call(stsVersion, "AssumeRole", request)), "NoPermission")
	removeUser(name, other)

	same("a role in use", code(own().call(ramVersion, "DeleteRole", object{"RoleName": name})), "DeleteConflict.Role.Policy")
	ram("DetachPolicyFromRole", attached)
	ram("DeleteRole", object{"RoleName": name})
	same("the end of its sessions", code(session.call(stsVersion, "GetCallerIdentity", nil)), "InvalidAccessKeyId.NotFound")
	same("no role", code(own().call(stsVersion, "AssumeRole", request)), "EntityNotExist.Role")
}
