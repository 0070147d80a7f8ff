/**
 * Ends the sessions of our own broker whose token may not deliver any more, also when another cloud process or a
 * command line revoked it: looked at every SESSION_CHECK_MS, one query for all sessions. Between the revocation and
 * the look such a session can still publish, but nothing of it is taken: the ingest asks in its own transaction.
 */
import type { Kysely } from 'kysely';
import type { Clock } from '../../protocol/ports/clock.ts';
import { validTokenHashes } from '../enrolment/gateway-tokens.ts';
import type { Tables } from '../store/tables.ts';
import { type Periodic, periodically } from './periodic.ts';

/** The longest a session outlives a revocation elsewhere, beside the time of the query. */
export const SESSION_CHECK_MS = 2000;

export interface BrokerSessions {
  /** Gateways that are signed in, each with the hash of the token it signed in with. */
  sessions(): readonly { readonly gateway: string; readonly tokenHash: string }[];
  drop(gateway: string): void;
}

export function watchSessions(options: {
  readonly db: Kysely<Tables>;
  readonly clock: Clock;
  readonly broker: BrokerSessions;
  readonly onError: (error: unknown) => void;
}): Periodic {
  const { db, clock, broker, onError } = options;
  return periodically(clock, {
    name: 'sessions of revoked gateways',
    everyMs: SESSION_CHECK_MS,
    onError,
    task: async () => {
      const looked = broker.sessions();
      const valid = await validTokenHashes(
        db,
        looked.map((session) => session.tokenHash),
      );
      const now = new Map(broker.sessions().map((session) => [session.gateway, session.tokenHash]));
      for (const { gateway, tokenHash } of looked) {
        // One that signed in again in the meantime was verified then.
        if (!valid.has(tokenHash) && now.get(gateway) === tokenHash) broker.drop(gateway);
      }
    },
  });
}
