/** Answers errors of this package in Nest applications. */
import { STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, Inject, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { FastDFSError } from '../../core/base/errors.js';

/** Seconds in `Retry-After` of replies with status 503. */
const RETRY_AFTER = '5';

/**
 * An exception filter for applications on Nest before 11.2.8, which sends the message of any error with a status to the client: use it by
 * `{ provide: APP_FILTER, useClass: FastDFSExceptionFilter }`. The reply has the status of the error and the usual text for it,
 * and `Retry-After` with 503; errors with status 500 and above are logged. Errors outside HTTP are thrown again.
 */
export class FastDFSExceptionFilter implements ExceptionFilter<FastDFSError> {
  readonly #logger = new Logger('FastDFSExceptionFilter');
  readonly #host: HttpAdapterHost;

  /** @internal */
  constructor(host: HttpAdapterHost) {
    this.#host = host;
  }

  /** Called by Nest. */
  catch(error: FastDFSError, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error;
    const { httpAdapter } = this.#host;
    const response: unknown = host.switchToHttp().getResponse();
    const { statusCode } = error;
    if (statusCode >= 500) this.#logger.error(error.stack);
    if (httpAdapter.isHeadersSent(response)) {
      httpAdapter.end(response);
      return;
    }
    if (statusCode === 503) httpAdapter.setHeader(response, 'Retry-After', RETRY_AFTER);
    const message = STATUS_CODES[statusCode] ?? 'Client Closed Request';
    httpAdapter.reply(response, { statusCode, message }, statusCode);
  }
}

// Decorators as calls: bundlers and type strippers need no setting for them.
Catch(FastDFSError)(FastDFSExceptionFilter);
Inject(HttpAdapterHost)(FastDFSExceptionFilter, undefined, 0);
