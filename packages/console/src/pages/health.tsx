import type { NfsClient, Status, Vitals } from '@dfs/api';
import { Charts, COMMITS, PROCESS, REQUEST_TIMES } from '../charts.tsx';
import { bytes, duration, percent } from '../format.ts';
import { Head, Loading, Stat } from '../parts.tsx';
import { usePoll } from '../poll.ts';
import { api } from '../session.ts';

const EVERY_MS = 5000;
/** Of the disk: less than that is worth a look. */
const LITTLE = 0.1;
const ask = async () => {
  const [status, vitals, { clients }, requests] = await Promise.all([
    api.status(),
    api.vitals(),
    api.clients(),
    api.history('server', 'server'),
  ]);
  return { status, vitals, clients, requests };
};

export function Health() {
  const { value, problem } = usePoll(ask, EVERY_MS);
  return (
    <>
      <Head title="Health" says="How the server, its disk and its clients' leases are" />
      {value === undefined ? (
        <Loading problem={problem} />
      ) : (
        <>
          <Stats {...value} />
          <div class="pairs">
            <Charts past={value.requests} specs={REQUEST_TIMES} />
            <Charts
              past={value.vitals}
              specs={value.vitals.disk === null ? PROCESS.slice(1) : [...COMMITS, ...PROCESS]}
            />
          </div>
        </>
      )}
    </>
  );
}

function Stats({
  status,
  vitals,
  clients,
}: {
  status: Status;
  vitals: Vitals;
  clients: readonly NfsClient[];
}) {
  const { disk } = vitals;
  const active = clients.filter(({ lease }) => lease.state === 'active').length;
  const down = clients.filter(({ back_channel }) => back_channel === 'down').length;
  const stopped = status.shares.filter(({ state }) => state === 'stopped').length;
  const latest = (values: readonly (number | null)[]) => values.findLast((value) => value !== null) ?? 0;
  return (
    <dl class="stats">
      <Stat
        label="Server"
        value={status.state}
        isBad={status.state !== 'ready'}
        hint={`dfs ${status.version}, Node ${status.node}`}
      />
      <Stat
        label="Shares"
        value={stopped === 0 ? `${status.shares.length} serving` : `${stopped} stopped`}
        isBad={stopped > 0}
        hint="Shares says why one has stopped"
      />
      <Stat label="Up for" value={duration(Math.round(status.uptime_seconds))} />
      <Stat
        label="Grace"
        value={status.nfs.in_grace ? 'in grace' : 'over'}
        isBad={status.nfs.in_grace}
        hint="Clients reclaim what they held before a restart"
      />
      <Stat label="Leases alive" value={`${active} of ${clients.length}`} isBad={active < clients.length} />
      <Stat
        label="Callbacks fail"
        value={down === 0 ? 'nowhere' : `at ${down}`}
        isBad={down > 0}
        hint="Clients whose back channel is down"
      />
      <Stat
        label="Disk free"
        value={disk === null ? 'in memory' : bytes(disk.free_bytes)}
        isBad={disk !== null && disk.free_bytes < LITTLE * disk.total_bytes}
        hint={disk === null ? 'Nothing is kept' : `${disk.path}: of ${bytes(disk.total_bytes)}`}
      />
      <Stat label="Memory" value={bytes(latest(vitals.memory))} />
      <Stat label="Processor" value={percent(latest(vitals.cpu))} hint="Of one core" />
    </dl>
  );
}
