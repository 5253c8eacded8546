import { ApiError } from '@dfs/api/browser';
import { useEffect, useState } from 'preact/hooks';

/** How the page stands to the server. `since`: milliseconds since 1970. */
export type Contact =
  | { readonly state: 'ok' }
  | { readonly state: 'lost'; readonly since: number }
  | { readonly state: 'signed-out' };

const UNAUTHORIZED = 401;

let contact: Contact = { state: 'ok' };
const listeners = new Set<(contact: Contact) => void>();

function become(next: Contact): void {
  if (next.state === contact.state) return;
  contact = next;
  for (const tell of listeners) tell(contact);
}

/** To be told of every answer of the server. */
export function heard(): void {
  become({ state: 'ok' });
}

/** To be told of every request that failed. Answers what the server has against it; undefined where there was no server to say something. */
export function failed(error: unknown): string | undefined {
  if (!(error instanceof ApiError) || error.code === 'unreachable' || error.code === 'timeout') {
    become({ state: 'lost', since: Date.now() });
    return undefined;
  }
  become({ state: error.problem?.status === UNAUTHORIZED ? 'signed-out' : 'ok' });
  return error.message;
}

export function onContact(tell: (contact: Contact) => void): () => void {
  listeners.add(tell);
  return () => void listeners.delete(tell);
}

export function useContact(): Contact {
  const [now, tell] = useState(contact);
  useEffect(() => {
    tell(contact);
    return onContact(tell);
  }, []);
  return now;
}
