/**
 * A Kysely dialect over a real one, with a hook before and behind each statement of a client: the place where a
 * database is slow, fails, or commits without its answer coming back. The SQL itself runs on the real engine.
 */
import type {
  CompiledQuery,
  DatabaseConnection,
  Dialect,
  Driver,
  QueryResult,
  TransactionSettings,
} from 'kysely';

export type StatementKind = 'begin' | 'query' | 'commit';

export interface ClientHooks {
  /** Throws to fail the statement; never settles for a client that is dead. */
  before(kind: StatementKind): Promise<void>;
  /** Has run. Throws to lose the answer. */
  after(kind: StatementKind): Promise<void>;
  /** Runs one call of the real driver. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** One transaction at a time where the engine has one connection; resolves with what lets the next in. */
  enter(): Promise<() => void>;
  /** Committed for good; called before anybody else may begin. */
  committed(): Promise<void>;
}

export interface SimulatedClient {
  readonly dialect: Dialect;
  /** The client is dead: the server rolls back what it had open. To be called when no statement runs. */
  abort(): Promise<void>;
}

interface Open {
  readonly inner: DatabaseConnection;
  readonly leave: () => void;
  inTransaction: boolean;
}

export function simulatedClient(base: Dialect, hooks: ClientHooks): SimulatedClient {
  const inner = base.createDriver();
  const open = new Set<Open>();
  const entries = new WeakMap<DatabaseConnection, Open>();
  const entryOf = (connection: DatabaseConnection): Open => {
    const entry = entries.get(connection);
    if (entry === undefined) throw new Error('a connection of another driver');
    return entry;
  };

  const close = async (entry: Open) => {
    if (!open.delete(entry)) return;
    await hooks.run(() => inner.releaseConnection(entry.inner));
    entry.leave();
  };

  const driver: Driver = {
    init: () => inner.init(),
    destroy: () => Promise.resolve(),
    async acquireConnection() {
      const leave = await hooks.enter();
      const entry: Open = {
        inner: await hooks.run(() => inner.acquireConnection()),
        leave,
        inTransaction: false,
      };
      open.add(entry);
      const connection = connectionOver(entry.inner, hooks);
      entries.set(connection, entry);
      return connection;
    },
    async beginTransaction(connection, settings: TransactionSettings) {
      const entry = entryOf(connection);
      await hooks.before('begin');
      entry.inTransaction = true;
      await hooks.run(() => inner.beginTransaction(entry.inner, settings));
      await hooks.after('begin');
    },
    async commitTransaction(connection) {
      const entry = entryOf(connection);
      await hooks.before('commit');
      await hooks.run(() => inner.commitTransaction(entry.inner));
      entry.inTransaction = false;
      await hooks.committed();
      await hooks.after('commit');
    },
    async rollbackTransaction(connection) {
      const entry = entryOf(connection);
      if (entry.inTransaction) await hooks.run(() => inner.rollbackTransaction(entry.inner));
      entry.inTransaction = false;
    },
    releaseConnection: (connection) => close(entryOf(connection)),
  };

  return {
    dialect: {
      createDriver: () => driver,
      createAdapter: () => base.createAdapter(),
      createIntrospector: (db) => base.createIntrospector(db),
      createQueryCompiler: () => base.createQueryCompiler(),
    },
    async abort() {
      for (const entry of [...open]) {
        if (entry.inTransaction) await inner.rollbackTransaction(entry.inner);
        open.delete(entry);
        await inner.releaseConnection(entry.inner);
        entry.leave();
      }
    },
  };
}

function connectionOver(inner: DatabaseConnection, hooks: ClientHooks): DatabaseConnection {
  return {
    async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
      await hooks.before('query');
      const result = await hooks.run(() => inner.executeQuery<Row>(query));
      await hooks.after('query');
      return result;
    },
    streamQuery() {
      throw new Error('nothing here streams');
    },
  };
}
