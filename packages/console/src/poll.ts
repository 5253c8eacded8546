import { useEffect, useState } from 'preact/hooks';
import { isSignedOut, messageOf } from './session.ts';

/** How the page stands to the server. */
export type Contact = { readonly state: 'ok' | 'lost' | 'signed-out'; readonly why?: string };

let contact: Contact = { state: 'ok' };
const listeners = new Set<(contact: Contact) => void>();

export function report(error: unknown): void {
  contact =
    error === undefined
      ? { state: 'ok' }
      : { state: isSignedOut(error) ? 'signed-out' : 'lost', why: messageOf(error) };
  for (const tell of listeners) tell(contact);
}

export function useContact(): Contact {
  const [now, tell] = useState(contact);
  useEffect(() => {
    listeners.add(tell);
    tell(contact);
    return () => void listeners.delete(tell);
  }, []);
  return now;
}

/** Asks again and again while the page is seen; goes on by itself when the server is back. */
export function usePoll<T>(ask: () => Promise<T>, everyMs: number, key = ''): [T | undefined, () => void] {
  const [value, setValue] = useState<T>();
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for what `ask` depends on
  useEffect(() => {
    let ended = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const turn = async () => {
      clearTimeout(timer);
      try {
        const answer = await ask();
        if (ended) return;
        setValue(() => answer);
        report(undefined);
      } catch (error) {
        if (!ended) report(error);
      }
      if (!ended && !document.hidden) timer = setTimeout(turn, everyMs);
    };
    const seen = () => {
      if (!document.hidden) void turn();
    };
    void turn();
    document.addEventListener('visibilitychange', seen);
    return () => {
      ended = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, [key, round]);
  return [value, () => setRound((n) => n + 1)];
}
