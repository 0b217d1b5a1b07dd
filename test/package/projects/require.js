const { createClient } = require('fastdfs-streams');
const { EmbeddedFastDFS } = require('fastdfs-streams/embedded');
for (const name of ['blob-store', 'classic', 'formidable', 'http', 'multer', 'parts', 'tus']) {
  require(`fastdfs-streams/${name}`);
}

EmbeddedFastDFS.start().then(async (fdfs) => {
  const client = createClient(fdfs.options);
  const { fileId } = await client.upload('there and back', { ext: 'txt' });
  console.log((await client.download(fileId)).toString());
  await client.close();
  await fdfs.stop();
});
