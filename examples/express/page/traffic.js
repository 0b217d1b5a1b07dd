/** Reads the listed files one after the other, so that there is something to see when a storage stops. */
import { text } from './words.js';

const PAUSE_MS = 80;
const PART = { Range: 'bytes=0-4095' };

/** @param files returns the listed files */
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
      count.textContent = read === 0 ? text('nothingToRead') : text('readCount', { read, failed });
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  button.addEventListener('click', () => {
    running = !running;
    button.ariaPressed = String(running);
    button.textContent = text(running ? 'stopReading' : 'readLoop');
    if (running) void loop();
  });
}
