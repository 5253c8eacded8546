import type { Trunks as Moment } from '@dfs/api';
import { useRef, useState } from 'preact/hooks';
import { count, duration, rate, short } from '../format.ts';
import { Confirm, type Deed, Empty, Stat } from '../parts.tsx';
import { usePoll } from '../poll.ts';
import { api } from '../session.ts';
import { TrunksCanvas } from '../trunks/canvas.tsx';
import { type ClientRow, picture } from '../trunks/model.ts';

const EVERY_MS = 1000;
const MS = 1000;

export function Trunks({ mayChange }: { mayChange: boolean }) {
  const last = useRef<Moment>(undefined);
  const [seen] = usePoll(async () => {
    const now = await api.trunks();
    const drawn = picture(now, last.current);
    last.current = now;
    return { now, drawn };
  }, EVERY_MS);
  const [filter, setFilter] = useState('');
  const [picked, setPicked] = useState<string>();
  const [deed, setDeed] = useState<Deed>();
  if (seen === undefined) return <p class="soft">Asking the server …</p>;
  const { now, drawn } = seen;
  const word = filter.trim().toLowerCase();
  const rows = drawn.clients.filter(({ client }) =>
    `${client.address} ${client.owner}`.toLowerCase().includes(word),
  );
  const selected = rows.find(({ client }) => client.client_id === picked) ?? rows[0];
  const limit = now.max_connections_per_session;
  return (
    <>
      <dl class="stats">
        <Stat label="Clients" value={String(now.clients.length)} />
        <Stat label="Sessions" value={String(now.sessions.length)} />
        <Stat
          label="Connections"
          value={String(now.connections.connection_id.length)}
          hint={`${drawn.unbound} of them carry no session`}
        />
        <Stat label="Throughput" value={rate(drawn.rate)} />
        <Stat label="Operations/s" value={count(drawn.operations)} />
        <Stat
          label="Over limit"
          value={String(drawn.overLimit)}
          hint="Attempts to bind more connections than a session may have"
        />
      </dl>
      {drawn.clients.length === 0 ? (
        <Empty title="No client is here yet">
          Mount a share, and its sessions and connections appear on this page.
        </Empty>
      ) : (
        <>
          <div class="bar">
            <label>
              Find{' '}
              <input
                type="search"
                value={filter}
                placeholder="address or name"
                onInput={(e) => setFilter(e.currentTarget.value)}
              />
            </label>
            <span class="soft">
              At most {limit === 0 ? 'any number of' : limit} connections a session;{' '}
              <a href="#/settings">change the limit</a>
            </span>
          </div>
          <p class="legend">
            <span>
              <i class="key both" />
              both ways
            </span>
            <span>
              <i class="key fore" />
              requests only
            </span>
            <span>
              <i class="key back" />
              callbacks only
            </span>
            <span>
              <i class="key warn" />
              draining
            </span>
            <span>wider: more bytes a second · pale: idle for a minute · session, slots in use/granted</span>
          </p>
          <div class="split">
            <TrunksCanvas rows={rows} selected={selected?.client.client_id} onSelect={setPicked} />
            {selected !== undefined && (
              <ClientCard
                row={selected}
                all={rows}
                mayChange={mayChange}
                onPick={setPicked}
                onDeed={setDeed}
              />
            )}
          </div>
        </>
      )}
      {deed !== undefined && <Confirm deed={deed} onClose={() => setDeed(undefined)} />}
    </>
  );
}

interface CardProps {
  readonly row: ClientRow;
  readonly all: readonly ClientRow[];
  readonly mayChange: boolean;
  readonly onPick: (client: string) => void;
  readonly onDeed: (deed: Deed) => void;
}

function ClientCard({ row, all, mayChange, onPick, onDeed }: CardProps) {
  const { client } = row;
  const drain: Deed = {
    title: `Drain all ${row.connections} connections of ${client.address}?`,
    consequence:
      'What is in flight is answered, nothing new is executed, then the connections close. The client comes back over new ones.',
    verb: 'Drain',
    run: () => api.drainClient(client.client_id),
  };
  const evict: Deed = {
    title: `Evict ${client.address}?`,
    consequence: `Its ${row.sessions.length} sessions, ${client.opens} opens and ${client.locks} locks end at once, and it may not reclaim them. Programs on it may see errors.`,
    verb: 'Evict',
    run: () => api.evictClient(client.client_id),
  };
  return (
    <section class="card" aria-label="Client">
      <label class="soft">
        Client{' '}
        <select
          value={client.client_id}
          onChange={(e) => onPick(e.currentTarget.value)}
          style={{ maxWidth: '100%' }}
        >
          {all.map((each) => (
            <option key={each.client.client_id} value={each.client.client_id}>
              {each.client.address} · {short(each.client.client_id)}
            </option>
          ))}
        </select>
      </label>
      <p class="soft">
        Lease {client.lease}, {duration(Math.max(0, client.lease_remaining_seconds))} left · {client.opens}{' '}
        opens, {client.locks} locks, {client.delegations} delegations
      </p>
      {mayChange && (
        <div class="bar">
          <button type="button" onClick={() => onDeed(drain)}>
            Drain client
          </button>
          <button type="button" class="danger" onClick={() => onDeed(evict)}>
            Evict
          </button>
        </div>
      )}
      {row.sessions.map(({ session, lines }) => (
        <div key={session.session_id}>
          <h2>
            Session <span class="mono">{short(session.session_id)}</span>
          </h2>
          <p class="soft">
            {session.slots_in_use} of {session.slots_granted} slots in use · back channel{' '}
            {session.back_channel}
            {session.over_limit > 0 && (
              <span class="changed"> · {session.over_limit} attempts over the limit</span>
            )}
          </p>
          <table aria-label={`Connections of session ${short(session.session_id)}`}>
            <thead>
              <tr>
                <th>Id</th>
                <th>Way</th>
                <th>Rate</th>
                <th>Idle</th>
                <th>
                  <span class="hidden">Drain</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => (
                <tr key={line.id} title={line.remote} data-connection={line.id}>
                  <td>{line.id}</td>
                  <td>{line.draining ? 'draining' : line.direction}</td>
                  <td>{rate(line.rate)}</td>
                  <td>{duration(Math.floor(line.idleMs / MS))}</td>
                  <td>
                    {mayChange && (
                      <button
                        type="button"
                        aria-label={`Drain connection ${line.id}`}
                        onClick={() =>
                          onDeed({
                            title: `Drain connection ${line.id}?`,
                            consequence: `What is in flight on ${line.remote} is answered, then it closes. Requests go on over the session's other ${lines.length - 1}.`,
                            verb: 'Drain',
                            run: () => api.drainConnection(line.id),
                          })
                        }
                      >
                        Drain
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ))}
    </section>
  );
}
