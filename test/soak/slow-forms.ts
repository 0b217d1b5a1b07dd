/** Forms that are posted slowly to a server with multer, which cannot know how long their files are. */
import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import express from 'express';
import multer from 'multer';
import { fdfsStorage } from '../../src/adapters/multer/index.js';
import type { FastDFSClient } from '../../src/index.js';

const PIECES = 30;
const BOUNDARY = 'slow-form';

/** @returns the ids of the files of `forms` forms that are sent at the same time, each over `duration` ms */
export async function postForms(
  client: FastDFSClient,
  content: Buffer,
  forms: number,
  duration: number,
): Promise<string[]> {
  await using storage = fdfsStorage(client);
  const app = express();
  app.post('/', multer({ storage }).single('file'), (req, res) => {
    res.json({ fileId: req.file?.fileId });
  });
  const server = app.listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return await Promise.all(Array.from({ length: forms }, () => postSlowly(port, content, duration)));
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function postSlowly(port: number, content: Buffer, duration: number): Promise<string> {
  const headers = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
  const form = request({ host: '127.0.0.1', port, method: 'POST', headers });
  const answer = once(form, 'response');
  form.write(
    `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="slow.bin"\r\n` +
      'content-type: application/octet-stream\r\n\r\n',
  );
  const piece = Math.ceil(content.length / PIECES);
  for (let at = 0; at < content.length; at += piece) {
    form.write(content.subarray(at, at + piece));
    await delay(duration / PIECES);
  }
  form.end(`\r\n--${BOUNDARY}--\r\n`);
  const [response] = await answer;
  const { fileId } = (await json(response)) as { fileId?: string };
  if (fileId === undefined) throw new Error(`The form was answered with status ${response.statusCode}`);
  return fileId;
}
