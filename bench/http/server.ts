/** One web server in a process of its own. Reports its port, then at each message what it has used so far. */
import type { AddressInfo } from 'node:net';
import express from 'express';
import { cpuSeconds, peakRss } from '../own-process.js';
import { WEB_CONTENDERS, type WebSettings } from './contenders.js';

export interface Usage {
  cpuSeconds: number;
  peakRss: number;
}

process.once('message', async (settings: WebSettings) => {
  const app = express();
  await WEB_CONTENDERS[settings.contender]!(app, settings);
  const server = app.listen(0, '127.0.0.1', () => {
    process.on('message', () => process.send!({ result: { cpuSeconds: cpuSeconds(), peakRss: peakRss() } }));
    process.send!({ result: (server.address() as AddressInfo).port });
  });
});
process.once('disconnect', () => process.exit(0));
