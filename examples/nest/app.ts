/** Uploads to FastDFS with NestJS and its FileInterceptor. Start it with `npx tsx examples/nest/app.ts`. */
import 'reflect-metadata';
import { BadRequestException, Controller, Module, Post, UploadedFile, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FileInterceptor } from '@nestjs/platform-express';
import { createClient } from 'fastdfs-streams';
import { EmbeddedFastDFS } from 'fastdfs-streams/embedded';
import { fdfsStorage } from 'fastdfs-streams/multer';

// A cluster of your own (FDFS_CONF), or else FastDFS servers inside this process.
const { FDFS_CONF, PORT = '3000' } = process.env;
const embedded = FDFS_CONF ? undefined : await EmbeddedFastDFS.start();
const client = createClient(FDFS_CONF ?? embedded!.options);
const storage = fdfsStorage(client);

@Controller()
class UploadController {
  @Post()
  @UseInterceptors(FileInterceptor('file', { storage, limits: { files: 1, fileSize: 1024 ** 3 } }))
  upload(@UploadedFile() file?: Express.Multer.File) {
    if (!file) throw new BadRequestException('The form has no field `file`');
    const { fileId, size } = file;
    return { fileId, size };
  }
}

@Module({ controllers: [UploadController] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error'] });
await app.listen(Number(PORT), '127.0.0.1');
console.log(`POST a form with a field \`file\` to ${await app.getUrl()}/`);
