import type { ListenAddress } from '@dfs/nfs';
import { showAddress } from '../config/address.ts';
import { errorCode, errorMessage, StartError } from './start-error.ts';

const FIRST_UNPRIVILEGED_PORT = 1024;

/** Why an address cannot be listened on, and what to do; `flag` names the setting that asked for it. */
export function listenError(
  error: unknown,
  address: ListenAddress,
  flag: '--listen' | '--api' | '--console',
): unknown {
  const where = showAddress(address);
  const { host } = address;
  switch (errorCode(error)) {
    case 'EADDRINUSE':
      return new StartError(
        `${where} is in use by another program, or by another dfs`,
        `stop that one, or choose another port with ${flag} (port 0 takes any free one)`,
        error,
      );
    case 'EACCES':
    case 'EPERM':
      return new StartError(
        `this user may not listen on ${where}`,
        address.port < FIRST_UNPRIVILEGED_PORT
          ? `ports below ${FIRST_UNPRIVILEGED_PORT} need root or CAP_NET_BIND_SERVICE: choose a higher one with ${flag}`
          : `choose another address with ${flag}`,
        error,
      );
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return new StartError(
        `${host} is not an address of this machine`,
        `choose another address with ${flag} ("ip address" lists them; 0.0.0.0 is all of them)`,
        error,
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
    case 'EAI_NONAME':
      return new StartError(
        `the host name ${host} is not known here`,
        `give an address with ${flag} instead`,
        error,
      );
    case undefined:
      return error;
    default:
      return new StartError(
        `cannot listen on ${where}: ${errorMessage(error)}`,
        `choose another address with ${flag}`,
        error,
      );
  }
}
