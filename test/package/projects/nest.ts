import 'reflect-metadata';
import { Controller, Module, Post, UploadedFile, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FileInterceptor, MulterModule } from '@nestjs/platform-express';
import type { FastDFSClient } from 'fastdfs-streams';
import { EmbeddedFastDFS } from 'fastdfs-streams/embedded';
import { FastDFSModule, fdfsMulter, InjectFastDFS } from 'fastdfs-streams/nest';

@Controller()
class UploadController {
  constructor(@InjectFastDFS() private readonly client: FastDFSClient) {}

  @Post()
  @UseInterceptors(FileInterceptor('file'))
  async upload(@UploadedFile() file: Express.Multer.File) {
    return { content: (await this.client.download(file.fileId!)).toString() };
  }
}

async function main(): Promise<void> {
  const fdfs = await EmbeddedFastDFS.start();

  @Module({
    imports: [
      FastDFSModule.forRootAsync({ useFactory: async () => fdfs.options }),
      MulterModule.registerAsync(fdfsMulter({ storage: { keepFilename: true } })),
    ],
    controllers: [UploadController],
  })
  class AppModule {}

  const app = await NestFactory.create(AppModule, { logger: ['error'] });
  await app.listen(0, '127.0.0.1');
  const body = new FormData();
  body.append('file', new Blob(['there and back']), 'a.txt');
  const response = await fetch(await app.getUrl(), { method: 'POST', body });
  console.log(((await response.json()) as { content: string }).content);
  await app.close();
  await fdfs.stop();
}

void main();
