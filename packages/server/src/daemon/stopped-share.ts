import type { ShareStop } from '@dfs/api';
import type { Stop } from '@dfs/storage';

/** What operators are told of a share that has stopped. */
export function showStop(stop: Stop, path: string): ShareStop {
  const { cause, reason, since } = stop;
  return { cause, reason, since: new Date(since).toISOString(), advice: adviceFor(stop, path) };
}

function adviceFor({ cause, code }: Stop, path: string): string {
  const then = `then: dfsctl share start ${path}`;
  if (code === 'EROFS') {
    return `the disk has become read-only, usually since it failed (dmesg tells): what is there can be read, changes are refused. Mount it for writing, ${then}`;
  }
  switch (cause) {
    case 'content':
      return `what was written last may not be on the disk (dmesg tells of it); clients keep it, and send it again. See to the disk, ${then}`;
    case 'metadata':
      return `what was changed last is kept in memory until the disk takes it: do not end the server. See to the disk (dmesg tells of it), ${then}`;
    case 'journal':
      return `no client is answered until what was changed can be kept: do not end the server. See to the disk (dmesg tells of it), ${then}`;
  }
}
