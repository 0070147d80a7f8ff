/** The commands that do one thing to the database and end. */
import { decodeEpc } from '../../protocol/epc/epc.ts';
import type { Clock } from '../../protocol/ports/clock.ts';
import { addUser } from '../api/access/users.ts';
import { LiveBus } from '../api/http/live.ts';
import type { User } from '../contract/roles.ts';
import { addGateway } from '../fleet/gateway-registry.ts';
import { createIngest } from '../ingest/ingest.ts';
import type { Store } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import { type CloudConfig, ConfigError } from './config.ts';
import { createLedger } from './ledger.ts';
import { openMigratedStore, openStore } from './open-store.ts';
import { loadShipmentsFile } from './shipments-file.ts';
import { newSecret } from './start-cloud.ts';

export interface Command {
  readonly config: CloudConfig;
  readonly clock: Clock;
  readonly write: (text: string) => void;
  /** Where a person watches; undefined in a pipe. */
  readonly progress?: ((text: string) => void) | undefined;
}

export async function migrateCommand({ config, write }: Command): Promise<void> {
  await using(
    openStore(config.database, () => {}),
    async ({ db }) => {
      const done = await migrate(db);
      write(done.length === 0 ? 'The schema is up to date.\n' : `Migrated: ${done.join(', ')}.\n`);
    },
  );
}

export async function rebuildCommand({ config, clock, write, progress }: Command): Promise<void> {
  await using(
    openMigratedStore(config.database, () => {}),
    async (store) => {
      const ingest = createIngest({
        store,
        site: config.site,
        clock,
        decode: decodeEpc,
      });
      const { events } = await ingest.rebuild((done, total) => progress?.(`\r${done} of ${total} events`));
      progress?.('\r\x1b[K');
      write(`Rebuilt from ${events} events.\n`);
    },
  );
}

export async function addUserCommand({ config, clock, write }: Command, user: User): Promise<void> {
  await using(
    openMigratedStore(config.database, () => {}),
    async ({ db }) => {
      const token = await addUser(db, user, newSecret, clock.now());
      if (token === undefined) throw new ConfigError([`there is a user ${user.name}: choose another name`]);
      write(`${token}\n`);
    },
  );
}

export async function addGatewayCommand({ config, clock, write }: Command, id: string): Promise<void> {
  await using(
    openMigratedStore(config.database, () => {}),
    async ({ db }) => {
      const token = await addGateway(db, id, newSecret, clock.now());
      if (token === undefined) {
        throw new ConfigError([
          `there is a gateway ${id}: choose another id, or give it a new token with POST /api/v1/gateways/${id}/token`,
        ]);
      }
      write(`${token}\n`);
    },
  );
}

export async function loadShipmentsCommand({ config, clock, write }: Command, file: string): Promise<void> {
  await using(
    openMigratedStore(config.database, () => {}),
    async (store) => {
      const ledger = createLedger({ store, site: config.site, clock, live: new LiveBus() });
      const ids = await loadShipmentsFile(ledger, file);
      write(`Loaded ${ids.length} shipments: ${ids.join(', ')}.\n`);
    },
  );
}

/** Opens, works, closes, whatever happens. */
export async function using(opening: Promise<Store>, work: (store: Store) => Promise<void>): Promise<void> {
  const store = await opening;
  try {
    await work(store);
  } finally {
    await store.close();
  }
}
