import type { Kysely } from 'kysely';
import type { Tables } from '../store/tables.ts';
import { gatewayOfToken } from './gateway-registry.ts';

/** Whether this is a token of this gateway that may deliver now. */
export const verifyGateway = async (
  db: Kysely<Tables>,
  id: string,
  token: string,
  now: number,
): Promise<boolean> => (await gatewayOfToken(db, token, now)) === id;
