/** A step into a value: the key of a map, the index of a list. */
export type PathStep = string | number;

/** Why a value is refused. Says what is wrong and what would be right. */
export class SettingError extends Error {
  /** Where in the value: empty for the value as a whole. */
  readonly path: readonly PathStep[];
  /** The name of the last step is what is wrong, not what it holds. */
  readonly atKey: boolean;

  constructor(message: string, path: readonly PathStep[] = [], atKey = false) {
    super(message);
    this.name = 'SettingError';
    this.path = path;
    this.atKey = atKey;
  }

  /** The same refusal, seen from one level further out. */
  within(step: PathStep): SettingError {
    return new SettingError(this.message, [step, ...this.path], this.atKey);
  }
}

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { [key: string]: JsonValue };

/** How values of one kind are read, checked and shown. */
export interface Kind<T> {
  /** What is allowed, in words that end a sentence: "10 to 3600 seconds". */
  readonly allowed: string;
  /** Checks text (flags, environment) or a plain value (YAML, JSON). Throws a {@link SettingError}. */
  parse(input: unknown): T;
  /** The value as people and files write it. */
  show(value: T): JsonValue;
}

/** JSON Schema of a value, as far as it is needed. */
export type KindSchema =
  | { readonly type: 'integer'; readonly minimum: number; readonly maximum: number }
  | { readonly type: 'integer'; readonly enum: readonly number[] }
  | { readonly type: 'string'; readonly enum?: readonly string[]; readonly pattern?: string }
  | { readonly type: 'boolean' }
  | {
      readonly type: 'array';
      readonly items: { readonly type: 'string'; readonly enum: readonly string[] };
      readonly uniqueItems: true;
    };

/** A kind whose values can be said in JSON, as the management API has them. */
export interface ApiKind<T> extends Kind<T> {
  readonly schema: KindSchema;
  readonly unit?: 'seconds' | 'bytes';
}

/** Short enough for a message, quoted where it is text. Lists and maps are only named: aliases may make them huge. */
export function quote(input: unknown): string {
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object' && input !== null) return 'a map';
  const text = JSON.stringify(input) ?? String(input);
  const longest = 60;
  return text.length <= longest ? text : `${text.slice(0, longest)}…`;
}

/** All of `parts`, with `word` before the last: "a, b or c". */
export function listed(parts: readonly string[], word: string): string {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} ${word} ${parts[parts.length - 1]}`;
}
