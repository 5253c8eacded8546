import { buildConsole } from './console.ts';

/** Once before all files: two that build at the same time would take the pages from under each other's servers. */
export default function setup(): void {
  buildConsole();
}
