/**
 * A process of its own on the host that only sleeps, and prints "late FROM TO" (seconds since 1970) where it woke late:
 * the host had no CPU to give in that time. See stalls.ts.
 */
const EVERY_MS = 20;
const WORTH_TELLING_MS = 50;

let due = Date.now() + EVERY_MS;
const tick = (): void => {
  const now = Date.now();
  if (now - due > WORTH_TELLING_MS) console.log(`late ${due / 1000} ${now / 1000}`);
  due = now + EVERY_MS;
  setTimeout(tick, EVERY_MS);
};
setTimeout(tick, EVERY_MS);
