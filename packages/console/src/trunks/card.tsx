import { duration, plural, rate, short } from '../format.ts';
import type { Deed } from '../parts.tsx';
import { drainClient, drainConnection, drainSession, endSession, evictClient } from './deeds.ts';
import type { ClientRow, SessionRow } from './model.ts';

const MS = 1000;
const WAYS = { both: 'both', fore: 'requests', back: 'callbacks' } as const;

interface CardProps {
  readonly row: ClientRow;
  readonly mayChange: boolean;
  readonly onDeed: (deed: Deed) => void;
}

/** One client in words, with what can be done about it. */
export function ClientCard({
  row,
  all,
  mayChange,
  onPick,
  onDeed,
}: CardProps & { readonly all: readonly ClientRow[]; readonly onPick: (client: string) => void }) {
  const { client } = row;
  return (
    <section class="card client" aria-label="Client">
      <label>
        <span class="hidden">Client</span>
        <select value={client.client_id} onChange={(e) => onPick(e.currentTarget.value)}>
          {all.map(({ client: each }) => (
            <option key={each.client_id} value={each.client_id}>
              {`${each.address} · ${each.owner}`}
            </option>
          ))}
        </select>
      </label>
      <dl class="facts">
        <Fact
          name="Lease"
          value={`${client.lease}, ${duration(Math.max(0, client.lease_remaining_seconds))}`}
        />
        <Fact name="Opens" value={String(client.opens)} />
        <Fact name="Locks" value={String(client.locks)} />
        <Fact name="Delegations" value={String(client.delegations)} />
      </dl>
      {mayChange && (
        <div class="bar">
          <button type="button" onClick={() => onDeed(drainClient(row))}>
            Drain client
          </button>
          <button type="button" class="danger" onClick={() => onDeed(evictClient(row))}>
            Evict
          </button>
        </div>
      )}
      {row.sessions.length === 0 && <p class="soft">It has no session.</p>}
      {row.sessions.map((each) => (
        <SessionPart
          key={each.session.session_id}
          of={each}
          row={row}
          mayChange={mayChange}
          onDeed={onDeed}
        />
      ))}
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function SessionPart({ of, row, mayChange, onDeed }: CardProps & { readonly of: SessionRow }) {
  const { session, lines } = of;
  const name = short(session.session_id);
  return (
    <div class="session" data-session={session.session_id}>
      <div class="bar">
        <h2 title={session.session_id}>
          Session <span class="mono">{name}</span>
        </h2>
        {mayChange && (
          <>
            <button
              type="button"
              class="small"
              aria-label={`Drain session ${name}`}
              onClick={() => onDeed(drainSession(of))}
            >
              Drain
            </button>
            <button
              type="button"
              class="small danger"
              aria-label={`End session ${name}`}
              onClick={() => onDeed(endSession(of, row))}
            >
              End
            </button>
          </>
        )}
      </div>
      <p class="soft">
        {session.slots_in_use} of {plural(session.slots_granted, 'slot')} in use · back channel{' '}
        {session.back_channel}
      </p>
      {session.over_limit > 0 && (
        <p class="changed">{plural(session.over_limit, 'attempt')} to bind over the limit</p>
      )}
      {lines.length > 0 && (
        <table aria-label={`Connections of session ${name}`}>
          <thead>
            <tr>
              <th>Id</th>
              <th>Way</th>
              <th class="number">Rate</th>
              <th class="number">Idle</th>
              <th>
                <span class="hidden">Drain</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <tr key={line.id} title={line.remote} data-connection={line.id}>
                <td>{line.id}</td>
                <td>{line.draining ? <span class="changed">draining</span> : WAYS[line.direction]}</td>
                <td class="number">{line.rate > 0 ? rate(line.rate) : '–'}</td>
                <td class="number">{duration(Math.floor(line.idleMs / MS))}</td>
                <td class="end">
                  {mayChange && (
                    <button
                      type="button"
                      class="small"
                      aria-label={`Drain connection ${line.id}`}
                      onClick={() => onDeed(drainConnection(line, of))}
                    >
                      Drain
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
