import type { ApiClient } from '@dfs/api/client';
import { drainedText } from '../views/connections.ts';
import type { Deed } from './state.ts';
import { plain } from './text.ts';

/** What is asked before it is done. */
export function deedQuestion({ kind, node }: Deed): string {
  switch (node.level) {
    case 'client':
      return kind === 'drain'
        ? `Drain ${allOf(node.connections.length)} of client ${plain(node.client.address)}?`
        : `Evict client ${plain(node.client.address)} with its ${node.client.opens} opens and ${node.client.locks} locks?`;
    case 'session':
      return kind === 'drain'
        ? `Drain ${allOf(node.children.length)} of session ${plain(node.session.id)}?`
        : `End session ${plain(node.session.id)}?`;
    case 'connection':
      return `Drain connection ${node.connection.id} from ${plain(node.connection.remote)}?`;
  }
}

/** Does it. Resolves to what is said of it; rejects with an ApiError. */
export async function perform({ kind, node }: Deed, api: ApiClient): Promise<string> {
  switch (node.level) {
    case 'client': {
      const { id } = node.client;
      if (kind === 'drain') return drainedText(`client ${id}`, await api.drainClient(id));
      await api.evictClient(id);
      return `evicted client ${id}`;
    }
    case 'session': {
      const { id, client } = node.session;
      if (kind === 'drain') return drainedText(`session ${id}`, await api.drainSession(client, id));
      await api.destroySession(client, id);
      return `ended session ${id}`;
    }
    case 'connection':
      return drainedText(`connection ${node.connection.id}`, await api.drainConnection(node.connection.id));
  }
}

/** What is said while it is being done. */
export function deedUnderWay({ kind, node }: Deed): string {
  if (kind === 'end') return node.level === 'client' ? 'evicting ...' : 'ending ...';
  return 'draining: what is in flight is waited for ...';
}

function allOf(connections: number): string {
  return connections === 1 ? 'the one connection' : `all ${connections} connections`;
}
