import fs from 'node:fs';

const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';

/** Another after each start of the machine; undefined where the host does not tell. */
export function hostBootId(): string | undefined {
  try {
    return fs.readFileSync(BOOT_ID_FILE, 'latin1').trim() || undefined;
  } catch {
    return undefined;
  }
}
