import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { errorMessage, StartError } from '../daemon/start-error.ts';

/** How often it is looked whether the files are others by now. By name, as they are replaced by renaming, or behind links. */
const LOOK_MS = 2_000;

/** Where the certificate and its key are. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** Told when new files are served, or why they are not. */
export type TlsListener = (files: TlsFiles, problem: unknown) => void;

/** Reads the files. Throws a StartError where they are none, or do not belong together. */
export async function readTls(files: TlsFiles): Promise<SecureContextOptions> {
  const cert = await read(files.cert, 'api_tls_cert');
  const key = await read(files.key, 'api_tls_key');
  const options: SecureContextOptions = { cert, key, minVersion: 'TLSv1.2' };
  try {
    createSecureContext(options);
  } catch (error) {
    throw new StartError(
      `TLS for the API cannot be set up: ${errorMessage(error)}`,
      `see that ${files.cert} is a certificate and ${files.key} its key, both in PEM`,
      error,
    );
  }
  return options;
}

async function read(file: string, setting: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new StartError(
      `${file} cannot be read: ${errorMessage(error)}`,
      `${setting} names it: see that it is there and that this user may read it`,
      error,
    );
  }
}

/**
 * Has the server take up a renewed certificate, for connections from then on. What cannot be served leaves the one before in place: two files do not
 * change in one moment. Yields what ends it.
 */
export function followTls(server: Server, files: TlsFiles, told: TlsListener, lookMs = LOOK_MS): () => void {
  let ended = false;
  let last: Promise<void> = Promise.resolve();
  const renew = async () => {
    try {
      const options = await readTls(files);
      if (ended) return;
      server.setSecureContext(options);
      told(files, undefined);
    } catch (error) {
      if (!ended) told(files, error);
    }
  };
  const changed = () => {
    last = last.then(renew);
  };
  for (const file of [files.cert, files.key])
    watchFile(file, { persistent: false, interval: lookMs }, changed);
  return () => {
    ended = true;
    for (const file of [files.cert, files.key]) unwatchFile(file, changed);
  };
}
