/** Something on the command line, in the environment or in a file of dfsctl's own is wrong. The message is for the user. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
