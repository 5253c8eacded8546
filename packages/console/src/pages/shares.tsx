import type { Share } from '@dfs/api';
import { useState } from 'preact/hooks';
import { bytes, clock, plural } from '../format.ts';
import { Confirm, type Deed, Empty, Head, Loading } from '../parts.tsx';
import { usePoll } from '../poll.ts';
import { api, steering } from '../session.ts';

const EVERY_MS = 5000;
const NEARLY_FULL = 0.9;
const SQUASH: Readonly<Record<Share['squash'], string>> = {
  root: 'root is nobody',
  all: 'everybody is nobody',
  none: 'users are who they are',
};
const ask = () => api.shares();

export function Shares({ mayChange }: { mayChange: boolean }) {
  const { value: list, problem, again } = usePoll(ask, EVERY_MS);
  const [deed, setDeed] = useState<Deed>();
  const change = async (share: Share) => {
    await steering.updateShare(share.id, { read_only: !share.read_only });
    again();
  };
  return (
    <>
      <Head title="Shares" says="What is served, and on which terms" />
      {list === undefined ? (
        <Loading problem={problem} />
      ) : list.shares.length === 0 ? (
        <Empty title="Nothing is shared">
          <code>dfsctl share create</code> makes a share.
        </Empty>
      ) : (
        <>
          {list.shares.map((share) => (
            <Stopped
              key={share.id}
              share={share}
              mayChange={mayChange}
              onStart={() => setDeed(startDeed(share, again))}
            />
          ))}
          <div class="card">
            <table class="stacks">
              <thead>
                <tr>
                  <th>Path</th>
                  <th>Access</th>
                  <th>Users</th>
                  <th>Clients</th>
                  <th>Used</th>
                  <th>Delegations</th>
                  <th>
                    <span class="hidden">Change</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {list.shares.map((share) => (
                  <tr key={share.id}>
                    <td>
                      <strong class="mono">{share.path}</strong>
                    </td>
                    <td data-label="Access">
                      <Access share={share} />
                    </td>
                    <td data-label="Users" title={`squash=${share.squash}`}>
                      {SQUASH[share.squash]}
                    </td>
                    <td data-label="Clients">
                      {share.clients.length === 0 ? 'everybody' : share.clients.join(', ')}
                    </td>
                    <td data-label="Used">
                      <Used used={share.used_bytes} quota={share.quota_bytes} show={bytes} />
                      <Used
                        used={share.used_files}
                        quota={share.quota_files}
                        show={(n) => plural(n, 'file')}
                      />
                    </td>
                    <td data-label="Delegations">{share.delegations ? 'granted' : 'not granted'}</td>
                    <td class="end">
                      {mayChange && (
                        <button type="button" onClick={() => setDeed(accessDeed(share, () => change(share)))}>
                          {share.read_only ? 'Allow writing' : 'Make read-only'}
                        </button>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
      {deed !== undefined && <Confirm deed={deed} onClose={() => setDeed(undefined)} />}
    </>
  );
}

function Access({ share: { state, read_only: isReadOnly } }: { share: Share }) {
  if (state === 'stopped') return <span class="tag bad">stopped</span>;
  return isReadOnly ? <span class="tag">read-only</span> : 'read and write';
}

/** Why a share answers with errors, and what to do. */
function Stopped({ share, mayChange, onStart }: { share: Share; mayChange: boolean; onStart: () => void }) {
  const { path, stopped } = share;
  if (stopped === null) return null;
  return (
    <section class="card alarm" aria-label={`${path} has stopped`}>
      <h2>
        <span class="mono">{path}</span> has stopped <span class="soft">at {clock(stopped.since)}</span>
      </h2>
      <p class="problem">{stopped.reason}</p>
      <p>{stopped.advice}</p>
      {mayChange && (
        <button type="button" onClick={onStart}>
          Start it
        </button>
      )}
    </section>
  );
}

function startDeed({ id, path }: Share, again: () => void): Deed {
  return {
    title: `Start ${path}?`,
    consequence:
      'Clients are served again if the cause is gone; if it is not, nothing changes, and the server says why. Others that stopped for the same cause start with it.',
    verb: 'Start',
    run: async () => {
      await steering.startShare(id);
      again();
    },
  };
}

function accessDeed({ path, read_only }: Share, run: Deed['run']): Deed {
  if (read_only)
    return {
      title: `Let clients write to ${path}?`,
      consequence: 'From now on, who may by the files’ permissions can change them.',
      verb: 'Allow writing',
      run,
    };
  return {
    title: `Make ${path} read-only?`,
    consequence: 'From now on every change is refused, also to files that are open for writing.',
    verb: 'Make read-only',
    isHarsh: true,
    run,
  };
}

function Used({ used, quota, show }: { used: number; quota: number; show: (n: number) => string }) {
  if (quota === 0) return <div>{show(used)}</div>;
  const text = `${show(used)} of ${show(quota)}`;
  return (
    <div>
      {text} <meter min={0} max={quota} high={quota * NEARLY_FULL} value={used} title={text} />
    </div>
  );
}
