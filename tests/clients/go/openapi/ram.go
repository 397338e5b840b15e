package main

import (
	"encoding/json"
	"fmt"
)

// document allows an action of RAM on every user.
func document(action string) string {
	statement := object{"Effect": "Allow", "Action": action, "Resource": "acs:ram:*:*:user/*"}
	return string(must(json.Marshal(object{"Version": "1", "Statement": []any{statement}})))
}

// all are the names of what is listed, read page by page.
func all(action, list, item string, parameters object) (names []string) {
	for pages := 0; ; pages++ {
		page := ram(action, parameters)
		found := rows(page, list, item)
		same("a page", len(found) <= 2, true)
		for _, it := range found {
			names = append(names, it.(object)[item+"Name"].(string))
		}
		if page["IsTruncated"] != true {
			same("several pages", pages > 0, true)
			return names
		}
		parameters["Marker"] = page["Marker"]
	}
}

// grant takes a user from its first right to its last, and a role alike.
func grant(name string) {
	key := makeUser(name)
	same("a second user", code(own().call(ramVersion, "CreateUser", object{"UserName": name})), "EntityAlreadyExists.User")
	get := func() string { return code(key.call(ramVersion, "GetUser", object{"UserName": name})) }
	update := func() string {
		return code(key.call(ramVersion, "UpdateUser", object{"UserName": name, "NewComments": "by itself"}))
	}
	may := "<nil>"
	same("before", get(), "NoPermission")

	policy := ram("CreatePolicy", object{"PolicyName": name, "PolicyDocument": document("ram:GetUser")})["Policy"].(object)
	same("a policy", []any{policy["PolicyType"], policy["DefaultVersion"]}, []any{"Custom", "v1"})
	same("no policy", code(own().call(ramVersion, "CreatePolicy", object{"PolicyName": name + "-2", "PolicyDocument": "{"})), "MalformedPolicyDocument")
	attached := object{"PolicyName": name, "PolicyType": "Custom", "UserName": name}
	ram("AttachPolicyToUser", attached)
	same("attached", []string{get(), update()}, []string{may, "NoPermission"})
	same("attached twice", code(own().call(ramVersion, "AttachPolicyToUser", attached)), "EntityAlreadyExists.User.Policy")

	version := ram("CreatePolicyVersion", object{"PolicyName": name, "PolicyDocument": document("ram:UpdateUser")})["PolicyVersion"].(object)
	same("a version that is not in force", []any{version["VersionId"], version["IsDefaultVersion"]}, []any{"v2", false})
	same("the first version", []string{get(), update()}, []string{may, "NoPermission"})
	ram("SetDefaultPolicyVersion", object{"PolicyName": name, "VersionId": "v2"})
	same("the second version", []string{get(), update()}, []string{"NoPermission", may})
	of := object{"PolicyName": name, "PolicyType": "Custom"}
	same("versions", len(rows(ram("ListPolicyVersions", of), "PolicyVersions", "PolicyVersion")), 2)
	same("the document in force", ram("GetPolicy", of)["DefaultPolicyVersion"].(object)["PolicyDocument"], document("ram:UpdateUser"))
	ram("DeletePolicyVersion", object{"PolicyName": name, "VersionId": "v1"})

	status := func(status string) {
		ram("UpdateAccessKey", object{"UserName": name, "UserAccessKeyId": key.id, "Status": status})
	}
	status("Inactive")
	same("an inactive key", update(), "InvalidAccessKeyId.Inactive")
	status("Active")
	same("an active key", update(), may)
	same("keys", len(rows(ram("ListAccessKeys", object{"UserName": name}), "AccessKeys", "AccessKey")), 1)

	for number := range 5 {
		ram("CreateUser", object{"UserName": fmt.Sprint(name, "-page-", number)})
	}
	same("the users", len(all("ListUsers", "Users", "User", object{"MaxItems": 2})) >= 7, true)
	same("the system's policies", all("ListPolicies", "Policies", "Policy", object{"MaxItems": 2, "PolicyType": "System"})[0], "AdministratorAccess")
	for number := range 5 {
		ram("DeleteUser", object{"UserName": fmt.Sprint(name, "-page-", number)})
	}

	same("a policy in use", code(own().call(ramVersion, "DeletePolicy", object{"PolicyName": name})), "DeleteConflict.Policy.User")
	ram("DetachPolicyFromUser", attached)
	same("detached", update(), "NoPermission")
	same("a user with a key", code(own().call(ramVersion, "DeleteUser", object{"UserName": name})), "DeleteConflict.User.AccessKey")
	removeUser(name, key)
	ram("DeletePolicy", object{"PolicyName": name})
	same("no user", code(own().call(ramVersion, "GetUser", object{"UserName": name})), "EntityNotExist.User")
}
