/** Makes, writes and removes files for as long as it lives, and says on standard output what is stable. */
import { writeSync } from 'node:fs';
import { type Credentials, Stability } from '@dfs/nfs';
import { openDataDirectory } from '../src/index.ts';

const [path, round] = process.argv.slice(2) as [string, string];
const root: Credentials = { uid: 0, gid: 0, groups: [] };
const say = (line: string) => writeSync(1, `${line}\n`);
const LANES = 16;
const MAX_BYTES = 100_000;

const directory = await openDataDirectory(path);
const share = await directory.openShare(1, { uid: 0, gid: 0, mode: 0o755 });

async function lane(number: number): Promise<never> {
  for (let i = 0; ; i++) {
    const name = `r${round}-${number}-${i}`;
    const file = share.createFile(share.root(), root, name, {});
    // What another client would be shown, committed or not.
    say(`change ${share.attributes(share.root()).change}`);
    await share.stable();
    say(`ino ${file.fileid}`);
    const size = 1 + Math.floor(Math.random() * MAX_BYTES);
    await share.write(file, 0, Buffer.alloc(MAX_BYTES, 255), Stability.UNSTABLE);
    await share.setAttributes(file, root, { size: 0 });
    await share.write(file, 0, Buffer.alloc(size, size % 251), Stability.UNSTABLE);
    await share.commit(file, 0, 0);
    say(`made ${name} ${size}`);
    if (i % 3 !== 0) continue;
    // From here to its answer a change may have happened or not.
    say(`doubt ${name}`);
    share.rename(share.root(), name, share.root(), `${name}.old`, root);
    await share.stable();
    say(`removed ${name} 0`);
    say(`made ${name}.old ${size}`);
    if (i % 2 === 0) continue;
    say(`doubt ${name}.old`);
    share.remove(share.root(), root, `${name}.old`);
    await share.stable();
    say(`removed ${name}.old 0`);
  }
}
await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
