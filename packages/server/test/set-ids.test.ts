import { authSys, Files, ShareAccess } from '@dfs/nfs/client';
import { expect, it } from 'vitest';
import { run } from './helpers/running.ts';

const PROGRAM = 0o6755;
const TAKEN = 0o755;

it.each([
  ['root', 'none', 0, PROGRAM],
  ['root, squashed', 'root', 0, TAKEN],
  ['the owner', 'none', 1000, TAKEN],
] as const)(
  'what %s writes leaves set-id bits as a local file system would',
  async (_who, squash, uid, left) => {
    const server = await run();
    const { id } = await server.api.createShare({ path: '/a', squash: 'none' });
    const session = await server.mount({ minor: 2 });
    const root = await Files.mount(session, '/a', authSys({ uid: 0, gid: 0 }));
    await root.setattr('', { mode: 0o777 });
    await root.writeFile('program', 'old');
    await root.setattr('program', { owner: '1000', mode: PROGRAM | 0o022 });
    await root.setattr('program', { mode: PROGRAM | 0o022 });
    await server.api.updateShare(id, { squash });
    const writer = await Files.mount(session, '/a', authSys({ uid, gid: uid }));
    const file = await writer.open('program', { access: ShareAccess.WRITE });
    await file.write(0, Buffer.from('new'));
    await file.close();
    expect((await root.stat('program')).mode).toBe(left | 0o022);
    await server.api.updateShare(id, { squash: 'none' });
  },
);
