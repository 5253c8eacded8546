import type { NfsSettingDefaults, NfsSettingsAnswer, NfsSettingsChanged } from '@dfs/api';
import { useRef, useState } from 'preact/hooks';
import { failed } from '../contact.ts';
import { plural } from '../format.ts';
import { Head, Loading } from '../parts.tsx';
import { usePoll } from '../poll.ts';
import { api, isConflict, steering } from '../session.ts';

const EVERY_MS = 5000;
const DEFAULTS_EVERY_MS = 300_000;
const askSettings = () => api.nfsSettings();
const askDefaults = () => api.nfsSettingDefaults();

type Changes = Parameters<typeof api.updateNfsSettings>[0];
type Definition = NfsSettingDefaults['definitions'][number];
type Edits = Readonly<Record<string, string>>;
const shown = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : String(value));

/** What was typed, as the setting's type; the server says what is wrong with it. */
function typed(text: string, type: string): unknown {
  if (type === 'integer') return text.trim() === '' ? text : Number(text);
  if (type === 'boolean') return text === 'true';
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

const CONFLICT =
  'Somebody else has changed the settings meanwhile. They are shown as they are now; look again, then check your change once more.';

/** Changes that are typed, checked by the server, and applied only to the settings that they were typed for. */
function useChanges(version: number | undefined, definitions: readonly Definition[], again: () => void) {
  const [edits, setEdits] = useState<Edits>({});
  const [from, setFrom] = useState<number>();
  /** Of our own latest change, which the settings that are shown may not have yet. */
  const [applied, setApplied] = useState(0);
  const [plan, setPlan] = useState<NfsSettingsChanged>();
  const [note, setNote] = useState<string>();
  /** A second click would meet the version that the first has made. */
  const isSending = useRef(false);
  const types = new Map(definitions.map(({ name, type }) => [name, type]));
  const drop = () => {
    setEdits({});
    setFrom(undefined);
    setPlan(undefined);
  };
  const edit = (name: string, text: string) => {
    setEdits({ ...edits, [name]: text });
    setFrom(from ?? Math.max(version ?? 0, applied));
    setPlan(undefined);
    setNote(undefined);
  };
  const send = async (dryRun: boolean) => {
    if (isSending.current) return;
    isSending.current = true;
    setNote(undefined);
    const typedIn = Object.entries(edits).map(([name, text]) => [name, typed(text, types.get(name) ?? '')]);
    const changes = Object.fromEntries(typedIn) as Changes;
    try {
      const result = await steering.updateNfsSettings(changes, {
        dryRun,
        ...(from !== undefined && { version: from }),
      });
      if (dryRun) return setPlan(result);
      drop();
      setApplied(result.version);
      setNote('The settings are in effect.');
    } catch (error) {
      setPlan(undefined);
      const problem = failed(error) ?? 'The server cannot be reached; whether it was done is not known.';
      if (isConflict(error)) setFrom(undefined);
      setNote(isConflict(error) ? CONFLICT : problem);
    } finally {
      isSending.current = false;
    }
    again();
  };
  return { edits, plan, note, edit, drop, send };
}

export function Settings({ mayChange }: { mayChange: boolean }) {
  const { value: answer, problem, again } = usePoll(askSettings, EVERY_MS);
  const { value: defaults } = usePoll(askDefaults, DEFAULTS_EVERY_MS);
  const { edits, plan, note, edit, drop, send } = useChanges(
    answer?.version,
    defaults?.definitions ?? [],
    again,
  );
  const edited = Object.keys(edits).length;
  return (
    <>
      <Head title="Settings" says="They take effect at once, and are checked before they do" />
      {answer === undefined || defaults === undefined ? (
        <Loading problem={problem} />
      ) : (
        <>
          {(edited > 0 || note !== undefined || !mayChange) && (
            <div class="bar card pending">
              {edited > 0 && (
                <>
                  <button type="button" class="primary" onClick={() => send(true)}>
                    Check {plural(edited, 'change')}
                  </button>
                  <button type="button" class="quiet" onClick={drop}>
                    Discard
                  </button>
                </>
              )}
              {!mayChange && <span class="soft">This browser may only look.</span>}
              <span role="status">{note}</span>
            </div>
          )}
          {plan !== undefined && <Plan plan={plan} onApply={() => send(false)} />}
          <div class="card">
            <table class="stacks settings">
              <thead>
                <tr>
                  <th>Setting</th>
                  <th>Value</th>
                  <th>Default</th>
                  <th>Allowed</th>
                  <th>From</th>
                </tr>
              </thead>
              <tbody>
                {defaults.definitions.map((definition) => (
                  <Row
                    key={definition.name}
                    definition={definition}
                    answer={answer}
                    text={edits[definition.name]}
                    mayChange={mayChange}
                    onEdit={edit}
                  />
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </>
  );
}

function Plan({ plan, onApply }: { plan: NfsSettingsChanged; onApply: () => void }) {
  return (
    <section class="card" aria-label="What will change">
      <h2>This will change</h2>
      <ul>
        {plan.changes.map(({ setting, from, to }) => (
          <li key={setting}>
            <code>{setting}</code>: {shown(from)} → <strong>{shown(to)}</strong>
          </li>
        ))}
      </ul>
      {plan.changes.length === 0 && <p>Nothing: these are the values already.</p>}
      {plan.notes.map((text) => (
        <p class="changed" key={text}>
          {text}
        </p>
      ))}
      <button type="button" class="primary" onClick={onApply}>
        Apply
      </button>
    </section>
  );
}

function Row({
  definition,
  answer,
  text,
  mayChange,
  onEdit,
}: {
  definition: Definition;
  answer: NfsSettingsAnswer;
  text: string | undefined;
  mayChange: boolean;
  onEdit: (name: string, text: string) => void;
}) {
  const { name, description, allowed, type, default: usual, default_text: words } = definition;
  const detail = answer.details[name as keyof typeof answer.details];
  const field = {
    'aria-label': name,
    value: text ?? shown(answer.settings[name as keyof typeof answer.settings]),
    disabled: !mayChange,
    class: text === undefined ? undefined : 'edited',
  };
  return (
    <tr>
      <td>
        <strong class="mono">{name}</strong>
        <span class="soft says">{description}</span>
      </td>
      <td>
        {type === 'boolean' ? (
          <select {...field} onChange={(e) => onEdit(name, e.currentTarget.value)}>
            <option>true</option>
            <option>false</option>
          </select>
        ) : (
          <input {...field} size={12} onInput={(e) => onEdit(name, e.currentTarget.value)} />
        )}
      </td>
      <td data-label="Default">{(words ?? shown(usual)) || 'none'}</td>
      <td data-label="Allowed" class="soft">
        {allowed}
      </td>
      <td data-label="From" class={detail.changed ? 'changed' : 'soft'}>
        {detail.changed ? `changed (${detail.source})` : detail.source}
      </td>
    </tr>
  );
}
