import { type ApiEvent, type ApiEventType, EVENT_TYPES } from '@dfs/api';
import { useEffect, useState } from 'preact/hooks';
import { clock } from '../format.ts';
import { Empty } from '../parts.tsx';
import { report } from '../poll.ts';
import { api } from '../session.ts';

const MOST = 500;
const RETRY_MS = 1000;
/** Of a session before ours: the server then sends all that it keeps. */
const FROM_THE_START = 'earlier-0';

function useEvents(): readonly ApiEvent[] {
  const [events, setEvents] = useState<readonly ApiEvent[]>([]);
  useEffect(() => {
    const end = new AbortController();
    let lastEventId = FROM_THE_START;
    const listen = async () => {
      while (!end.signal.aborted) {
        try {
          for await (const event of api.events({ lastEventId, signal: end.signal })) {
            report(undefined);
            lastEventId = event.id ?? lastEventId;
            if (event.type !== 'heartbeat' && event.type !== 'lost')
              setEvents((all) => [event, ...all].slice(0, MOST));
          }
        } catch (error) {
          if (!end.signal.aborted) report(error);
        }
        await new Promise((next) => setTimeout(next, RETRY_MS));
      }
    };
    void listen();
    return () => end.abort();
  }, []);
  return events;
}

const ownFields = (event: ApiEvent): string =>
  Object.entries(event)
    .filter(([name]) => !['id', 'time', 'type'].includes(name))
    .map(
      ([name, value]) =>
        `${name.replaceAll('_', ' ')} ${typeof value === 'object' ? JSON.stringify(value) : value}`,
    )
    .join(' · ');

export function Events() {
  const events = useEvents();
  const [type, setType] = useState<ApiEventType | 'all'>('all');
  const [word, setWord] = useState('');
  const seen = events.filter(
    (event) =>
      (type === 'all' || event.type === type) && ownFields(event).toLowerCase().includes(word.toLowerCase()),
  );
  return (
    <>
      <div class="bar">
        <label>
          Kind{' '}
          <select value={type} onChange={(e) => setType(e.currentTarget.value as ApiEventType | 'all')}>
            <option value="all">all</option>
            {EVENT_TYPES.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          Find <input type="search" value={word} onInput={(e) => setWord(e.currentTarget.value)} />
        </label>
        <span class="soft">
          {seen.length} of the latest {events.length}
        </span>
      </div>
      {seen.length === 0 ? (
        <Empty title="Nothing to show">What happens appears here as it happens.</Empty>
      ) : (
        <div class="card">
          <table>
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
                  <td>{clock(event.time)}</td>
                  <td>
                    <strong>{event.type}</strong>
                  </td>
                  <td class="mono">{ownFields(event)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
