/** The web servers that are compared, all on Express. */
import express, { type Express, type Request, type Response } from 'express';
import { createClient } from 'fastdfs-streams';
import { fdfsServe } from 'fastdfs-streams/http';
import { fdfsStorage } from 'fastdfs-streams/multer';
import multer from 'multer';
import { floor } from '../contenders/floor.js';

export const FDFS_STORAGE = 'fdfsStorage';
export const MEMORY_STORAGE = 'memoryStorage + bare upload';
export const FDFS_SERVE = 'fdfsServe';
export const STATIC = 'express.static';

export interface WebSettings {
  contender: string;
  trackers: string[];
  /** Requests at a time. */
  concurrency: number;
  /** Of the files that `express.static` serves. */
  folder: string;
}

type Make = (app: Express, settings: WebSettings) => Promise<unknown>;

export const WEB_CONTENDERS: Record<string, Make> = {
  [FDFS_STORAGE]: async (app, { trackers }) => {
    const upload = multer({ storage: fdfsStorage({ trackers }) });
    app.post('/u', upload.single('file'), (req: Request, res: Response) => {
      res.end((req.file as unknown as { fileId: string }).fileId);
    });
  },
  [MEMORY_STORAGE]: async (app, { trackers, concurrency }) => {
    const bare = await floor(trackers, concurrency, false);
    const upload = multer({ storage: multer.memoryStorage() });
    app.post('/u', upload.single('file'), async (req: Request, res: Response) => {
      res.end(await bare.upload!(req.file!.buffer));
    });
  },
  [FDFS_SERVE]: async (app, { trackers }) => {
    app.use('/f', fdfsServe(createClient({ trackers })));
  },
  [STATIC]: async (app, { folder }) => {
    app.use('/f', express.static(folder));
  },
};
