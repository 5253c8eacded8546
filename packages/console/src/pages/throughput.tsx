import type { HistoryScope } from '@dfs/api';
import { useCallback, useState } from 'preact/hooks';
import { Charts, REQUEST_TIMES, TRAFFIC } from '../charts.tsx';
import { Empty, Head, Loading } from '../parts.tsx';
import { usePoll } from '../poll.ts';
import { api, isGone } from '../session.ts';

const EVERY_MS = 5000;
const SCOPES: Readonly<Record<HistoryScope, string>> = {
  server: 'Server',
  share: 'A share',
  client: 'A client',
  connection: 'A connection',
};
const CHARTS = [...TRAFFIC, ...REQUEST_TIMES];
const askList = () => api.historyList();

/** Of something that the server has no history of, any more or yet. */
const GONE = 'gone' as const;

/** Operations, bytes and latencies of the last hour. */
export function Throughput() {
  const [scope, setScope] = useState<HistoryScope>('server');
  const [picked, setPicked] = useState<string>();
  const list = usePoll(askList, EVERY_MS);
  const there = list.value?.series.filter((each) => each.scope === scope) ?? [];
  const id = picked ?? there[0]?.id;
  const choose = (next: HistoryScope) => {
    setScope(next);
    setPicked(undefined);
  };
  return (
    <>
      <Head title="Throughput" says="The last hour, a value every five seconds">
        <label>
          Of{' '}
          <select value={scope} onChange={(e) => choose(e.currentTarget.value as HistoryScope)}>
            {Object.entries(SCOPES).map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </label>
        {scope !== 'server' && there.length > 0 && (
          <label>
            <span class="hidden">Which</span>
            <select value={id} onChange={(e) => setPicked(e.currentTarget.value)}>
              {there.map((each) => (
                <option key={each.id} value={each.id}>
                  {`${each.name}${each.live ? '' : ' (gone)'}`}
                </option>
              ))}
              {id !== undefined && !there.some((each) => each.id === id) && (
                <option value={id}>(gone)</option>
              )}
            </select>
          </label>
        )}
      </Head>
      {list.value === undefined ? (
        <Loading problem={list.problem} />
      ) : id === undefined ? (
        <Empty title={`No ${scope} yet`}>
          What clients do is measured from the moment they come; the first values are there five seconds
          later.
        </Empty>
      ) : (
        <Past key={`${scope} ${id}`} scope={scope} id={id} />
      )}
      {list.value !== undefined && list.value.left_out > 0 && (
        <p class="soft">
          {list.value.left_out} clients and connections have no history: there are more than the server keeps
          it of.
        </p>
      )}
    </>
  );
}

function Past({ scope, id }: { scope: HistoryScope; id: string }) {
  const ask = useCallback(
    () =>
      api.history(scope, id).catch((error: unknown): typeof GONE => {
        if (isGone(error)) return GONE;
        throw error;
      }),
    [scope, id],
  );
  const { value, problem } = usePoll(ask, EVERY_MS);
  if (value === undefined) return <Loading problem={problem} />;
  if (value === GONE)
    return (
      <Empty title={`This ${scope} is gone`}>
        Its history has been forgotten: the server keeps that of the last hour, and of those that came last.
      </Empty>
    );
  return <Charts past={value} specs={CHARTS} />;
}
