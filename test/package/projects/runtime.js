// Runs on Bun, Deno and Node: what applications do with files, and a file server in the runtime's own way.
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createClient } from 'fastdfs-streams';
import { fdfsFetch } from 'fastdfs-streams/fetch';

const client = createClient({ trackers: process.argv.slice(2), group: 'group1' });
const big = Buffer.alloc(3_000_000, 'fastdfs');
const stored = [];
const keep = ({ fileId }) => {
  stored.push(fileId);
  return fileId;
};

const steps = {
  async buffers() {
    for (const content of [Buffer.alloc(0), Buffer.from('x'), big]) {
      const fileId = keep(await client.upload(content, { ext: 'bin' }));
      assert.ok((await client.download(fileId)).equals(content));
    }
  },
  async 'streams of unknown length'() {
    const fileId = keep(await client.upload(Readable.from([big, big])));
    assert.equal((await client.stat(fileId)).size, 2 * big.length);
    let size = 0;
    for await (const chunk of client.createDownloadStream(fileId, { start: 10 })) size += chunk.length;
    assert.equal(size, 2 * big.length - 10);
  },
  async 'upload streams'() {
    const upload = client.createUploadStream({ size: big.length });
    await pipeline(Readable.from([big]), upload);
    keep(upload);
    assert.ok((await client.download(upload.fileId)).equals(big));
  },
  async 'blobs, forms and bodies'() {
    const form = new FormData();
    form.append('file', new File([big], 'a.png'));
    const request = () => new Request('http://localhost', { method: 'POST', body: form });
    const file = (await request().formData()).get('file');
    const plain = new Request('http://localhost', { method: 'POST', body: big });
    for (const source of [new Blob([big]), file, new Response(big).body, new Response(big), plain]) {
      assert.ok((await client.download(keep(await client.upload(source)))).equals(big));
    }
  },
  async 'local files'() {
    const path = 'runtime.tmp';
    await writeFile(path, big);
    const fileId = keep(await client.uploadFile(path));
    assert.deepEqual((await client.downloadFile(fileId, path)).size, big.length);
    await rm(path);
  },
  async 'appender files'() {
    const fileId = keep(await client.upload('one', { appender: true }));
    await client.append(fileId, ' two');
    await client.modify(fileId, 0, 'ONE');
    assert.equal((await client.download(fileId)).toString(), 'ONE two');
  },
  async 'slaves and metadata'() {
    const master = keep(await client.upload('master', { ext: 'txt', metadata: { a: '1' } }));
    keep(await client.uploadSlave(master, '_s', 'slave'));
    await client.setMetadata(master, { b: '二' }, { mode: 'merge' });
    assert.deepEqual({ ...(await client.getMetadata(master)) }, { a: '1', b: '二' });
  },
  async 'errors, and signals'() {
    const fileId = keep(await client.upload('x'));
    await client.delete(fileId);
    stored.pop();
    await assert.rejects(client.download(fileId), { code: 'FASTDFS_NOT_FOUND', status: 404 });
    const signal = AbortSignal.abort(new Error('left'));
    await assert.rejects(client.upload(big, { signal }), /left/);
    assert.equal(await client.exists(fileId), false);
  },
  async 'many at a time'() {
    const contents = Array.from({ length: 50 }, (_, index) => `content ${index}`);
    const ids = await Promise.all(contents.map(async (text) => keep(await client.upload(text))));
    const downloads = await Promise.all(ids.map((id) => client.download(id)));
    assert.deepEqual(downloads.map(String), contents);
  },
  async 'a file server'() {
    const fileId = keep(await client.upload(big, { ext: 'png' }));
    await using server = await serve(fdfsFetch(client));
    const url = `${server.url}/${fileId}`;
    const whole = await fetch(url);
    assert.deepEqual([whole.status, whole.headers.get('content-type')], [200, 'image/png']);
    assert.ok(Buffer.from(await whole.arrayBuffer()).equals(big));
    const part = await fetch(url, { headers: { Range: 'bytes=-5' } });
    assert.deepEqual([part.status, await part.text()], [206, big.subarray(-5).toString()]);
    const cached = await fetch(url, { headers: { 'If-None-Match': whole.headers.get('etag') } });
    assert.equal(cached.status, 304);
    const head = await fetch(url, { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(big.length)]);
    assert.equal((await fetch(`${url}x`)).status, 404);
  },
  async 'a client of it that leaves'() {
    const fileId = keep(await client.upload(Buffer.alloc(64 * 1024 * 1024)));
    await using server = await serve(fdfsFetch(client));
    const { body } = await fetch(`${server.url}/${fileId}`);
    const reader = body.getReader();
    await reader.read();
    await reader.cancel();
    const leased = () => Object.values(client.stats()).reduce((sum, each) => sum + each.leased, 0);
    for (let tries = 0; leased() > 0 && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal(leased(), 0);
  },
};

async function serve(handler) {
  if (globalThis.Bun) {
    const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: handler });
    return { url: `http://127.0.0.1:${server.port}`, [Symbol.asyncDispose]: () => server.stop(true) };
  }
  if (globalThis.Deno) {
    const server = Deno.serve({ port: 0, hostname: '127.0.0.1', onListen() {} }, handler);
    return { url: `http://127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
  }
  throw new Error('neither Bun nor Deno');
}

for (const [name, step] of Object.entries(steps)) {
  try {
    await step();
  } catch (error) {
    console.log(`${name}: ${error.stack}`);
  }
}
for (const fileId of stored.reverse()) await client.delete(fileId);
await client.close();
console.log(`${Object.keys(steps).length} steps`);
