import { Chart } from '../chart.tsx';
import { bytes, count, duration } from '../format.ts';
import { Stat } from '../parts.tsx';
import { usePoll } from '../poll.ts';
import { api } from '../session.ts';

const EVERY_MS = 5000;
const PERCENT = 100;

export function Health() {
  const [status] = usePoll(() => api.status(), EVERY_MS);
  const [vitals] = usePoll(() => api.vitals(), EVERY_MS);
  const [clients] = usePoll(() => api.clients(), EVERY_MS);
  if (status === undefined || vitals === undefined || clients === undefined)
    return <p class="soft">Asking the server …</p>;
  const active = clients.clients.filter(({ lease }) => lease.state === 'active').length;
  const down = clients.clients.filter(({ back_channel }) => back_channel === 'down').length;
  const { disk } = vitals;
  const latest = (values: readonly (number | null)[]) => values.findLast((value) => value !== null) ?? 0;
  return (
    <>
      <dl class="stats">
        <Stat label="Server" value={status.state} hint={`dfs ${status.version}, Node ${status.node}`} />
        <Stat label="Up for" value={duration(status.uptime_seconds)} />
        <Stat
          label="Grace"
          value={status.nfs.in_grace ? 'in grace' : 'over'}
          hint="Clients reclaim what they held before a restart"
        />
        <Stat label="Leases alive" value={`${active} of ${clients.clients.length}`} />
        <Stat label="Back channels down" value={String(down)} />
        <Stat
          label="Disk free"
          value={disk === null ? 'in memory' : bytes(disk.free_bytes)}
          hint={disk === null ? 'Nothing is kept' : `${disk.path}: of ${bytes(disk.total_bytes)}`}
        />
        <Stat label="Memory" value={bytes(latest(vitals.memory))} />
        <Stat label="CPU" value={`${(latest(vitals.cpu) * PERCENT).toFixed(0)} %`} />
      </dl>
      <Chart
        title="Time of commits"
        times={vitals.times}
        show={duration}
        curves={[
          { label: 'half within', colour: 'accent', values: vitals.commit_p50 },
          { label: '99 % within', colour: 'warn', values: vitals.commit_p99 },
        ]}
      />
      <Chart
        title="Commits a second"
        times={vitals.times}
        show={count}
        curves={[{ label: 'commits', colour: 'accent', values: vitals.commits }]}
      />
      <Chart
        title="Slowest turn of the event loop"
        times={vitals.times}
        show={duration}
        curves={[{ label: 'late by', colour: 'warn', values: vitals.loop_lag }]}
      />
    </>
  );
}
