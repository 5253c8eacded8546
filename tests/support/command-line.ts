const USAGE = 2;
const DIGITS = /^\d+$/;

/** Options that make no sense: shown with how to do better. */
export class UsageError extends Error {}

/** What `parse` makes of a command line. What it has against that becomes a {@link UsageError}. */
export function understood<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** The whole number from `least` to `most` that an option asks for. Throws {@link UsageError}. */
export function wholeNumber(name: string, text: string, most: number, least = 0): number {
  const number = Number(text);
  if (!DIGITS.test(text) || number < least || number > most)
    throw new UsageError(`--${name} wants a whole number from ${least} to ${most}, not ${text}`);
  return number;
}

/** This process's options. A status to end with where they make no sense or are to be explained, which has been done then. */
export function ownOptions<O extends object>(
  read: (args: readonly string[]) => O | undefined,
  help: string,
): O | number {
  try {
    const options = read(process.argv.slice(2));
    if (options !== undefined) return options;
    console.log(help);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${help}`);
    return USAGE;
  }
}
