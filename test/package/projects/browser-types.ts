import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { createClient } from 'fastdfs-streams';
import { fdfsBlobStore } from 'fastdfs-streams/blob-store';
import { fdfsFetch } from 'fastdfs-streams/fetch';
import { uploadPart } from 'fastdfs-streams/parts';

// As in a project without `lib`, where the types of browsers describe fetch, streams and files.
const client = createClient({ trackers: 'tracker.example.com' });
const blobs = fdfsBlobStore(client);

export async function upload(request: Request, file: File): Promise<void> {
  const response: Response = await fetch('https://example.com/');
  await client.upload(response);
  await client.upload(response.body!);
  await client.upload(request);
  await client.upload(file);
  await client.upload(file.stream());
  await client.upload(file.stream().pipeThrough(new TextDecoderStream()));
  await client.upload(createReadStream('a'), { signal: request.signal });
  await client.append('group1/M00/00/00/a', file.stream());
  await blobs.put('key', file.stream());
  await uploadPart(client, (await request.formData()).get('file') as File);
  // @ts-expect-error neither bytes nor text
  await client.upload(new ReadableStream<number>());
}

export const answer: (request: Request) => Promise<Response> = fdfsFetch(client);
export const server = createServer();
