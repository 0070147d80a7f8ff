/** The API as tests meet it: over a database in memory and a ledger of fixed rows, in virtual time, without sockets. */
import { clockAt } from '../../test/support/clock-at.ts';
import { openEmbedded } from '../../test/support/databases.ts';
import { ROLES, type Role } from '../contract/roles.ts';
import { addUser } from './access/users.ts';
import { LiveBus } from './http/live.ts';
import { createMemoryLedger } from './memory-ledger.fixture.ts';
import { type ApiOptions, createApi } from './server.ts';

export const TEST_NOW = Date.UTC(2026, 5, 1, 6, 0, 0);

export async function openTestApi(options: Partial<ApiOptions> = {}) {
  const store = await openEmbedded();
  const clock = clockAt(TEST_NOW);
  const ledger = createMemoryLedger();
  const live = new LiveBus();
  const revoked: string[] = [];
  let secrets = 0;
  const newToken = () => `secret-${++secrets}`;
  const app = await createApi({
    db: store.db,
    ledger,
    live,
    clock,
    newToken,
    sessionKey: Buffer.alloc(32, 7),
    status: () => ({
      site: 'Test dock',
      version: '0.0.0',
      now: new Date(clock.now()).toISOString(),
      database: 'pglite',
      intake: 'open in this process',
      counters: { eventsTaken: 3 },
    }),
    onGatewayRevoked: (gateway) => revoked.push(gateway),
    pageDir: '/nonexistent',
    version: '0.0.0',
    ...options,
  });
  await app.ready();
  const tokens = {} as Record<Role, string>;
  for (const role of ROLES) {
    tokens[role] = (await addUser(store.db, { name: `the ${role}`, role }, newToken, TEST_NOW)) ?? '';
  }
  const close = async () => {
    await app.close();
    await store.close();
  };
  return { app, db: store.db, clock, ledger, live, tokens, revoked, close };
}

export type TestApi = Awaited<ReturnType<typeof openTestApi>>;

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
