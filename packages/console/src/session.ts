import { ApiError, browserTransport, TypedClient } from '@dfs/api/browser';

/** Half of the session; the other half is a cookie that no script sees. Kept by this origin, port and all. */
const KEY = 'dfs-console-key';

export const api = new TypedClient(browserTransport(() => localStorage.getItem(KEY) ?? undefined));

/** Takes a link's secret for a session. Rejects with an ApiError. */
export async function signIn(secret: string): Promise<void> {
  const { key } = await api.signIn(secret);
  localStorage.setItem(KEY, key);
}

export async function signOut(): Promise<void> {
  await api.signOut();
  localStorage.removeItem(KEY);
}

const HTTP = { UNAUTHORIZED: 401, PRECONDITION_FAILED: 412 } as const;

export const isSignedOut = (error: unknown): boolean =>
  error instanceof ApiError && error.problem?.status === HTTP.UNAUTHORIZED;

export const isConflict = (error: unknown): boolean =>
  error instanceof ApiError && error.problem?.status === HTTP.PRECONDITION_FAILED;

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
