#!/usr/bin/env python3
"""Writes resources.txt, types.txt and columns.txt from a running kube-apiserver.

Usage: extract.py https://127.0.0.1:6443 TOKEN GOMODCACHE/k8s.io v0.36.3

The Go sources tell what the OpenAPI document does not: which fields the server
always prints, and which it leaves out when they hold the zero value.
"""
import json
import pathlib
import re
import ssl
import sys
import urllib.request

server, token, modules, release = sys.argv[1:5]
context = ssl._create_unverified_context()


def get(path, accept="application/json"):
    request = urllib.request.Request(
        server + path, headers={"Authorization": "Bearer " + token, "Accept": accept}
    )
    return json.load(urllib.request.urlopen(request, context=context))


VERBS = "create delete deletecollection get list patch update watch".split()
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
HEADER = "# Taken from kube-apiserver %s by extract.py; see README.md.\n" % (
    get("/version")["gitVersion"]
)


def verbs(names):
    return "*" if sorted(names) == VERBS else ",".join(names)


def resource_lines():
    for root in ("/api", "/apis"):
        for group in get(root, AGGREGATED)["items"]:
            for version in group["versions"]:
                gv = group["metadata"].get("name", "") + "/" + version["version"]
                for r in version["resources"]:
                    line = [gv, r["resource"], r["responseKind"]["kind"], r["scope"][0]]
                    line.append(r["singularResource"])
                    line.append("verbs=" + verbs(r["verbs"]))
                    for key, name in (("shortNames", "short"), ("categories", "in")):
                        if r.get(key):
                            line.append(name + "=" + ",".join(r[key]))
                    yield " ".join(line)
                    for s in r.get("subresources", []):
                        kind = s["responseKind"]
                        at = "" if not kind["group"] and not kind["version"] else (
                            " at=%s/%s" % (kind["group"], kind["version"])
                        )
                        yield "%s %s/%s %s %s - verbs=%s%s" % (
                            gv, r["resource"], s["subresource"], kind["kind"],
                            r["scope"][0], ",".join(s["verbs"]), at,
                        )


def short(name):
    return name.replace("io.k8s.api.", "").replace("io.k8s.apimachinery.pkg.", "")


FIELD = re.compile(r'^\t(?:(\w+)\s+)?(\S+)\s+`.*?json:"([^"]*)"')


def go_structs(folder):
    """{struct: {json field: (Go type, json options)}}, embedded structs flattened."""
    structs, embedded = {}, {}
    for file in folder.glob("*types*.go"):
        current = None
        for line in file.read_text().splitlines():
            start = re.match(r"type (\w+) struct {", line)
            if start:
                current = start.group(1)
                structs[current], embedded[current] = {}, []
            elif line == "}":
                current = None
            elif current:
                field = FIELD.match(line)
                if not field:
                    continue
                name, *options = field.group(3).split(",")
                if name:
                    structs[current][name] = (field.group(2), options)
                elif "inline" in options:
                    embedded[current].append(field.group(2))
    def flatten(name):
        fields = dict(structs.get(name, {}))
        for inner in embedded.get(name, []):
            fields.update(flatten(inner.lstrip("*")))
        return fields
    return {name: flatten(name) for name in structs}


FOLDERS = {}


def go_field(name, field):
    *package, struct = name.split(".")
    package = ".".join(package)
    if package not in FOLDERS:
        root = pathlib.Path(modules)
        if package.startswith("io.k8s.api."):
            at = root / ("api@" + release) / "/".join(package.split(".")[3:])
        else:
            at = {
                "io.k8s.apimachinery.pkg.apis.meta.v1":
                    "apimachinery@%s/pkg/apis/meta/v1",
                "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1":
                    "apiextensions-apiserver@%s/pkg/apis/apiextensions/v1",
                "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1":
                    "kube-aggregator@%s/pkg/apis/apiregistration/v1",
            }.get(package)
            at = root / (at % release) if at else None
        FOLDERS[package] = go_structs(at) if at else {}
    return FOLDERS[package].get(struct, {}).get(field)


def printing(name, field, kind):
    """`always`, `null`: printed when absent, as zero or null; `zero`: left out when zero."""
    go = go_field(name, field)
    if not go:
        return None
    go_type, options = go
    pointer = go_type[0] == "*"
    if "omitempty" not in options and "omitzero" not in options:
        return "null" if pointer or kind[0] in "[{" else "always"
    if pointer or kind[0] in "[{":
        return None
    if kind in ("str", "int", "num", "bool", "byte"):
        return "zero"
    return "zero" if "omitzero" in options else "always"


def type_of(schema):
    if "$ref" in schema:
        return short(schema["$ref"].split("/")[-1])
    if "allOf" in schema:
        return type_of(schema["allOf"][0])
    kind = schema.get("type")
    if kind == "array":
        return "[" + type_of(schema["items"]) + "]"
    if kind == "object" and "additionalProperties" in schema:
        return "{" + type_of(schema["additionalProperties"]) + "}"
    form = schema.get("format")
    scalars = {"string": "byte" if form == "byte" else "str", "integer": "int",
               "number": "num", "boolean": "bool"}
    return scalars.get(kind, "any")


def type_lines():
    schemas = {}
    for path in get("/openapi/v3")["paths"]:
        if path.startswith("api"):
            document = get("/openapi/v3/" + path)
            schemas.update(document.get("components", {}).get("schemas", {}))
    special = {"Time": "str", "MicroTime": "str", "IntOrString": "intstr",
               "Quantity": "quantity", "FieldsV1": "any", "RawExtension": "any",
               "JSON": "any", "JSONSchemaPropsOrArray": "any",
               "JSONSchemaPropsOrBool": "any", "JSONSchemaPropsOrStringArray": "any"}
    for name in sorted(schemas):
        schema = schemas[name]
        last = name.split(".")[-1]
        if last in special or last.endswith("List") and "meta" not in name:
            if last in special:
                yield "= %s %s" % (short(name), special[last])
            continue
        gvks = ["%s/%s/%s" % (g["group"], g["version"], g["kind"])
                for g in schema.get("x-kubernetes-group-version-kind", [])]
        head = [":", short(name)]
        if 0 < len(gvks) < 4:
            head.append("gvk=" + ",".join(gvks))
        if schema.get("x-kubernetes-map-type"):
            head.append("map=" + schema["x-kubernetes-map-type"])
        yield " ".join(head)
        required = schema.get("required", [])
        for field, s in sorted(schema.get("properties", {}).items()):
            line = [field, type_of(s)]
            if field in required:
                line.append("required")
            how = printing(name, field, line[1])
            if how:
                line.append(how)
            if s.get("default") not in (None, {}, "", 0, False):
                line.append("default=" + json.dumps(s["default"], separators=(",", ":")))
            if s.get("x-kubernetes-list-type"):
                line.append("list=" + s["x-kubernetes-list-type"])
            if s.get("x-kubernetes-list-map-keys"):
                line.append("keys=" + ",".join(s["x-kubernetes-list-map-keys"]))
            if s.get("x-kubernetes-map-type"):
                line.append("map=" + s["x-kubernetes-map-type"])
            if s.get("x-kubernetes-patch-strategy"):
                line.append("patch=" + s["x-kubernetes-patch-strategy"])
            if s.get("x-kubernetes-patch-merge-key"):
                line.append("merge-key=" + s["x-kubernetes-patch-merge-key"])
            yield " ".join(line)


def column_lines(resources):
    for line in resources:
        gv, resource, _, _, _, verb = line.split()[:6]
        if "/" in resource or ("*" not in verb and "list" not in verb):
            continue
        root = "/api" + gv if gv.startswith("/") else "/apis/" + gv
        table = get(root + "/" + resource + "?limit=1",
                    "application/json;as=Table;v=v1;g=meta.k8s.io")
        yield gv + " " + resource
        for c in table["columnDefinitions"]:
            yield "\t%s|%s|%s|%d" % (c["name"], c["type"], c.get("format", ""), c["priority"])


resources = list(resource_lines())
for name, lines in (("resources", resources), ("types", type_lines()),
                    ("columns", column_lines(resources))):
    with open(name + ".txt", "w") as out:
        out.write(HEADER + "\n".join(lines) + "\n")
