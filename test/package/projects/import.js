import { createClient } from 'fastdfs-streams';
import 'fastdfs-streams/blob-store';
import 'fastdfs-streams/classic';
import 'fastdfs-streams/formidable';
import 'fastdfs-streams/http';
import 'fastdfs-streams/multer';
import 'fastdfs-streams/parts';
import { EmbeddedFastDFS } from 'fastdfs-streams/embedded';
import manifest from 'fastdfs-streams/package.json' with { type: 'json' };

const fdfs = await EmbeddedFastDFS.start();
const client = createClient(fdfs.options);
const { fileId } = await client.upload('there and back', { ext: 'txt' });
console.log(manifest.name, (await client.download(fileId)).toString());
await client.close();
await fdfs.stop();
await import('fastdfs-streams/tus').catch((error) => console.log(error.code, error.message));
await import('fastdfs-streams/dist/client.js').catch((error) => console.log(error.code));
