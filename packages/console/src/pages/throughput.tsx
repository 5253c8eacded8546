import type { HistoryScope } from '@dfs/api';
import { useState } from 'preact/hooks';
import { Chart } from '../chart.tsx';
import { count, duration, rate } from '../format.ts';
import { usePoll } from '../poll.ts';
import { api } from '../session.ts';

const EVERY_MS = 5000;
const SCOPES: readonly HistoryScope[] = ['server', 'share', 'client', 'connection'];

/** Operations, bytes and latencies of the last hour. */
export function Throughput() {
  const [picked, setPicked] = useState('server server');
  const [list] = usePoll(() => api.historyList(), EVERY_MS);
  const [scope = 'server', id = 'server'] = picked.split(' ') as [HistoryScope, string];
  const [past] = usePoll(() => api.history(scope, id), EVERY_MS, picked);
  return (
    <>
      <div class="bar">
        <label>
          Of{' '}
          <select value={picked} onChange={(e) => setPicked(e.currentTarget.value)}>
            {SCOPES.map((name) => (
              <optgroup key={name} label={name}>
                {list?.series
                  .filter((each) => each.scope === name)
                  .map((each) => (
                    <option key={each.id} value={`${each.scope} ${each.id}`}>
                      {each.name}
                      {each.live ? '' : ' (gone)'}
                    </option>
                  ))}
              </optgroup>
            ))}
          </select>
        </label>
        <span class="soft">The last hour, every five seconds</span>
      </div>
      {past !== undefined && (
        <div key={picked}>
          <Chart
            title="Bytes"
            times={past.times}
            show={rate}
            curves={[
              { label: 'received', colour: 'accent', values: past.bytes_in },
              { label: 'sent', colour: 'fore', values: past.bytes_out },
            ]}
          />
          <Chart
            title="Operations a second"
            times={past.times}
            show={count}
            curves={[{ label: 'operations', colour: 'accent', values: past.operations }]}
          />
          <Chart
            title="Time of requests"
            times={past.times}
            show={duration}
            curves={[
              { label: 'half within', colour: 'accent', values: past.p50 },
              { label: '95 % within', colour: 'fore', values: past.p95 },
              { label: '99 % within', colour: 'warn', values: past.p99 },
            ]}
          />
        </div>
      )}
    </>
  );
}
