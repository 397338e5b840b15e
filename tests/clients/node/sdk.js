// ali-oss, the official SDK for Node, by both signature versions. What it writes and reads: see ../run.
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import OSS from 'ali-oss';

const {
  OSS_BUCKET: bucket, OSS_ENDPOINT: endpoint, OSS_REGION: region,
  OSS_ACCESS_KEY_ID: accessKeyId, OSS_ACCESS_KEY_SECRET: secret, CLIENTS_DONE: done,
} = process.env;

const SMALL = 'small.txt', SPECIAL = 'dir/a b+c&日本.txt';
const MULTIPART = 'multipart.bin', PRESIGNED = 'presigned.txt', DELETED = 'deleted.txt';
const PART = 100 * 1024;
const PATTERN = Buffer.from(Array.from({ length: 2 * PART + 12345 }, (_, i) => (i * 7 + (i >> 8)) & 255));
const text = name => `written by ${name}\n`;

// The SDK makes no URLs for IP addresses; by the name of this machine it does, path style.
const connect = (authorizationV4, accessKeySecret = secret) => new OSS({
  endpoint: endpoint.replace('127.0.0.1', 'localhost'), sldEnable: true, region: `oss-${region}`,
  bucket, accessKeyId, accessKeySecret, authorizationV4, refreshSTSTokenInterval: 0,
});

async function presign(client, v4, method, key, headers = {}) {
  if (v4) return client.signatureUrlV4(method, 600, { headers }, key);
  // By version 1 the SDK puts no bucket into a path, so only the signature is taken from it.
  const signed = new URL(await client.asyncSignatureUrl(key, { method, expires: 600, 'Content-Type': headers['Content-Type'] }));
  const path = encodeURIComponent(key).replaceAll('%2F', '/');
  return `${endpoint}/${bucket}/${path}${signed.search}`;
}

async function meet(name, v4) {
  const client = connect(v4);
  for (const rest of [SMALL, SPECIAL, DELETED]) {
    await client.put(`${name}/${rest}`, Buffer.from(text(name)), { meta: { client: name }, mime: 'text/plain' });
  }
  const upload = await client.multipartUpload(`${name}/${MULTIPART}`, PATTERN, { partSize: PART, parallel: 2 });
  assert.match(upload.etag, /-3"$/);
  assert.equal((await client.listUploads({})).uploads.length, 0);
  const headers = { 'Content-Type': 'text/plain' };
  const put = await fetch(await presign(client, v4, 'PUT', `${name}/${PRESIGNED}`, headers), { method: 'PUT', headers, body: text(name) });
  assert.equal(put.status, 200, await put.text());
  await client.delete(`${name}/${DELETED}`);

  for (const writer of [name, 'ours']) {
    for (const rest of [SMALL, SPECIAL]) {
      assert.equal((await client.get(`${writer}/${rest}`)).content.toString(), text(writer));
    }
    assert.ok((await client.get(`${writer}/${MULTIPART}`)).content.equals(PATTERN));
    const range = await client.get(`${writer}/${MULTIPART}`, { headers: { Range: 'bytes=102390-102419', 'x-oss-range-behavior': 'standard' } });
    assert.ok(range.content.equals(PATTERN.subarray(102390, 102420)));
    const got = await fetch(await presign(client, v4, 'GET', `${writer}/${SPECIAL}`));
    assert.equal(await got.text(), text(writer));
    assert.equal((await client.head(`${writer}/${SMALL}`)).meta.client, writer);
  }
  const keys = [];
  let token;
  do {
    const page = await client.listV2({ prefix: `${name}/`, 'max-keys': 3, 'continuation-token': token });
    keys.push(...page.objects.map(object => object.name));
    token = page.nextContinuationToken;
  } while (token);
  assert.deepEqual(keys, [SPECIAL, MULTIPART, PRESIGNED, SMALL].map(rest => `${name}/${rest}`));
  await assert.rejects(client.get(`${name}/${DELETED}`), { status: 404, code: 'NoSuchKey' });
  await assert.rejects(connect(v4, 'wrong').get('ours/small.txt'), { status: 403, code: 'SignatureDoesNotMatch' });
  appendFileSync(done, `${name}\n`);
}

await meet('ali-oss', true);
await meet('ali-oss-by-v1', false);
