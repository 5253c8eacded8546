import type { Compound } from '../compound.ts';
import { BindFromClient, BindFromServer, Op, SESSION_ID_SIZE, Status } from '../constants/index.ts';
import type { Operation } from '../operation.ts';
import { type Binding, type Connection, carriesFore, type Direction } from '../state/connections.ts';
import type { Session } from '../state/sessions.ts';

const ANSWER: Readonly<Record<Direction, number>> = {
  fore: BindFromServer.FORE,
  back: BindFromServer.BACK,
  both: BindFromServer.BOTH,
};

/** RFC 8881 §18.34: a connection joins a session, for the channels that the client asks for and the session has. */
export const bindConnToSession: Operation = {
  op: Op.BIND_CONN_TO_SESSION,
  minor: 1,
  needsFh: false,
  modifies: true,
  changesFiles: false,
  replyRoom: SESSION_ID_SIZE + 8,
  run(c) {
    const id = c.args.fixed(SESSION_ID_SIZE);
    const asked = c.args.u32();
    c.args.bool(); // RDMA mode: there is none
    if (c.count > 1) return Status.NOT_ONLY_OP;
    if (!isDirection(asked)) return Status.BADXDR;
    const { state } = c.engine;
    const session = state.sessions.find(id);
    if (session === undefined) return Status.BADSESSION;
    const direction = decide(session, c.connection, asked);
    if (direction === undefined) return Status.INVAL;
    const granted = bind(c, session, direction, asked);
    if (granted === undefined) return Status.INVAL;
    state.renew(session.client);
    c.out.fixed(session.id).u32(ANSWER[granted]).bool(false);
    return Status.OK;
  },
};

/**
 * Binds, and yields the direction to answer with. Beyond the limit, a connection for requests is taken as a guest; one for callbacks gets a place
 * where the session has no other for them, for the Linux client does not go on before it has got it; any other one is refused.
 */
function bind(
  c: Compound,
  session: Session,
  wanted: Direction,
  asked: AskedDirection,
): Direction | undefined {
  const { connections } = c.engine.state;
  const { connection } = c;
  if (!connection.bindings.has(session) && !connections.hasRoom(session)) {
    const guest = wanted === 'fore' || (session.callable && asked === BindFromClient.FORE_OR_BOTH);
    if (guest) {
      connections.joinAsGuest(connection, session);
      return 'fore';
    }
    if (session.callable || !connections.makeRoom(connection, session, wanted)) return undefined;
  }
  connections.bind(connection, session, wanted);
  return wanted;
}

type AskedDirection = (typeof BindFromClient)[keyof typeof BindFromClient];

function isDirection(value: number): value is AskedDirection {
  return Object.values<number>(BindFromClient).includes(value);
}

/** The direction that the connection has afterwards; undefined for a demand that is refused, and changes nothing. */
function decide(session: Session, connection: Connection, asked: AskedDirection): Direction | undefined {
  const bound = connection.bindings.get(session);
  const wanted = wantedDirection(session, asked);
  if (wanted === undefined) return undefined;
  if (bound === undefined) {
    if (wanted === 'back' && !hasFore(session)) return undefined;
    return wanted;
  }
  return rebind(bound, wanted, asked);
}

function wantedDirection(session: Session, asked: AskedDirection): Direction | undefined {
  const back = session.wantsBackChannel;
  switch (asked) {
    case BindFromClient.FORE:
      return 'fore';
    case BindFromClient.BACK:
      return back ? 'back' : undefined;
    case BindFromClient.FORE_OR_BOTH:
      return back ? 'both' : 'fore';
    case BindFromClient.BACK_OR_BOTH:
      return back ? 'both' : undefined;
    default:
      return asked satisfies never;
  }
}

/**
 * The same again is fine, and the back channel may be added to a fore connection, which the Linux client depends on; any other change
 * is refused (§18.34.3).
 */
function rebind(bound: Binding, wanted: Direction, asked: AskedDirection): Direction | undefined {
  if (bound.direction === wanted) return wanted;
  if (bound.direction === 'fore' && wanted === 'both' && asked === BindFromClient.FORE_OR_BOTH) return 'both';
  return undefined;
}

function hasFore(session: Session): boolean {
  for (const binding of session.bindings.values()) if (carriesFore(binding)) return true;
  return false;
}
