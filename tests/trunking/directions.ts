import { BindFromClient, BindFromServer } from '../../packages/nfs/src/client/index.ts';
import type { Direction } from '../../packages/nfs/src/control.ts';

export type { Direction };
export { BindFromClient };

/** What BIND_CONN_TO_SESSION may grant for what was asked; nothing where it must be refused. */
export function directionsOf(asked: number, wantsBack: boolean): readonly Direction[] {
  switch (asked) {
    case BindFromClient.FORE:
      return ['fore'];
    case BindFromClient.BACK:
      return wantsBack ? ['back'] : [];
    case BindFromClient.FORE_OR_BOTH:
      return wantsBack ? ['both'] : ['fore'];
    case BindFromClient.BACK_OR_BOTH:
      return wantsBack ? ['both'] : [];
    default:
      return [];
  }
}

export function bindDirectionOf(answer: number): Direction {
  switch (answer) {
    case BindFromServer.FORE:
      return 'fore';
    case BindFromServer.BACK:
      return 'back';
    case BindFromServer.BOTH:
      return 'both';
    default:
      throw new RangeError(`channel_dir_from_server4 ${answer}`);
  }
}
