/** Uploads to FastDFS and downloads from it with NestJS. Start it with `npx tsx examples/nest/app.ts`. */
import 'reflect-metadata';
import {
  BadRequestException,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Module,
  Post,
  Query,
  UploadedFile,
  UseInterceptors,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FileInterceptor, MulterModule } from '@nestjs/platform-express';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { FastDFSClient } from 'fastdfs-streams';
import { EmbeddedFastDFS } from 'fastdfs-streams/embedded';
import { fdfsServe } from 'fastdfs-streams/http';
import { FastDFSHealthIndicator, FastDFSModule, fdfsMulter, InjectFastDFS } from 'fastdfs-streams/nest';

// A cluster of your own (FDFS_CONF), or else FastDFS servers inside this process.
const { FDFS_CONF, PORT = '3000' } = process.env;
const embedded = FDFS_CONF ? undefined : await EmbeddedFastDFS.start();

@Controller()
class FilesController {
  @InjectFastDFS() private readonly client!: FastDFSClient;

  // The file is in FastDFS, whole and verified, before this runs.
  @Post()
  @UseInterceptors(FileInterceptor('file'))
  upload(@UploadedFile() file?: Express.Multer.File) {
    if (!file) throw new BadRequestException('The form has no field `file`');
    const { fileId, size } = file;
    return { fileId, size };
  }

  // A missing file is answered 404 and a cluster that is down 503, by the errors themselves.
  @Get('stat')
  async stat(@Query('id') fileId: string) {
    const { size, createdAt } = await this.client.stat(fileId, { source: 'server' });
    return { size, createdAt };
  }

  @Delete()
  @HttpCode(204)
  async remove(@Query('id') fileId: string) {
    await this.client.delete(fileId);
  }
}

@Controller('health')
class HealthController {
  @Inject(HealthCheckService) private readonly health!: HealthCheckService;
  @Inject(FastDFSHealthIndicator) private readonly fdfs!: FastDFSHealthIndicator;

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([() => this.fdfs.isHealthy()]);
  }
}

@Module({
  imports: [
    FastDFSModule.forRootAsync({ useFactory: () => FDFS_CONF ?? embedded!.options }),
    MulterModule.registerAsync(fdfsMulter({ limits: { files: 1, fileSize: 1024 ** 3 } })),
    TerminusModule,
  ],
  controllers: [FilesController, HealthController],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error'] });
// Content, with ranges and caching: GET /files/group1/M00/…
app.use('/files', fdfsServe(app.get(FastDFSClient)));
// Closes the client when the process is asked to stop, after the last answer.
app.enableShutdownHooks();
await app.listen(Number(PORT), '127.0.0.1');
console.log(`POST a form with a field \`file\` to ${await app.getUrl()}/`);
