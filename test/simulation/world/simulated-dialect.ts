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
  /**
   * One transaction at a time where the engine has one connection. `entered` is called in the same moment, with what
   * lets the next in; a death comes before it or finds it done.
   */
  enter<T>(entered: (leave: () => void) => T): Promise<T>;
  /** Committed for good; called before anybody else may begin. */
  committed(): Promise<void>;
}

interface SimulatedClient {
  readonly dialect: Dialect;
  /** The client is dead: the server rolls back what it had open. To be called when no statement runs. */
  abort(): Promise<void>;
}

interface OpenConnection {
  /** Undefined until it was asked for. */
  inner: Promise<DatabaseConnection> | undefined;
  readonly leave: () => void;
  inTransaction: boolean;
}

/** A connection that its client has. */
interface TakenConnection {
  readonly entry: OpenConnection;
  readonly real: DatabaseConnection;
}

export function simulatedClient(base: Dialect, hooks: ClientHooks): SimulatedClient {
  const inner = base.createDriver();
  const open = new Set<OpenConnection>();
  const entries = new WeakMap<DatabaseConnection, TakenConnection>();
  const entryOf = (connection: DatabaseConnection): TakenConnection => {
    const taken = entries.get(connection);
    if (taken === undefined) throw new Error('a connection of another driver');
    return taken;
  };

  const driver: Driver = {
    init: () => inner.init(),
    destroy: () => Promise.resolve(),
    async acquireConnection() {
      const entry = await hooks.enter((leave) => {
        const entered: OpenConnection = { inner: undefined, leave, inTransaction: false };
        open.add(entered);
        return entered;
      });
      const real = await hooks.run(() => {
        entry.inner = inner.acquireConnection();
        return entry.inner;
      });
      const connection = connectionOver(real, hooks);
      entries.set(connection, { entry, real });
      return connection;
    },
    async beginTransaction(connection, settings: TransactionSettings) {
      const { entry, real } = entryOf(connection);
      await hooks.before('begin');
      entry.inTransaction = true;
      await hooks.run(() => inner.beginTransaction(real, settings));
      await hooks.after('begin');
    },
    async commitTransaction(connection) {
      const { entry, real } = entryOf(connection);
      await hooks.before('commit');
      await hooks.run(() => inner.commitTransaction(real));
      entry.inTransaction = false;
      await hooks.committed();
      await hooks.after('commit');
    },
    async rollbackTransaction(connection) {
      const { entry, real } = entryOf(connection);
      if (entry.inTransaction) await hooks.run(() => inner.rollbackTransaction(real));
      entry.inTransaction = false;
    },
    async releaseConnection(connection) {
      const { entry, real } = entryOf(connection);
      await hooks.run(async () => {
        if (!open.delete(entry)) return;
        await inner.releaseConnection(real);
        entry.leave();
      });
    },
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
        open.delete(entry);
        const real = await entry.inner;
        if (real !== undefined) {
          if (entry.inTransaction) await inner.rollbackTransaction(real);
          await inner.releaseConnection(real);
        }
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
