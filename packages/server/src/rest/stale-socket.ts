import { once } from 'node:events';
import { lstat, mkdir, unlink } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { errorCode, errorMessage, StartError } from '../daemon/start-error.ts';

const OWNER_ONLY = 0o700;
const OTHERS_MAY_WRITE = 0o022;
const ANSWER_TIMEOUT_MS = 2_000;

/** Removes a socket that nobody answers on. Refuses to touch one that is in use, or a file that is no socket. */
export async function clearStaleSocket(socketPath: string): Promise<void> {
  try {
    const found = await lstat(socketPath);
    if (!found.isSocket()) {
      throw new StartError(
        `${socketPath} exists and is not a socket`,
        'remove it, or choose another place with --api-socket',
      );
    }
    if (await answers(socketPath)) {
      throw new StartError(
        `a server answers on ${socketPath} already`,
        'stop it (dfs status shows its process id), or choose another place with --api-socket',
      );
    }
    await unlink(socketPath);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    if (error instanceof StartError) throw error;
    throw new StartError(
      `cannot use ${socketPath} for the API: ${errorMessage(error)}`,
      'choose another place with --api-socket',
      error,
    );
  }
}

async function answers(socketPath: string): Promise<boolean> {
  const socket = net.connect({ path: socketPath });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    return true;
  } catch (error) {
    if (errorCode(error) === 'ECONNREFUSED') return false;
    throw error;
  } finally {
    socket.destroy();
  }
}

/** Makes the folder for sockets of this user, or checks that the one there is really theirs: in /tmp anybody could have made it. */
export async function ensurePrivateFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: OWNER_ONLY });
    const found = await lstat(folder);
    const own =
      found.isDirectory() && found.uid === process.getuid?.() && (found.mode & OTHERS_MAY_WRITE) === 0;
    if (own) return;
  } catch (error) {
    throw unusable(folder, errorMessage(error), error);
  }
  throw unusable(folder, 'it belongs to another user, or others may write in it');
}

function unusable(folder: string, reason: string, cause?: unknown): StartError {
  return new StartError(
    `the folder ${path.resolve(folder)} for the API's socket cannot be used: ${reason}`,
    'remove it, set XDG_RUNTIME_DIR, or choose another place with --api-socket',
    cause,
  );
}
