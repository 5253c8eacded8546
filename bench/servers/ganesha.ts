import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Row } from '../rows.ts';
import { EXPORT, freePort, LOOPBACK, Running, type Server } from './server.ts';

const PROGRAM = '/usr/bin/ganesha.nfsd';
const PLUGINS = [
  '/usr/lib/x86_64-linux-gnu/ganesha',
  '/usr/lib/aarch64-linux-gnu/ganesha',
  '/usr/lib/ganesha',
];

function plugins(): string | undefined {
  return PLUGINS.find((folder) => existsSync(join(folder, 'libfsalvfs.so')));
}

/** Why it cannot be driven here; undefined where it can. */
export function ganeshaMissing(): string | undefined {
  if (!existsSync(PROGRAM) || plugins() === undefined)
    return 'not installed (Debian: nfs-ganesha, nfs-ganesha-vfs)';
  // Its VFS back end opens files by handle, which the kernel gives to root alone.
  return process.getuid?.() === 0 ? undefined : 'it serves a folder only as root';
}

function config(folder: string, files: string, host: string, port: number): string {
  return `
NFS_CORE_PARAM {
  NFS_Port = ${port};
  Bind_addr = ${host};
  Protocols = 4;
  Enable_UDP = false;
  Enable_NLM = false;
  Enable_RQUOTA = false;
  Plugins_Dir = "${plugins()}";
  Dbus_Name_Prefix = bench${process.pid};
}
NFSv4 {
  Minor_Versions = 1, 2;
  Lease_Lifetime = 60;
  Grace_Period = 60;
  Graceless = true;
  RecoveryBackend = fs;
  RecoveryRoot = "${join(folder, 'recovery')}";
  Only_Numeric_Owners = true;
}
EXPORT {
  Export_Id = 1;
  Path = "${files}";
  Pseudo = ${EXPORT};
  Access_Type = RW;
  Squash = no_root_squash;
  SecType = sys;
  PrivilegedPort = false;
  Protocols = 4;
  Transports = TCP;
  FSAL { Name = VFS; }
}
LOG { Default_Log_Level = EVENT; }
`;
}

/** NFS-Ganesha with its defaults on a folder of the same disk. */
export async function startGanesha(within: string, place = LOOPBACK): Promise<Server> {
  const folder = join(within, 'ganesha');
  const files = join(folder, 'files');
  await mkdir(files, { recursive: true });
  await mkdir(join(folder, 'recovery'), { recursive: true });
  const port = await freePort(place.host);
  const file = join(folder, 'ganesha.conf');
  await writeFile(file, config(folder, files, place.host, port));
  // -F: in the foreground, as our child.
  const args = ['-F', '-f', file, '-L', join(folder, 'log'), '-p', join(folder, 'pid'), '-N', 'NIV_EVENT'];
  const running = new Running('ganesha', place, PROGRAM, args);
  try {
    await running.listening(place, port);
  } catch (error) {
    await running.stop();
    throw error;
  }
  const version = execFileSync(PROGRAM, ['-v'], { encoding: 'utf8' }).match(/Release = V?(\S+)/)?.[1];
  return {
    name: 'ganesha',
    version: `NFS-Ganesha ${version ?? 'of unknown version'}, VFS`,
    pid: running.pid,
    port,
    serves: () => true,
    gradeOf: (row: Row) => row.peerGrade,
    stop: () => running.stop(),
  };
}
