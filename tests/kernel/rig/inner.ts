import { type ChildProcess, spawn } from 'node:child_process';

/** As `unshare` takes them. */
export const NAMESPACES = ['--net', '--pid', '--fork', '--kill-child', '--mount-proc'];

/**
 * Starts a script of ours as the first process of network and process namespaces of its own, and gives it its plan, which {@link takePlan}
 * receives there. It dies with this process, and everything in its namespaces with it.
 */
export function startInner(script: string, plan: object, more: readonly string[] = []): ChildProcess {
  const inner = [...NAMESPACES, ...more, process.execPath, script];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...inner], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.send(plan);
  return child;
}

/** The status of the inner half; a signal to this process ends it at once. */
export function statusOf(child: ChildProcess): Promise<number> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** In the inner half: does what the outer half planned, and ends the process with its status. */
export function takePlan<Plan>(name: string, main: (plan: Plan) => Promise<number>): void {
  process.once('message', (plan: Plan) => {
    main(plan).then(
      (status) => process.exit(status),
      (error: unknown) => {
        console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
        process.exit(1);
      },
    );
  });
  // Without the outer half there is nobody to report to.
  process.once('disconnect', () => process.exit(1));
}
