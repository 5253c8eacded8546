import { ApiError, browserTransport, TypedClient } from '@dfs/api/browser';

/** Half of the session; the other half is a cookie that no script sees. Kept by this origin, port and all. */
const KEY = 'dfs-console-key';

const transport = browserTransport(() => localStorage.getItem(KEY) ?? undefined);

/** For what is looked at: who does not answer soon is away. */
export const api = new TypedClient(transport);

/** Milliseconds. What is changed is on the disk before it is answered, and a disk may be slow. */
const CHANGE_TIMEOUT_MS = 30_000;
/** For what is done. */
export const steering = new TypedClient(transport, { timeoutMs: CHANGE_TIMEOUT_MS });

/** Takes a link's secret for a session. Rejects with an ApiError. */
export async function signIn(secret: string): Promise<void> {
  const { key } = await steering.signIn(secret);
  localStorage.setItem(KEY, key);
}

/** This browser is signed out also where the server does not hear of it: without the key the cookie is worth nothing. */
export async function signOut(): Promise<void> {
  try {
    await steering.signOut();
  } finally {
    localStorage.removeItem(KEY);
  }
}

const HTTP = { NOT_FOUND: 404, PRECONDITION_FAILED: 412 } as const;

export const isConflict = (error: unknown): boolean =>
  error instanceof ApiError && error.problem?.status === HTTP.PRECONDITION_FAILED;

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
export const isGone = (error: unknown): boolean =>
  error instanceof ApiError && error.problem?.status === HTTP.NOT_FOUND;
