/**
 * GET of a tus server names the file in a header. `@tus/server` puts the name there unchanged, and a header takes only characters
 * up to U+00FF: it answers 500 for uploads with any other name, whatever the store.
 */
import { create } from 'content-disposition';

/** The part of a `Server` that this needs. */
export interface FileNameQuoter {
  /** What answers GET. */
  handlers: {
    /** The one for finished uploads. */
    GET: {
      /** Puts a file name into the header. */
      quote(filename: string): string;
    };
  };
}

/**
 * Lets GET of a tus server work for file names in all languages.
 * @returns the server
 */
export function allowAnyFileName<Server extends FileNameQuoter>(server: Server): Server {
  server.handlers.GET.quote = (filename) => {
    // `attachment; filename="plain.txt"; filename*=UTF-8''…`: the server has written the beginning itself.
    const header = create(filename);
    return header.slice(header.indexOf('=') + 1);
  };
  return server;
}
