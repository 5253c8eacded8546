import type { NfsClient } from '@dfs/api';
import type { Paint } from '@dfs/api/terminal';

export function paintBackChannel(state: NfsClient['back_channel'], paint: Paint): string {
  switch (state) {
    case 'up':
      return paint('green', state);
    case 'down':
      return paint('red', state);
    case 'none':
    case 'unproven':
      return state;
  }
}
