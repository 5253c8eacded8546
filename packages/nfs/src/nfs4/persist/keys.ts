/** What a journal key begins with. */
export const Kind = {
  SERVER: 'server',
  GRACE: 'grace',
  CLIENT: 'c',
  SESSION: 's',
  SLOT: 'r',
  OPEN: 'o',
  LOCK: 'l',
  WAITER: 'w',
  DELEGATION: 'd',
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];
