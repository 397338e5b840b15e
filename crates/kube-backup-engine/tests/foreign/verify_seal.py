"""Verifies a sealed backup: `verify_seal.py trust.json backups/NAME`.

Written from FORMAT.md and the DSSE specification alone, with Python's standard library and `cryptography`. Exits with 0
and one line where the seal is one of the trust's keys and every file is the one that was sealed.
"""

import base64
import datetime
import hashlib
import json
import pathlib
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization


def pre_authentication(payload_type: bytes, payload: bytes) -> bytes:
    parts = [b"DSSEv1", b"%d" % len(payload_type), payload_type, b"%d" % len(payload), payload]
    return b" ".join(parts)


def time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def main(trust_file: pathlib.Path, folder: pathlib.Path) -> None:
    trust = json.loads(trust_file.read_text())
    name = folder.name
    envelope = json.loads((folder / f"{name}-seal.json").read_text())
    payload_type = envelope["payloadType"]
    if payload_type != "application/vnd.in-toto+json":
        sys.exit(f"the payload is {payload_type}")
    payload = base64.b64decode(envelope["payload"], validate=True)
    signed = pre_authentication(payload_type.encode(), payload)

    signer = None
    for signature in envelope["signatures"]:
        for trusted in trust["keys"]:
            key = serialization.load_pem_public_key(trusted["key"].encode())
            der = key.public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            if signature.get("keyid") not in ("", None, hashlib.sha256(der).hexdigest()):
                continue
            try:
                key.verify(base64.b64decode(signature["sig"], validate=True), signed)
                signer = trusted
            except InvalidSignature:
                pass
    if signer is None:
        sys.exit("no key of the trust has signed it")

    statement = json.loads(payload)
    seal = statement["predicate"]
    if statement["_type"] != "https://in-toto.io/Statement/v1":
        sys.exit("it is no in-toto statement")
    if statement["predicateType"] != "https://kube-backup-engine.io/seal/v1":
        sys.exit("it is no seal")
    if (seal["repository"], seal["backup"]) != (trust["repository"], name):
        sys.exit("it seals another backup, or for another repository")
    created = time(seal["created"])
    if "notBefore" in signer and created < time(signer["notBefore"]):
        sys.exit("the key was not valid yet")
    if "until" in signer and created >= time(signer["until"]):
        sys.exit("the key was no longer valid")

    subjects = {subject["name"]: subject["digest"]["sha256"] for subject in statement["subject"]}
    there = {path.name for path in folder.iterdir()} - {f"{name}-seal.json"}
    if there != set(subjects):
        sys.exit(f"sealed are {sorted(subjects)}, and there are {sorted(there)}")
    for file, sha256 in subjects.items():
        if hashlib.sha256((folder / file).read_bytes()).hexdigest() != sha256:
            sys.exit(f"{file} is not the file that was sealed")
    print(f"{name}: {len(subjects)} files, sealed {seal['created']}, number {seal['sequence']}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
