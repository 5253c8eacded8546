import fs from 'node:fs';
import { join } from 'node:path';

/** Bytes in the largest file that the host lets lie in `folder`, found by making one (empty) that large. */
export function maxFileSizeIn(folder: string): number {
  const path = join(folder, '.probe');
  const fd = fs.openSync(path, 'w', 0o600);
  try {
    return largest((size) => {
      try {
        fs.ftruncateSync(fd, size);
        return true;
      } catch {
        return false;
      }
    });
  } finally {
    fs.closeSync(fd);
    fs.unlinkSync(path);
  }
}

function largest(fits: (size: number) => boolean): number {
  let low = 0;
  let high = Number.MAX_SAFE_INTEGER;
  if (fits(high)) return high;
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}
