import { isIP, isIPv6 } from 'node:net';
import { type Kind, quote, SettingError } from '@dfs/api/settings';
import type { ListenAddress } from '@dfs/nfs';

const MAX_PORT = 65_535;
/** Addresses to listen on, at the most. */
export const MAX_LISTENERS = 64;

const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?$/;

/** "HOST:PORT" with an IPv6 address in brackets, the way it is written in URLs. */
export function showAddress(address: ListenAddress): string {
  return `${isIPv6(address.host) ? `[${address.host}]` : address.host}:${address.port}`;
}

export function parseAddress(input: unknown): ListenAddress {
  if (typeof input !== 'string')
    throw new SettingError(`${quote(input)} is not HOST:PORT (put it in quotes)`);
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(input);
  if (match === null) throw new SettingError(`${quote(input)} is not HOST:PORT: ${hint(input)}`);
  const [, bracketed, plain, digits] = match;
  const port = Number(digits);
  if (port > MAX_PORT) throw new SettingError(`${quote(input)} has no port between 0 and ${MAX_PORT}`);
  if (bracketed !== undefined) {
    if (!isIPv6(bracketed)) throw new SettingError(`${quote(bracketed)} is not an IPv6 address`);
    return { host: bracketed, port };
  }
  const host = plain ?? '';
  const numeric = /^[0-9.]+$/.test(host);
  if (numeric ? isIP(host) === 0 : !HOST_NAME.test(host)) {
    throw new SettingError(`${quote(host)} is neither an address nor a host name: ${hint(input)}`);
  }
  return { host, port };
}

function hint(input: string): string {
  const v6 = /^(.*):(\d+)$/.exec(input);
  if (v6?.[1] !== undefined && isIPv6(v6[1])) return `put the IPv6 address in brackets: [${v6[1]}]:${v6[2]}`;
  if (isIPv6(input)) return `write [${input}]:12049`;
  const port = /^:?(\d+)$/.exec(input)?.[1] ?? '12049';
  return `write 127.0.0.1:${port} for this machine only, 0.0.0.0:${port} or [::]:${port} for every address`;
}

/** One address, or none. */
export const addressKind: Kind<ListenAddress | undefined> = {
  allowed: 'HOST:PORT, an IPv6 address in brackets',
  parse: parseAddress,
  show: (value) => (value === undefined ? null : showAddress(value)),
};

/** One address, or "off", which YAML may take for false. */
export const consoleKind: Kind<ListenAddress | undefined> = {
  allowed: 'HOST:PORT, an IPv6 address in brackets, or off',
  parse: (input) => (input === 'off' || input === false ? undefined : parseAddress(input)),
  show: (value) => (value === undefined ? 'off' : showAddress(value)),
};

/** Several addresses: a list, or text with commas between them. */
export const addressListKind: Kind<readonly ListenAddress[]> = {
  allowed: 'HOST:PORT or a list of them, IPv6 addresses in brackets',
  parse(input) {
    const items = typeof input === 'string' ? input.split(',').map((item) => item.trim()) : input;
    if (!Array.isArray(items)) throw new SettingError(`${quote(input)} is not HOST:PORT or a list of them`);
    if (items.length === 0) throw new SettingError('an empty list: at least one address is needed');
    if (items.length > MAX_LISTENERS) throw new SettingError(`more than ${MAX_LISTENERS} addresses`);
    const seen = new Set<string>();
    return items.map((item: unknown, index) => {
      try {
        const address = parseAddress(item);
        const shown = showAddress(address);
        if (address.port !== 0 && seen.has(shown)) throw new SettingError(`${shown} is there twice`);
        seen.add(shown);
        return address;
      } catch (error) {
        throw error instanceof SettingError ? error.within(index) : error;
      }
    });
  },
  show: (value) => value.map(showAddress),
};

/** Only this machine can reach it. "localhost" counts: both of its addresses are loopback. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true;
  if (isIPv6(host)) return /^(0{0,4}:){1,7}0{0,3}1$/.test(host);
  return isIP(host) === 4 && host.startsWith('127.');
}

/** Every address of the machine. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || (isIPv6(host) && /^[0:]+$/.test(host));
}
