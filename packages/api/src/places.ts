import { createHash } from 'node:crypto';
import { homedir, tmpdir, userInfo } from 'node:os';
import path from 'node:path';

/** The variables that decide, so that a test can bring its own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A Unix socket's path has at most this many bytes (sun_path, without its NUL) on Linux and BSD alike. */
export const MAX_SOCKET_PATH_BYTES = 103;

const API_SOCKET = 'api.sock';
const HASH_CHARACTERS = 16;

/** Where data is kept unless told otherwise. */
export function defaultDataDirectory(env: Environment): string {
  const state = absolute(env['XDG_STATE_HOME']) ?? path.join(homeDirectory(env), '.local', 'state');
  return path.join(state, 'dfs');
}

/** For what lives only as long as a server: the user's own folder, closed to others. */
export function runtimeDirectory(env: Environment): string {
  const own = absolute(env['XDG_RUNTIME_DIR']);
  if (own !== undefined) return path.join(own, 'dfs');
  return path.join(tmpdir(), `dfs-${process.getuid?.() ?? userInfo().username}`);
}

/**
 * The API socket of a server with this data directory: inside it, so that two servers never meet; where that path is too
 * long for a socket, a name made from it in the runtime directory.
 */
export function dataSocketPath(dataDirectory: string, env: Environment): string {
  const inside = path.join(path.resolve(dataDirectory), API_SOCKET);
  if (Buffer.byteLength(inside) <= MAX_SOCKET_PATH_BYTES) return inside;
  const name = createHash('sha256').update(inside).digest('hex').slice(0, HASH_CHARACTERS);
  return path.join(runtimeDirectory(env), `data-${name}.sock`);
}

/** The API socket of a server that keeps nothing: told from others by the first port it serves. */
export function memorySocketPath(port: number, env: Environment): string {
  return path.join(runtimeDirectory(env), `memory-${port}.sock`);
}

/** The user's. Containers are often run by users whom their system does not know, and who have none: then it is the root, as container runtimes have it. */
export function homeDirectory(env: Environment): string {
  const given = absolute(env['HOME']);
  if (given !== undefined) return given;
  try {
    return homedir();
  } catch {
    return path.parse(process.cwd()).root;
  }
}

/** XDG: a path that is not absolute is to be ignored. */
function absolute(value: string | undefined): string | undefined {
  return value !== undefined && path.isAbsolute(value) ? value : undefined;
}
