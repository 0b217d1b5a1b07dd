import { describe, expect, it } from 'vitest';
import {
  ArgumentError,
  ClosedError,
  FastDFSError,
  isNotFound,
  NetworkError,
  ProtocolError,
  ServerError,
  TimeoutError,
} from '../../../src/core/base/errors.js';

describe('errors', () => {
  it.each([
    [new NetworkError('FASTDFS_CONNECTION_LOST', 'x'), 'NetworkError', 'FASTDFS_CONNECTION_LOST'],
    [new ProtocolError('x'), 'ProtocolError', 'FASTDFS_PROTOCOL'],
    [
      new ProtocolError('x', { code: 'FASTDFS_CHECKSUM_MISMATCH' }),
      'ProtocolError',
      'FASTDFS_CHECKSUM_MISMATCH',
    ],
    [new ArgumentError('x'), 'ArgumentError', 'FASTDFS_ARGUMENT'],
    [new ArgumentError('x', { code: 'FASTDFS_CONFIG' }), 'ArgumentError', 'FASTDFS_CONFIG'],
    [new ClosedError(), 'ClosedError', 'FASTDFS_CLOSED'],
    [new TimeoutError('connect', 'x'), 'TimeoutError', 'FASTDFS_CONNECT_TIMEOUT'],
    [new TimeoutError('lease', 'x'), 'TimeoutError', 'FASTDFS_POOL_TIMEOUT'],
    [new TimeoutError('response', 'x'), 'TimeoutError', 'FASTDFS_RESPONSE_TIMEOUT'],
    [new TimeoutError('progress', 'x'), 'TimeoutError', 'FASTDFS_PROGRESS_TIMEOUT'],
  ])('%s has name %s and code %s', (error, name, code) => {
    expect(error).toBeInstanceOf(FastDFSError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name, code, retryable: false, maybeApplied: false });
  });

  it('keep what is known, and have a cause only where there is one', () => {
    const cause = new Error('inner');
    const details = {
      command: 'DELETE_FILE',
      address: 'a:1',
      fileId: 'f',
      retryable: true,
      maybeApplied: true,
      orphan: 'o',
    };
    expect(new NetworkError('FASTDFS_CONNECTION_LOST', 'x', { ...details, cause })).toMatchObject({
      ...details,
      cause,
    });
    expect(Object.hasOwn(new NetworkError('FASTDFS_CONNECTION_LOST', 'x'), 'cause')).toBe(false);
  });
});

describe('ServerError', () => {
  it.each([
    [1, 'EPERM', 'FASTDFS_NOT_PERMITTED'],
    [2, 'ENOENT', 'FASTDFS_NOT_FOUND'],
    [17, 'EEXIST', 'FASTDFS_EXISTS'],
    [22, 'EINVAL', 'FASTDFS_INVALID'],
    [28, 'ENOSPC', 'FASTDFS_NO_SPACE'],
    [99, 'E99', 'FASTDFS_SERVER_ERROR'],
    [255, 'E255', 'FASTDFS_SERVER_ERROR'],
  ])('knows status %i as %s', (status, errno, code) => {
    expect(new ServerError(status)).toMatchObject({ name: 'ServerError', serverStatus: status, errno, code });
  });

  it('says command, file, server and what to do', () => {
    const error = new ServerError(28, {
      command: 'UPLOAD_FILE',
      address: '10.0.0.1:23000',
      fileId: 'g/M00/x',
    });
    expect(error.message).toMatch(
      /^UPLOAD_FILE for g\/M00\/x was refused at 10\.0\.0\.1:23000 with status 28: /,
    );
    expect(error.message).toContain('reserved_storage_space');
    expect(new ServerError(16, { hint: 'recovering its data' }).message).toContain('recovering its data');
  });
});

describe('isNotFound', () => {
  it('is true for status 2 only', () => {
    expect(isNotFound(new ServerError(2))).toBe(true);
    expect(isNotFound(new ServerError(22))).toBe(false);
    expect(isNotFound(new Error('ENOENT'))).toBe(false);
    expect(isNotFound(undefined)).toBe(false);
  });
});
