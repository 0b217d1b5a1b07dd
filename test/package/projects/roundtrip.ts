import { createClient } from 'fastdfs-streams';
import { EmbeddedFastDFS } from 'fastdfs-streams/embedded';

async function main(): Promise<void> {
  const fdfs = await EmbeddedFastDFS.start();
  const client = createClient(fdfs.options);
  const { fileId } = await client.upload('there and back', { ext: 'txt' });
  console.log((await client.download(fileId)).toString());
  await client.close();
  await fdfs.stop();
}

void main();
