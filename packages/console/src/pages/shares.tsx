import { useState } from 'preact/hooks';
import { bytes } from '../format.ts';
import { Confirm, type Deed, Empty } from '../parts.tsx';
import { usePoll } from '../poll.ts';
import { api } from '../session.ts';

const EVERY_MS = 5000;
const NEARLY_FULL = 0.9;

export function Shares({ mayChange }: { mayChange: boolean }) {
  const [list, again] = usePoll(() => api.shares(), EVERY_MS);
  const [deed, setDeed] = useState<Deed>();
  if (list === undefined) return <p class="soft">Asking the server …</p>;
  if (list.shares.length === 0)
    return <Empty title="Nothing is shared">`dfsctl share create` makes a share.</Empty>;
  return (
    <div class="card">
      <table>
        <thead>
          <tr>
            <th>Path</th>
            <th>Access</th>
            <th>Squash</th>
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
              <td>{share.read_only ? 'read-only' : 'read and write'}</td>
              <td>{share.squash}</td>
              <td>{share.clients.length === 0 ? 'everybody' : share.clients.join(' ')}</td>
              <td>
                <Used used={share.used_bytes} quota={share.quota_bytes} show={bytes} />
                <Used used={share.used_files} quota={share.quota_files} show={(n) => `${n} files`} />
              </td>
              <td>{share.delegations ? 'granted' : 'not granted'}</td>
              <td>
                {mayChange && (
                  <button
                    type="button"
                    onClick={() =>
                      setDeed({
                        title: share.read_only
                          ? `Let clients write to ${share.path}?`
                          : `Make ${share.path} read-only?`,
                        consequence: share.read_only
                          ? 'From now on, who may by the files’ permissions can change them.'
                          : 'From now on every change is refused, also to files that are open for writing.',
                        verb: share.read_only ? 'Allow writing' : 'Make read-only',
                        run: async () => {
                          await api.updateShare(share.id, { read_only: !share.read_only });
                          again();
                        },
                      })
                    }
                  >
                    {share.read_only ? 'Allow writing' : 'Make read-only'}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {deed !== undefined && <Confirm deed={deed} onClose={() => setDeed(undefined)} />}
    </div>
  );
}

/** With a bar where there is a quota. */
function Used({ used, quota, show }: { used: number; quota: number; show: (n: number) => string }) {
  if (quota === 0) return <div>{show(used)}</div>;
  const text = `${show(used)} of ${show(quota)}`;
  return (
    <div>
      {text} <meter min={0} max={quota} high={quota * NEARLY_FULL} value={used} title={text} />
    </div>
  );
}
