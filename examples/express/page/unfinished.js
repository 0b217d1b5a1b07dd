/** Uploads that an earlier visit left unfinished: tus-js-client keeps their addresses in the storage of the browser. */

const storage = () => globalThis.tus.defaultOptions.urlStorage;

/** Returns the uploads that the server still knows: key, name, bytes sent and in all; forgets the others. */
export async function findUnfinished() {
  const known = await storage().findAllUploads();
  const found = await Promise.all(known.map(inspect));
  return found.filter((upload) => upload !== undefined);
}

async function inspect({ uploadUrl, size, metadata, urlStorageKey }) {
  const answer = await fetch(uploadUrl, { method: 'HEAD', headers: { 'Tus-Resumable': '1.0.0' } }).catch(
    () => undefined,
  );
  const offset = Number(answer?.headers.get('Upload-Offset'));
  if (answer && (!answer.ok || offset === size)) {
    await storage().removeUpload(urlStorageKey);
    return undefined;
  }
  if (!metadata?.key) return undefined;
  return {
    key: metadata.key,
    name: metadata.filename,
    sent: offset || 0,
    total: size,
    uploadUrl,
    urlStorageKey,
  };
}

/** Removes what the server has of the upload. */
export async function discard({ uploadUrl, urlStorageKey }) {
  await globalThis.tus.Upload.terminate(uploadUrl).catch(() => undefined);
  await storage().removeUpload(urlStorageKey);
}
