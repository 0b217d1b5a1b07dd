/** Small pictures, made where the large ones are: the server needs no image library. */

const SIZE = 200;
const QUALITY = 0.82;
/** What JPEG shows where a picture is transparent. */
const PAPER = '#fff';
const VIDEO_MS = 5_000;

/** A JPEG of 200 × 200, cut from the middle; undefined for what the browser cannot show. */
export async function thumbnailOf(file) {
  try {
    if (file.type.startsWith('image/')) {
      const bitmap = await createImageBitmap(file);
      try {
        return await draw(bitmap, bitmap.width, bitmap.height);
      } finally {
        bitmap.close();
      }
    }
    return file.type.startsWith('video/') ? await frameOf(file) : undefined;
  } catch {
    return undefined;
  }
}

async function draw(source, width, height) {
  const canvas = new OffscreenCanvas(SIZE, SIZE);
  const context = canvas.getContext('2d');
  context.fillStyle = PAPER;
  context.fillRect(0, 0, SIZE, SIZE);
  context.imageSmoothingQuality = 'high';
  const side = Math.min(width, height);
  context.drawImage(source, (width - side) / 2, (height - side) / 2, side, side, 0, 0, SIZE, SIZE);
  return await canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
}

async function frameOf(file) {
  const video = document.createElement('video');
  const limit = AbortSignal.timeout(VIDEO_MS);
  const reached = (event) =>
    new Promise((resolve, reject) => {
      video.addEventListener(event, resolve, { once: true });
      video.addEventListener('error', reject, { once: true });
      limit.addEventListener('abort', reject, { once: true });
    });
  video.muted = true;
  video.preload = 'auto';
  video.src = URL.createObjectURL(file);
  try {
    await reached('loadeddata');
    // The very first frame is often black.
    video.currentTime = Math.min(1, video.duration / 2);
    await reached('seeked');
    return await draw(video, video.videoWidth, video.videoHeight);
  } finally {
    URL.revokeObjectURL(video.src);
    video.removeAttribute('src');
  }
}
