import { type Logger, pino, stdTimeFunctions } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { SettingValue } from '../config/settings.ts';
import type { LogSink } from './log-sink.ts';

export type { Logger } from 'pino';

export interface LogOptions {
  readonly format: 'pretty' | 'json';
  readonly level: SettingValue<'log.level'>;
  readonly colour: boolean;
  readonly sink: LogSink;
}

/** A log of one JSON object per line, or of lines for people. */
export function createLog({ format, level, colour, sink }: LogOptions): Logger {
  const prettify = prettyFactory({
    colorize: colour,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid',
    singleLine: true,
    levelFirst: false,
  });
  const stream =
    format === 'json'
      ? { write: (line: string) => sink.write(line) }
      : { write: (line: string) => sink.write(prettify(line)) };
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
}
