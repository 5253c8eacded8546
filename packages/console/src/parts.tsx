import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from './session.ts';

/** Something to do that is asked about first. */
export interface Deed {
  readonly title: string;
  readonly consequence: string;
  readonly verb: string;
  readonly run: () => Promise<unknown>;
}

/** Says what will happen, and does it only then. */
export function Confirm({ deed, onClose }: { deed: Deed; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  useEffect(() => dialog.current?.showModal(), []);
  const go = async () => {
    setBusy(true);
    try {
      await deed.run();
      onClose();
    } catch (error) {
      setProblem(messageOf(error));
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="deed">
      <h2 id="deed">{deed.title}</h2>
      <p>{deed.consequence}</p>
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <div class="buttons">
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" class="danger" disabled={busy} onClick={go}>
          {busy ? 'Working …' : deed.verb}
        </button>
      </div>
    </dialog>
  );
}

export function Stat({ label, value, hint }: { label: string; value: string; hint?: string }) {
  return (
    <div class="stat" title={hint}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

export function Empty({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      <p>{children}</p>
    </div>
  );
}
