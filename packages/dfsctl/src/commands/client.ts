import { plural } from '@dfs/api/terminal';
import type { Command } from 'commander';
import { completeFromServer } from '../completion/registry.ts';
import type { Invocation } from '../invocation.ts';
import { findClient, findSession } from '../resolve.ts';
import { clientsView, clientView } from '../views/clients.ts';
import { connectionsView } from '../views/connections.ts';
import { sessionsView, sessionView } from '../views/sessions.ts';
import { addDrainClient, addDrainConnection, addDrainSession, clientIds, sessionIds } from './drain.ts';

const CLIENT = ['<client>', 'its id, or enough of its beginning or end'] as const;
const SESSION = ['<session>', 'its id, or enough of its beginning or end'] as const;

/** `client`, with what a client has: sessions and connections. */
export function addClient(program: Command, run: Invocation): void {
  const client = program.command('client').description('NFS clients, their sessions and connections');
  client
    .command('list')
    .description('all clients')
    .addHelpText('after', '\nExamples:\n  dfsctl client list\n  dfsctl client list -o json')
    .action(async () => {
      run.show(await (await run.client()).clients(), ({ clients }, paint) => clientsView(clients, paint));
    });
  const show = client
    .command('show')
    .description('one client with its sessions')
    .argument(...CLIENT)
    .addHelpText('after', '\nExample:\n  dfsctl client show ca47')
    .action(async (given: string) => {
      const api = await run.client();
      const found = await findClient(api, given);
      const { sessions } = await api.sessions(found.client_id);
      run.show({ ...found, session_list: sessions }, (_, paint) =>
        clientView(found, sessions, paint, Date.now()),
      );
    });
  completeFromServer(show, clientIds);
  const evict = client
    .command('evict')
    .description('end a client with all its sessions, opens and locks; it cannot reclaim them')
    .argument(...CLIENT)
    .addHelpText('after', '\nExample:\n  dfsctl client evict ca47 --yes')
    .action(async (given: string) => {
      const api = await run.client();
      const { client_id, address, opens, locks } = await findClient(api, given);
      const held = `${plural(opens, 'open')} and ${plural(locks, 'lock')}`;
      await run.confirm(`Evict client ${client_id} at ${address} with its ${held}?`);
      await api.evictClient(client_id);
      run.done(`evicted client ${client_id}`, { evicted: client_id });
    });
  completeFromServer(evict, clientIds);
  addDrainClient(client, 'drain', run);
  addSessions(client, run);
  addConnections(client, run);
}

function addSessions(client: Command, run: Invocation): void {
  const sessions = client.command('sessions').alias('session').description("clients' sessions");
  const list = sessions
    .command('list')
    .description(
      "a client's sessions, or those of all; CONNECTIONS is all (f: fore only, b: back only, fb: both)",
    )
    .argument('[client]', 'its id, or enough of its beginning or end')
    .addHelpText(
      'after',
      '\nExamples:\n  dfsctl client sessions list\n  dfsctl client sessions list ca47 -o json',
    )
    .action(async (given: string | undefined) => {
      const api = await run.client();
      const whose = given === undefined ? undefined : (await findClient(api, given)).client_id;
      const answer = await api.sessions(whose);
      run.show(answer, (value, paint) => sessionsView(value.sessions, paint, Date.now()));
    });
  completeFromServer(list, clientIds);
  const show = sessions
    .command('show')
    .description('one session with all its connections')
    .argument(...SESSION)
    .addHelpText('after', '\nExample:\n  dfsctl client sessions show ca47')
    .action(async (given: string) => {
      const api = await run.client();
      const { client_id, session_id } = await findSession(api, given);
      const detail = await api.session(client_id, session_id);
      run.show(detail, (value, paint) => sessionView(value, paint, Date.now()));
    });
  completeFromServer(show, sessionIds);
  const destroy = sessions
    .command('destroy')
    .description('end a session; its client makes a new one and goes on')
    .argument(...SESSION)
    .addHelpText('after', '\nExample:\n  dfsctl client sessions destroy ca47 --yes')
    .action(async (given: string) => {
      const api = await run.client();
      const { client_id, session_id } = await findSession(api, given);
      await run.confirm(`End session ${session_id}?`);
      await api.destroySession(client_id, session_id);
      run.done(`ended session ${session_id}`, { destroyed: session_id });
    });
  completeFromServer(destroy, sessionIds);
  addDrainSession(sessions, 'drain', run);
}

function addConnections(client: Command, run: Invocation): void {
  const connections = client.command('connections').alias('connection').description("clients' connections");
  const list = connections
    .command('list')
    .description("all connections, or those of a client's sessions")
    .argument('[client]', 'its id, or enough of its beginning or end')
    .addHelpText(
      'after',
      '\nExamples:\n  dfsctl client connections list\n  dfsctl client connections list ca47',
    )
    .action(async (given: string | undefined) => {
      const api = await run.client();
      const whose = given === undefined ? undefined : (await findClient(api, given)).client_id;
      const all = (await api.connections()).connections;
      const asked = all.filter(
        ({ sessions }) => whose === undefined || sessions.some((session) => session.client_id === whose),
      );
      run.show({ connections: asked }, (value, paint) =>
        connectionsView(value.connections, paint, Date.now()),
      );
    });
  completeFromServer(list, clientIds);
  addDrainConnection(connections, 'drain', run);
}
