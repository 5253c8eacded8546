import { describe, expect, it } from 'vitest';
import { ConfigError } from '../src/config/problems.ts';
import { problemsOf, resolveFile, scratchFolder } from './helpers/config.ts';

function refusal(source: string): ConfigError {
  return new ConfigError(problemsOf(() => resolveFile(source)));
}

describe('a configuration file', () => {
  it('may be empty, or hold only comments', () => {
    for (const source of ['', '# nothing\n', '---\n', '~\n']) {
      expect(resolveFile(source).origins.listen.source).toBe('default');
    }
  });

  it('sets plain keys, groups and keys with a dot', () => {
    const { values } = resolveFile(
      'lease_time: 15\nlog:\n  format: json\nlog.level: debug\nmax_read_size: 64KiB\n',
    );
    expect(values.lease_time).toBe(15);
    expect(values['log.format']).toBe('json');
    expect(values['log.level']).toBe('debug');
    expect(values.max_read_size).toBe(65_536);
  });

  it('takes shares as text and as maps', () => {
    const { values } = resolveFile(
      "shares:\n  - /a,ro\n  - path: home/alice\n    squash: none\n    clients: [10.0.0.0/8, 'fd00::/8']\n    anon_uid: 7\n    quota_bytes: 10GiB\n  - /b,quota_bytes=1T,quota_files=100\n",
    );
    expect(values.shares).toEqual([
      expect.objectContaining({
        path: '/a',
        readOnly: true,
        squash: 'root',
        clients: [],
        quotaBytes: 0,
        quotaFiles: 0,
      }),
      expect.objectContaining({
        path: '/home/alice',
        squash: 'none',
        clients: ['10.0.0.0/8', 'fd00::/8'],
        anonymousUid: 7,
        anonymousGid: 65_534,
        quotaBytes: 10 * 1024 ** 3,
        quotaFiles: 0,
      }),
      expect.objectContaining({ path: '/b', quotaBytes: 1024 ** 4, quotaFiles: 100 }),
    ]);
  });

  it('follows anchors and aliases', () => {
    const { values } = resolveFile('max_read_size: &size 2MiB\nmax_write_size: *size\n');
    expect(values.max_write_size).toBe(2 * 1024 * 1024);
  });

  it('has paths relative to its own folder', () => {
    const folder = scratchFolder();
    expect(resolveFile('data: store\n', folder).values.data).toBe(`${folder}/store`);
  });

  it.each([
    ['an unknown key', 'data: /d\nlease_tme: 20\n', 'dfs.yaml:2:1', 'did you mean lease_time?'],
    ['a key like no other', 'colour: red\n', 'dfs.yaml:1:1', 'dfs config show'],
    ['a value out of range', 'data: /d\n\nlease_time:  5\n', 'dfs.yaml:3:14', '10 to 3600 seconds'],
    ['a value of the wrong type', 'max_clients: many\n', 'dfs.yaml:1:14', 'not a whole number'],
    ['an unknown unit', 'max_read_size: 1MB\n', 'dfs.yaml:1:16', '1MiB'],
    ['a key in a group', 'log:\n  levl: info\n', 'dfs.yaml:2:3', 'did you mean log.level?'],
    ['a value in a group', 'log: {level: loud}\n', 'dfs.yaml:1:14', 'trace, debug'],
    ['a group that is no map', 'log: json\n', 'dfs.yaml:1:1', 'not a setting'],
    ['a key without a value', 'listen:\n', 'dfs.yaml:1:1', 'has no value'],
    ['an item of a list', 'listen:\n  - 127.0.0.1:1\n  - 127.0.0.1\n', 'dfs.yaml:3:5', 'not HOST:PORT'],
    [
      'an option of a share',
      'shares:\n  - path: /a\n    sqash: none\n',
      'dfs.yaml:3:5',
      'did you mean squash?',
    ],
    ['a value in a share', 'shares:\n  - path: /a\n    squash: some\n', 'dfs.yaml:3:13', 'root, all or none'],
    [
      'a quota of a share',
      'shares:\n- {path: /a, quota_files: many}\n',
      'dfs.yaml:2:27',
      'not a whole number',
    ],
    [
      'a network in a share',
      'shares:\n- {path: /a, clients: [10.0.0.0/33]}\n',
      'dfs.yaml:2:24',
      '10.0.0.0/33',
    ],
    ['a share without a path', 'shares:\n- {ro: true}\n', 'dfs.yaml:2:3', 'needs a "path"'],
    ['a share given twice', 'shares: [/a, a]\n', 'dfs.yaml:1:14', 'there twice'],
    ['a share inside a share', 'shares: [/a/b, /a]\n', 'dfs.yaml:1:16', 'one inside the other'],
    ['a key given twice', 'lease_time: 20\nlease_time: 30\n', 'dfs.yaml:2:1', 'unique'],
    ['a broken line', 'listen: [127.0.0.1:1\nlease_time: 20\n', 'dfs.yaml:2:', ''],
    ['an IPv6 address without quotes', 'listen: [::1]:12049\n', 'dfs.yaml:1:', 'quotes'],
    ['something else than settings', '- a\n- b\n', 'dfs.yaml:1:1', 'key: value'],
    ['an alias to nowhere', 'domain: *other\n', 'dfs.yaml:1:', 'other'],
    ['min above max', 'v4_min_minor_version: 2\nv4_max_minor_version: 1\n', 'dfs.yaml:1:23', 'no version'],
    ['an API open to others', 'api: 0.0.0.0:8080\n', 'dfs.yaml:1:6', 'tokens'],
    ['a prototype', '__proto__: {a: 1}\n', 'dfs.yaml:1:1', 'not a setting'],
  ])('refuses %s at its place', (_what, source, where, message) => {
    const error = refusal(source);
    expect(error.problems).toHaveLength(1);
    expect(error.problems[0]?.where).toContain(where);
    expect(error.problems[0]?.message).toContain(message);
  });

  it('shows the line with a mark under the place', () => {
    expect(refusal('lease_time: 5\n').message).toBe(
      'dfs: dfs.yaml:1:13: lease_time: 5 is out of range: 10 to 3600 seconds\n    lease_time: 5\n                ^',
    );
  });

  it('tells every wrong value of a file at once', () => {
    const { problems } = refusal("lease_time: 5\nmax_clients: 0\ndomain: '*'\n");
    expect(problems.map((problem) => problem.where)).toEqual([
      'dfs.yaml:1:13',
      'dfs.yaml:2:14',
      'dfs.yaml:3:9',
    ]);
  });

  it('stays bounded where aliases multiply', () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `a${i}: &a${i} [${i === 0 ? '1' : `*a${i - 1},`.repeat(9)}]`,
    );
    expect(refusal([...levels, 'domain: *a11'].join('\n')).message).toContain('alias');
  });
});
