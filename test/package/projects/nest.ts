import 'reflect-metadata';
import { Controller, Module, Post, UploadedFile, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FileInterceptor, MulterModule } from '@nestjs/platform-express';
import { createClient } from 'fastdfs-streams';
import { EmbeddedFastDFS } from 'fastdfs-streams/embedded';
import { fdfsStorage } from 'fastdfs-streams/multer';

@Controller()
class UploadController {
  @Post()
  @UseInterceptors(FileInterceptor('file'))
  upload(@UploadedFile() file: Express.Multer.File) {
    return { fileId: file.fileId };
  }
}

async function main(): Promise<void> {
  const fdfs = await EmbeddedFastDFS.start();
  const client = createClient(fdfs.options);

  @Module({
    imports: [MulterModule.register({ storage: fdfsStorage(client) })],
    controllers: [UploadController],
  })
  class AppModule {}

  const app = await NestFactory.create(AppModule, { logger: ['error'] });
  await app.listen(0, '127.0.0.1');
  const body = new FormData();
  body.append('file', new Blob(['there and back']), 'a.txt');
  const response = await fetch(await app.getUrl(), { method: 'POST', body });
  const { fileId } = (await response.json()) as { fileId: string };
  console.log((await client.download(fileId)).toString());
  await app.close();
  await client.close();
  await fdfs.stop();
}

void main();
