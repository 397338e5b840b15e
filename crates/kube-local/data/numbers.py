#!/usr/bin/env python3
"""Writes numbers.txt: under which numbers protobuf has the fields of the types in types.txt.

Usage: numbers.py GOMODCACHE/k8s.io v0.36.3

They stand in the tags of the Go structs that the API server reads requests into.
"""
import pathlib
import re
import sys

modules, release = pathlib.Path(sys.argv[1]), sys.argv[2]
PLACES = {
    "apis.meta.v1": "apimachinery@%s/pkg/apis/meta/v1",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1":
        "apiextensions-apiserver@%s/pkg/apis/apiextensions/v1",
    "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1":
        "kube-aggregator@%s/pkg/apis/apiregistration/v1",
}
FIELD = re.compile(r'^\t(?:(\w+)\s+)?(\S+)\s+`(.*)`')
JSON = re.compile(r'json:"([^"]*)"')
PROTOBUF = re.compile(r'protobuf:"[^,"]*,(\d+),')


def structs_of(folder):
    """{struct: ({json field: number}, {number of a struct that is inlined: its type})}"""
    structs = {}
    for file in sorted(folder.glob("*types*.go")):
        current = None
        for line in file.read_text().splitlines():
            start = re.match(r"type (\w+) struct {", line)
            if start:
                current = structs.setdefault(start.group(1), ({}, {}))
            elif line == "}":
                current = None
            elif current is not None:
                field = FIELD.match(line)
                tags = field and field.group(3)
                json, number = (JSON.search(tags), PROTOBUF.search(tags)) if field else (None, None)
                if not json or not number:
                    continue
                name = json.group(1).split(",")[0]
                if name:
                    current[0][name] = number.group(1)
                else:
                    current[1][number.group(1)] = field.group(2).lstrip("*")
    return structs


FOLDERS = {}


def place(package):
    if package in PLACES:
        return modules / (PLACES[package] % release)
    return modules / ("api@" + release) / package.replace(".", "/")


out = ["# Taken from the Go sources of Kubernetes %s by numbers.py; see README.md." % release]
for line in open("types.txt"):
    if not line.startswith(": "):
        continue
    name = line.split()[1]
    package, struct = name.rsplit(".", 1)
    if package not in FOLDERS:
        FOLDERS[package] = structs_of(place(package)) if place(package).is_dir() else {}
    if struct not in FOLDERS[package]:
        continue
    fields, inlined = FOLDERS[package][struct]
    words = ["%s=%s" % (number, field) for field, number in fields.items()]
    # Without a name, what is in it belongs to the struct around it.
    words += ["%s@%s.%s" % (number, package, inner) for number, inner in inlined.items()]
    words.sort(key=lambda word: int(re.match(r"\d+", word).group()))
    if words:
        out.append(" ".join([name] + words))
# Inlined structs have names of Go, which types.txt may lack.
known = {line.split()[0] for line in out}
for line in list(out):
    for word in line.split()[1:]:
        inner = word.partition("@")[2]
        if inner and inner not in known:
            package, struct = inner.rsplit(".", 1)
            fields = FOLDERS.get(package, {}).get(struct, ({}, {}))[0]
            out.append(" ".join([inner] + ["%s=%s" % (n, f) for f, n in fields.items()]))
            known.add(inner)
open("numbers.txt", "w").write("\n".join(out) + "\n")
