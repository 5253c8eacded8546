import { useEffect, useRef, useState } from 'preact/hooks';
import { failed, heard } from './contact.ts';

/** While there is no contact, it is tried this often at the least. */
const RETRY_MS = 2000;

export interface Asked<T> {
  /** Of the same question; undefined until it has been answered once. */
  readonly value: T | undefined;
  /** What the server had against the latest one. */
  readonly problem: string | undefined;
  /** Asks now. */
  readonly again: () => void;
}

/** Asks again and again while the page is seen; goes on by itself when the server is back. Another `ask` is another question. */
export function usePoll<T>(ask: () => Promise<T>, everyMs: number): Asked<T> {
  const [answer, setAnswer] = useState<{ ask: typeof ask; value?: T; problem?: string }>({ ask });
  const now = useRef<() => void>(() => undefined);
  useEffect(() => {
    let turn = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const next = async () => {
      const mine = ++turn;
      clearTimeout(timer);
      let pause = everyMs;
      try {
        const value = await ask();
        if (mine !== turn) return;
        heard();
        setAnswer({ ask, value });
      } catch (error) {
        if (mine !== turn) return;
        const problem = failed(error);
        if (problem === undefined) pause = Math.min(pause, RETRY_MS);
        else setAnswer((before) => ({ ...(before.ask === ask ? before : { ask }), problem }));
      }
      if (!document.hidden) timer = setTimeout(next, pause);
    };
    const seen = () => {
      if (!document.hidden) void next();
    };
    now.current = () => void next();
    void next();
    document.addEventListener('visibilitychange', seen);
    addEventListener('online', seen);
    return () => {
      turn = -1;
      // What is done only now, on a page that was left, must not begin it anew.
      now.current = () => undefined;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
      removeEventListener('online', seen);
    };
  }, [ask, everyMs]);
  const { value, problem } = answer.ask === ask ? answer : { value: undefined, problem: undefined };
  return { value, problem, again: () => now.current() };
}
