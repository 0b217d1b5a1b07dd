/** In front of one storage: passes on what it sends at a limited rate for each connection. Reports its port. */
import net, { type AddressInfo } from 'node:net';

export interface Throttle {
  host: string;
  port: number;
  bytesPerSecond: number;
}

/** A timer that comes late makes up for it by this much. */
const CATCH_UP_MS = 20;

process.once('message', ({ host, port, bytesPerSecond }: Throttle) => {
  const server = net.createServer({ noDelay: true }, (client) => {
    const storage = net.connect({ host, port, noDelay: true });
    client.pipe(storage);
    let due = 0;
    storage.on('data', (chunk) => {
      client.write(chunk);
      const now = performance.now();
      due = Math.max(due, now - CATCH_UP_MS) + (chunk.length * 1000) / bytesPerSecond;
      if (due <= now) return;
      storage.pause();
      setTimeout(() => storage.resume(), due - now);
    });
    for (const [from, to] of [
      [client, storage],
      [storage, client],
    ] as const) {
      from.on('error', () => undefined);
      from.on('close', () => to.destroy());
    }
  });
  server.listen(0, '127.0.0.1', () => process.send!({ result: (server.address() as AddressInfo).port }));
});
process.once('disconnect', () => process.exit(0));
