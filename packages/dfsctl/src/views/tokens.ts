import type { NewToken, Token } from '@dfs/api';
import { type Paint, printable, table } from '@dfs/api/terminal';

export function tokensView(tokens: readonly Token[], paint: Paint): string {
  if (tokens.length === 0) return 'no tokens';
  const rows = tokens.map((token) => [
    printable(token.id),
    printable(token.name),
    token.role,
    token.created_at,
    printable(token.created_by),
    token.last_used_at ?? 'never',
    token.expires_at ?? 'never',
  ]);
  return table(['ID', 'NAME', 'ROLE', 'MADE', 'BY', 'LAST USED', 'EXPIRES'], rows, paint);
}

export function newTokenView(token: NewToken, paint: Paint): string {
  const end = token.expires_at === null ? 'never expires' : `expires ${token.expires_at}`;
  return [
    `token ${printable(token.id)}, "${printable(token.name)}", role ${token.role}, ${end}`,
    '',
    `  ${paint('bold', printable(token.token))}`,
    '',
    paint('dim', 'It is shown only now. Give it to dfsctl login, or send it as "Authorization: Bearer ...".'),
  ].join('\n');
}
