import type { Trunks as Moment } from '@dfs/api';
import { useCallback, useRef, useState } from 'preact/hooks';
import { count, plural, rate } from '../format.ts';
import { Confirm, type Deed, Empty, Find, Head, Loading, Stat } from '../parts.tsx';
import { usePoll } from '../poll.ts';
import { api } from '../session.ts';
import { TrunksCanvas } from '../trunks/canvas.tsx';
import { ClientCard } from '../trunks/card.tsx';
import { limitDeed } from '../trunks/deeds.ts';
import { type ClientRow, type Picture, picture } from '../trunks/model.ts';

const EVERY_MS = 1000;

/** What is asked before something is done: about a thing, or for a number. */
type Asking = { readonly deed: Deed } | { readonly limit: number };

export function Trunks({ mayChange }: { mayChange: boolean }) {
  const last = useRef<Moment>(undefined);
  const ask = useCallback(async () => {
    const now = await api.trunks();
    const drawn = picture(now, last.current);
    last.current = now;
    return { now, drawn };
  }, []);
  const { value: seen, problem, again } = usePoll(ask, EVERY_MS);
  const [asking, setAsking] = useState<Asking>();
  const close = () => {
    setAsking(undefined);
    again();
  };
  const limit = seen?.now.max_connections_per_session ?? 0;
  return (
    <>
      <Head title="Trunks" says="Clients, their sessions and the connections that carry them, live">
        {seen !== undefined && (
          <>
            <span>
              {limit === 0
                ? 'No limit of connections a session'
                : `At most ${plural(limit, 'connection')} a session`}
            </span>
            {mayChange && (
              <button type="button" onClick={() => setAsking({ limit })}>
                Change the limit
              </button>
            )}
          </>
        )}
      </Head>
      {seen === undefined ? (
        <Loading problem={problem} />
      ) : (
        <>
          <Stats now={seen.now} drawn={seen.drawn} />
          {seen.drawn.clients.length === 0 ? (
            <Empty title="No client is here yet">
              Mount a share, and its sessions and connections appear on this page.
            </Empty>
          ) : (
            <Clients
              clients={seen.drawn.clients}
              mayChange={mayChange}
              onDeed={(deed) => setAsking({ deed })}
            />
          )}
          {seen.drawn.unbound > 0 && (
            <p class="soft">
              {plural(seen.drawn.unbound, 'connection')} beside these: guests beyond the limit of their
              session, or too new to belong to one.
            </p>
          )}
          {asking !== undefined && 'deed' in asking && <Confirm deed={asking.deed} onClose={close} />}
          {asking !== undefined && 'limit' in asking && (
            <LimitDialog
              limit={asking.limit}
              now={limit}
              rows={seen.drawn.clients}
              onLimit={(next) => setAsking({ limit: next })}
              onClose={close}
            />
          )}
        </>
      )}
    </>
  );
}

function Stats({ now, drawn }: { now: Moment; drawn: Picture }) {
  return (
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
        label="Over the limit"
        value={String(drawn.overLimit)}
        isBad={drawn.overLimit > 0}
        hint="Attempts to bind more connections than a session may have"
      />
    </dl>
  );
}

function Clients({
  clients,
  mayChange,
  onDeed,
}: {
  clients: readonly ClientRow[];
  mayChange: boolean;
  onDeed: (deed: Deed) => void;
}) {
  const [filter, setFilter] = useState('');
  const [picked, setPicked] = useState<string>();
  const word = filter.trim().toLowerCase();
  const rows =
    word === ''
      ? clients
      : clients.filter(({ client }) => `${client.address} ${client.owner}`.toLowerCase().includes(word));
  const selected = rows.find(({ client }) => client.client_id === picked) ?? rows[0];
  return (
    <>
      <div class="bar">
        <Find word={filter} hint="address or name" onWord={setFilter} />
        <Legend />
      </div>
      {selected === undefined ? (
        <Empty title="No such client">
          None of the {clients.length} clients has this in its address or name.
        </Empty>
      ) : (
        <div class="split">
          <TrunksCanvas rows={rows} selected={selected.client.client_id} onSelect={setPicked} />
          <ClientCard row={selected} all={rows} mayChange={mayChange} onPick={setPicked} onDeed={onDeed} />
        </div>
      )}
    </>
  );
}

const KEYS = [
  ['both', 'both ways'],
  ['fore', 'requests'],
  ['back', 'callbacks'],
  ['warn', 'draining'],
] as const;

function Legend() {
  return (
    <ul class="legend">
      {KEYS.map(([name, words]) => (
        <li key={name}>
          <i class={`key ${name}`} />
          {words}
        </li>
      ))}
      <li>wider: more bytes a second; pale: idle for a minute; 3/32: slots in use of those granted</li>
    </ul>
  );
}

const MOST = 1024;

function LimitDialog({
  limit,
  now,
  rows,
  onLimit,
  onClose,
}: {
  limit: number;
  now: number;
  rows: readonly ClientRow[];
  onLimit: (limit: number) => void;
  onClose: () => void;
}) {
  return (
    <Confirm deed={limitDeed(limit, now, rows)} onClose={onClose}>
      <label class="asked">
        <span>At most (0: no limit)</span>
        <input
          type="number"
          min={0}
          max={MOST}
          step={1}
          required
          value={Number.isNaN(limit) ? '' : limit}
          onInput={(e) => onLimit(e.currentTarget.valueAsNumber)}
        />
      </label>
    </Confirm>
  );
}
