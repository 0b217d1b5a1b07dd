/** What can be done with a listed file. Files go by their key: no path, and no file id, comes from outside. */
import { Router } from 'express';
import { createToken, type FastDFSClient } from 'fastdfs-streams';
import type { FileList } from './file-list.js';

/** How long a shared link works. */
export const LINK_SECONDS = 15 * 60;

const THUMBNAIL_SUFFIX = '_200x200';
const MAX_THUMBNAIL_BYTES = 128 * 1024;

export function fileRoutes(client: FastDFSClient, list: FileList, secret: string): Router {
  const router = Router();

  // The page makes the small picture; here it becomes a slave of the large one: `…_200x200.jpg`.
  router.put('/:key/thumbnail', async (req, res) => {
    const { key, fileId, thumbnail } = list.get(req.params.key);
    const size = Number(req.headers['content-length']);
    if (!req.is('image/jpeg')) {
      res.status(415).json({ error: 'A thumbnail is a JPEG picture' });
    } else if (!(size > 0 && size <= MAX_THUMBNAIL_BYTES)) {
      res.status(413).json({ error: `A thumbnail has at most ${MAX_THUMBNAIL_BYTES} bytes` });
    } else if (thumbnail !== undefined) {
      res.status(409).json({ error: 'The file has a thumbnail' });
    } else {
      const slave = await client.uploadSlave(fileId, THUMBNAIL_SUFFIX, req, { size, ext: 'jpg' });
      list.setThumbnail(key, slave.fileId);
      res.status(201).json({ fileId: slave.fileId });
    }
  });

  // A link for anybody, as the web servers of FastDFS check it: who has it needs no login until it expires.
  router.post('/:key/link', (req, res) => {
    const { fileId, name } = list.get(req.params.key);
    const now = Math.floor(Date.now() / 1000);
    const query = new URLSearchParams({
      token: createToken(fileId, secret, now),
      ts: String(now),
      filename: name,
    });
    res.json({ url: `/s/${fileId}?${query}`, expiresAt: new Date((now + LINK_SECONDS) * 1000) });
  });

  // Slaves are files of their own: FastDFS does not remove them with their master.
  router.delete('/:key', async (req, res) => {
    const { key, fileId, thumbnail } = list.get(req.params.key);
    if (thumbnail !== undefined) await client.delete(thumbnail, { ignoreNotFound: true });
    await client.delete(fileId, { ignoreNotFound: true });
    list.remove(key);
    res.sendStatus(204);
  });

  return router;
}
