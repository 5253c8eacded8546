import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { failed } from './contact.ts';

/** Something to do that is asked about first. */
export interface Deed {
  readonly title: string;
  readonly consequence: string;
  readonly verb: string;
  /** Takes something away from somebody. */
  readonly isHarsh?: boolean;
  readonly run: () => Promise<unknown>;
}

/** Says what will happen, and does it only then. `children` are what else is asked, `deed` may depend on it. */
export function Confirm({
  deed,
  onClose,
  children,
}: {
  deed: Deed;
  onClose: () => void;
  children?: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  useEffect(() => dialog.current?.showModal(), []);
  const go = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await deed.run();
      onClose();
    } catch (error) {
      setProblem(failed(error) ?? 'The server cannot be reached; whether it was done is not known.');
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="deed" aria-describedby="consequence">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void go();
        }}
      >
        <h2 id="deed">{deed.title}</h2>
        {children}
        <p id="consequence">{deed.consequence}</p>
        {problem !== undefined && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <div class="buttons">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class={deed.isHarsh === true ? 'danger' : 'primary'} disabled={busy}>
            {busy ? 'Working …' : deed.verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** A page's name, what it is for, and what can be done with all of it. */
export function Head({
  title,
  says,
  children,
}: {
  title: string;
  says: string;
  children?: ComponentChildren;
}) {
  return (
    <div class="head">
      <div>
        <h1>{title}</h1>
        <p class="soft">{says}</p>
      </div>
      <div class="bar">{children}</div>
    </div>
  );
}

/** A field for a word that what is shown must hold; `hint` says what kind of word. */
export function Find({ word, hint, onWord }: { word: string; hint: string; onWord: (word: string) => void }) {
  return (
    <label>
      Find{' '}
      <input type="search" value={word} placeholder={hint} onInput={(e) => onWord(e.currentTarget.value)} />
    </label>
  );
}

export function Stat({
  label,
  value,
  hint,
  isBad,
}: {
  label: string;
  value: string;
  hint?: string;
  isBad?: boolean;
}) {
  return (
    <div class="stat" title={hint}>
      <dt>{label}</dt>
      <dd class={isBad === true ? 'changed' : undefined}>{value}</dd>
    </div>
  );
}

/** Until the server has answered for the first time, or when it will not. */
export function Loading({ problem }: { problem?: string | undefined }) {
  if (problem !== undefined) return <Empty title="The server does not say">{problem}</Empty>;
  return <p class="loading soft">Asking the server …</p>;
}

export function Empty({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="empty card">
      <h2>{title}</h2>
      <p>{children}</p>
    </div>
  );
}
