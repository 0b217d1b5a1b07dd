/** Files that are dropped, those of folders included. */

/** Folders may hold more than a page can show. */
const MAX_FILES = 1_000;

/** Returns the files of a drop. Must be called while the event is handled: afterwards the browser forgets the items. */
export async function readDropped(transfer) {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
  if (entries.length === 0) return [...transfer.files];
  const files = [];
  for (const entry of entries) await collect(entry, files);
  return files;
}

async function collect(entry, files) {
  if (files.length >= MAX_FILES) return;
  if (entry.isFile) {
    files.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    return;
  }
  const reader = entry.createReader();
  // A reader returns its entries in parts, and an empty part at the end.
  for (;;) {
    const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return;
    for (const child of part) await collect(child, files);
  }
}
