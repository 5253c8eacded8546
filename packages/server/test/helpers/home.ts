import path from 'node:path';

/** The launcher's: without it each start reads all the TypeScript anew. */
export const COMPILE_CACHE = path.resolve(import.meta.dirname, '../../../../node_modules/.cache/dfs');

/** The environment of a server with folders of its own, all of them `home`, and without this machine's configuration. */
export function homeEnvironment(home: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: home,
    XDG_RUNTIME_DIR: home,
    XDG_CONFIG_HOME: home,
    XDG_STATE_HOME: home,
    DFS_CONFIG: '',
    NODE_COMPILE_CACHE: COMPILE_CACHE,
  };
}
