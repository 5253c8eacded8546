import { type ApiEvent, type ApiEventType, EVENT_TYPES } from '@dfs/api';
import { useEffect, useState } from 'preact/hooks';
import { failed, heard, onContact } from '../contact.ts';
import { clock, plural } from '../format.ts';
import { Empty, Find, Head, Loading } from '../parts.tsx';
import { api } from '../session.ts';

/** Kept in the page, and shown in it at a time. */
const MOST = 500;
const SHOWN = 200;
const RETRY_MS = 1000;
/** Of what comes at once, so much is shown at a time: each showing costs as much as all rows. */
const BATCH_MS = 200;
/** The server says something every 15 seconds; after this, the connection leads nowhere. */
const SILENCE_MS = 40_000;
/** Where nothing has come by then, there is nothing: the server sends what it keeps at once. */
const FIRST_MS = 2000;
/** Of a session before ours: the server then sends all that it keeps. */
const FROM_THE_START = 'earlier-0';

/** Listens until `signal`, over one connection after another. Whatever is lost with one is asked for with the next. */
async function listen(signal: AbortSignal, take: (event: ApiEvent) => void): Promise<void> {
  let lastEventId = FROM_THE_START;
  while (!signal.aborted) {
    const end = new AbortController();
    const stop = () => end.abort();
    let silence = setTimeout(stop, SILENCE_MS);
    // A connection that was open when the network went may never be told that it is back.
    let isOurWord = false;
    const unhear = onContact(({ state }) => state === 'ok' && !isOurWord && stop());
    try {
      for await (const event of api.events({ lastEventId, signal: AbortSignal.any([signal, end.signal]) })) {
        clearTimeout(silence);
        silence = setTimeout(stop, SILENCE_MS);
        isOurWord = true;
        heard();
        isOurWord = false;
        lastEventId = event.id ?? lastEventId;
        take(event);
      }
    } catch (error) {
      if (!signal.aborted) failed(error);
    }
    unhear();
    clearTimeout(silence);
    if (!signal.aborted) await new Promise((next) => setTimeout(next, RETRY_MS));
  }
}

/** The latest first; undefined until some have come, or would have. */
function useEvents(): readonly ApiEvent[] | undefined {
  const [events, setEvents] = useState<readonly ApiEvent[]>();
  useEffect(() => {
    const end = new AbortController();
    let waiting: ApiEvent[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = () => {
      timer = undefined;
      const fresh = waiting.reverse();
      waiting = [];
      setEvents((all = []) => [...fresh, ...all].slice(0, MOST));
    };
    const first = setTimeout(() => setEvents((all = []) => all), FIRST_MS);
    void listen(end.signal, (event) => {
      if (event.type === 'heartbeat' || event.type === 'lost') return;
      waiting.push(event);
      timer ??= setTimeout(show, BATCH_MS);
    });
    return () => {
      clearTimeout(timer);
      clearTimeout(first);
      end.abort();
    };
  }, []);
  return events;
}

const OWN = ['id', 'time', 'type', 'action'];
const ownFields = (event: ApiEvent): readonly (readonly [string, string])[] =>
  Object.entries(event)
    .filter(([name]) => !OWN.includes(name))
    .map(([name, value]) => [
      name.replaceAll('_', ' '),
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]);
const nameOf = (event: ApiEvent): string =>
  'action' in event ? `${event.type} ${event.action}` : event.type;
const textOf = (event: ApiEvent): string =>
  `${nameOf(event)} ${ownFields(event).flat().join(' ')}`.toLowerCase();

export function Events() {
  const heardOf = useEvents();
  const events = heardOf ?? [];
  const [type, setType] = useState<ApiEventType | 'all'>('all');
  const [word, setWord] = useState('');
  const wanted = word.trim().toLowerCase();
  const found = events.filter(
    (event) => (type === 'all' || event.type === type) && textOf(event).includes(wanted),
  );
  const seen = found.slice(0, SHOWN);
  return (
    <>
      <Head title="Events" says="What happens, as it happens; the latest first">
        <label>
          Kind{' '}
          <select value={type} onChange={(e) => setType(e.currentTarget.value as ApiEventType | 'all')}>
            <option value="all">all</option>
            {EVENT_TYPES.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <Find word={word} hint="word, id, address" onWord={setWord} />
      </Head>
      {heardOf === undefined ? (
        <Loading />
      ) : seen.length === 0 ? (
        <Empty title={events.length === 0 ? 'Nothing has happened yet' : 'Nothing like that'}>
          {events.length === 0
            ? 'Clients that come and go, connections, drains and changed settings appear here.'
            : `None of the latest ${events.length} events is of this kind and holds this word.`}
        </Empty>
      ) : (
        <>
          <div class="card">
            <table class="stacks events">
              <thead>
                <tr>
                  <th>Time</th>
                  <th>Kind</th>
                  <th>What</th>
                </tr>
              </thead>
              <tbody>
                {seen.map((event) => (
                  <tr key={event.id}>
                    <td class="soft">{clock(event.time)}</td>
                    <td>
                      <strong>{nameOf(event)}</strong>
                    </td>
                    <td>
                      {ownFields(event).map(([name, value]) => (
                        <span key={name} class="field">
                          <span class="soft">{name}</span> <span class="mono">{value}</span>
                        </span>
                      ))}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <p class="soft">
            {plural(seen.length, 'event')} of {found.length} found, of the latest {events.length}
          </p>
        </>
      )}
    </>
  );
}
