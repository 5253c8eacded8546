import type { NfsSettingsChanged } from '@dfs/api';
import { useState } from 'preact/hooks';
import { usePoll } from '../poll.ts';
import { api, isConflict, messageOf } from '../session.ts';

const EVERY_MS = 5000;

type Changes = Parameters<typeof api.updateNfsSettings>[0];
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

export function Settings({ mayChange }: { mayChange: boolean }) {
  const [answer, again] = usePoll(() => api.nfsSettings(), EVERY_MS);
  const [defaults] = usePoll(() => api.nfsSettingDefaults(), 60 * EVERY_MS);
  const [edits, setEdits] = useState<Readonly<Record<string, string>>>({});
  const [version, setVersion] = useState<number>();
  const [plan, setPlan] = useState<NfsSettingsChanged>();
  const [note, setNote] = useState<string>();
  if (answer === undefined || defaults === undefined) return <p class="soft">Asking the server …</p>;
  const types = new Map(defaults.definitions.map(({ name, type }) => [name, type]));
  const changes = () =>
    Object.fromEntries(
      Object.entries(edits).map(([name, text]) => [name, typed(text, types.get(name) ?? '')]),
    ) as Changes;
  const edit = (name: string, text: string) => {
    setEdits({ ...edits, [name]: text });
    setVersion(version ?? answer.version);
    setPlan(undefined);
  };
  const drop = () => {
    setEdits({});
    setVersion(undefined);
    setPlan(undefined);
  };
  const ask = async (dryRun: boolean) => {
    setNote(undefined);
    try {
      const result = await api.updateNfsSettings(changes(), {
        dryRun,
        ...(version !== undefined && { version }),
      });
      if (dryRun) return setPlan(result);
      drop();
      setNote('The settings are in effect.');
      again();
    } catch (error) {
      setPlan(undefined);
      if (!isConflict(error)) return setNote(messageOf(error));
      setVersion(undefined);
      setNote(
        'Somebody else has changed the settings meanwhile. They are shown as they are now; look again, then check your change once more.',
      );
      again();
    }
  };
  const edited = Object.keys(edits).length;
  return (
    <>
      <div class="bar">
        <button type="button" disabled={edited === 0 || !mayChange} onClick={() => ask(true)}>
          Check {edited} changes
        </button>
        {edited > 0 && (
          <button type="button" class="quiet" onClick={drop}>
            Discard
          </button>
        )}
        {!mayChange && <span class="soft">This browser may only look.</span>}
        <span role="status">{note}</span>
      </div>
      {plan !== undefined && (
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
          <button type="button" class="primary" onClick={() => ask(false)}>
            Apply
          </button>
        </section>
      )}
      <div class="card">
        <table>
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
            {defaults.definitions.map(
              ({ name, description, allowed, type, default: usual, default_text: words }) => {
                const detail = answer.details[name as keyof typeof answer.details];
                const value = edits[name] ?? shown(answer.settings[name as keyof typeof answer.settings]);
                return (
                  <tr key={name}>
                    <td>
                      <strong class="mono">{name}</strong>
                      <br />
                      <span class="soft">{description}</span>
                    </td>
                    <td>
                      {type === 'boolean' ? (
                        <select
                          aria-label={name}
                          value={value}
                          disabled={!mayChange}
                          onChange={(e) => edit(name, e.currentTarget.value)}
                        >
                          <option>true</option>
                          <option>false</option>
                        </select>
                      ) : (
                        <input
                          aria-label={name}
                          value={value}
                          size={12}
                          disabled={!mayChange}
                          onInput={(e) => edit(name, e.currentTarget.value)}
                        />
                      )}
                    </td>
                    <td>{words ?? shown(usual)}</td>
                    <td class="soft">{allowed}</td>
                    <td class={detail.changed ? 'changed' : 'soft'}>
                      {detail.changed ? `changed (${detail.source})` : detail.source}
                    </td>
                  </tr>
                );
              },
            )}
          </tbody>
        </table>
      </div>
    </>
  );
}
