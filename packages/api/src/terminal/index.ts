// What the command-line tools have in common: how they look, end, and find the server.
export { commandOutput, packageVersion } from './command-line.ts';
export { ExitCode } from './exit-codes.ts';
export { apiFailure, type Failure } from './failure.ts';
export { complain, say } from './io.ts';
export { OUTPUT_FORMATS, type OutputFormat, render } from './output.ts';
export { type Paint, painter, printable, wantsColour } from './paint.ts';
export { table } from './table.ts';
export { plural, showCount, showDuration, showSize } from './units.ts';
export { sharesView, statusView } from './views.ts';
