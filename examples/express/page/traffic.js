/** Reads the listed files one after the other, so that there is something to see when a storage stops. */

const PAUSE_MS = 80;
const PART = { Range: 'bytes=0-4095' };

/** @param files tells which there are now */
export function trafficSwitch(button, count, files) {
  let running = false;
  let read = 0;
  let failed = 0;

  async function one() {
    const readable = files().filter(({ size }) => size > 0);
    if (readable.length === 0) return;
    const { fileId } = readable[read % readable.length];
    read += 1;
    try {
      const response = await fetch(`f/${fileId}`, { headers: PART, cache: 'no-store' });
      await response.arrayBuffer();
      if (!response.ok) failed += 1;
    } catch {
      failed += 1;
    }
  }

  async function loop() {
    while (running) {
      await one();
      count.textContent = read === 0 ? 'There is no file to read yet.' : `${read} read, ${failed} failed`;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  button.addEventListener('click', () => {
    running = !running;
    button.ariaPressed = String(running);
    button.textContent = running ? 'Stop reading' : 'Read files in a loop';
    if (running) void loop();
  });
}
