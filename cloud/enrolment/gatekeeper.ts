/**
 * Whether a gateway may come in with its token, for every intake that sees one. Asked of the database each time, so
 * a revocation in another cloud process holds here from its commit on. The use of a revoked token is reported once to `onRevokedUse`
 * for each revocation.
 */
import type { Kysely } from 'kysely';
import type { Clock } from '../../protocol/ports/clock.ts';
import type { Tables } from '../store/tables.ts';
import { findTokenHolder, type TokenHolder } from './gateway-tokens.ts';

export interface Gatekeeper {
  /** True when the token is that of the gateway and the gateway may deliver. */
  verify(gateway: string, token: string): Promise<boolean>;
  /** The gateway that may deliver with this token. */
  ownerOf(token: string): Promise<string | undefined>;
}

export function createGatekeeper(options: {
  readonly db: Kysely<Tables>;
  readonly clock: Clock;
  /** Must not throw. */
  readonly onRevokedUse: (gateway: string, revokedAt: number) => void;
}): Gatekeeper {
  const { db, clock, onRevokedUse } = options;
  /** One entry for each revoked gateway that came: no more than there are gateways. */
  const reported = new Map<string, number>();

  async function lookAt(token: string): Promise<TokenHolder | undefined> {
    const holder = await findTokenHolder(db, token, clock.now());
    if (holder?.standing === 'revoked' && holder.endedAt !== undefined) {
      const { gateway, endedAt } = holder;
      if (reported.get(gateway) !== endedAt) onRevokedUse(gateway, endedAt);
      reported.set(gateway, endedAt);
    }
    return holder?.standing === 'valid' ? holder : undefined;
  }

  return {
    verify: async (gateway, token) => (await lookAt(token))?.gateway === gateway,
    ownerOf: async (token) => (await lookAt(token))?.gateway,
  };
}
