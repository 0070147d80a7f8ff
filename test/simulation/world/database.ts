/**
 * The database server as the cloud's processes meet it: slow, failing, restarting, or losing the answer of a commit
 * that stands. Behind it runs the real SQL. It notes what is committed after each commit, in the moment between two
 * transactions: what an ack may cover.
 */
import { Kysely, sql } from 'kysely';
import type { Tables } from '../../../cloud/store/tables.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import type { FaultBox } from '../faults/fault-kinds.ts';
import { type History, ledgerKey } from '../history.ts';
import type { SimulationEngine } from './engine.ts';
import type { Incarnation } from './incarnation.ts';
import { type ClientHooks, type StatementKind, simulatedClient } from './simulated-dialect.ts';

interface DatabaseParts {
  readonly engine: SimulationEngine;
  readonly clock: Clock;
  readonly random: Random;
  readonly faults: FaultBox;
  readonly history: History;
}

export interface DatabaseClient {
  readonly db: Kysely<Tables>;
  /** Its process died: what it had open is rolled back. */
  abort(): Promise<void>;
}

/** What a statement may fail with, and pass when tried again (PostgreSQL manual, appendix A). */
const FAILURES: readonly [code: string, message: string][] = [
  ['08006', 'connection failure'],
  ['57P01', 'terminating connection due to administrator command'],
  ['40001', 'could not serialize access'],
  ['40P01', 'deadlock detected'],
  ['53300', 'too many connections'],
  ['58030', 'could not write to the log: input/output error'],
];

/** Virtual. A transaction that began so long before the newest commit has ended one way or the other. */
const LONGEST_TRANSACTION_MS = 15 * 60_000;

const NEVER = () => new Promise<never>(() => {});
/** A transaction has some ten statements: each of them fails so much more rarely than a message. */
const PER_STATEMENT = 0.12;

export class Database {
  /** Names of the events and dead letters that are committed: none is ever taken back. */
  readonly committed = new Set<string>();
  #readUpTo = 0;
  readonly #parts: DatabaseParts;
  #up = true;
  #busy = false;
  readonly #waiting: (() => void)[] = [];

  constructor(parts: DatabaseParts) {
    this.#parts = parts;
  }

  stop(): void {
    this.#up = false;
    this.#parts.history.note('database stops');
  }

  start(): void {
    this.#up = true;
  }

  connect(life: Incarnation): DatabaseClient {
    const { engine } = this.#parts;
    const client = simulatedClient(engine.dialect(), this.#hooks(life));
    const db = new Kysely<Tables>({ dialect: client.dialect });
    return { db, abort: () => this.#parts.clock.track(client.abort()) };
  }

  #hooks(life: Incarnation): ClientHooks {
    const { clock, faults, random, engine } = this.#parts;
    const check = () => {
      if (!this.#up) throw failure('57P03', 'the database system is starting up');
    };
    return {
      before: async (kind) => {
        if (!life.pass(`statement ${kind}`)) return NEVER();
        check();
        if (faults.hits('statement-fails', PER_STATEMENT)) throw failure(...random.pick(FAILURES));
        // With several connections a wait inside a transaction would hold locks that others wait for in real time.
        const mayWait = kind === 'begin' || !engine.concurrent;
        if (mayWait && faults.hits('slow-database', kind === 'begin' ? 1 : PER_STATEMENT)) {
          await new Promise<void>((resolve) =>
            life.clock.setTimer(random.integer(50, 8000), 'slow database', resolve),
          );
          check();
        }
      },
      after: async (kind: StatementKind) => {
        if (!life.pass(`statement ${kind} done`)) return NEVER();
        if (kind === 'commit' && faults.hits('commit-answer-lost')) throw failure('08006', 'connection lost');
      },
      run: async (work) => {
        if (!life.alive) return NEVER();
        const result = await clock.track(work());
        return life.alive ? result : NEVER();
      },
      enter: async (entered) => {
        // An engine with one connection has it always: there the first statement is what fails.
        if (engine.concurrent) check();
        else await this.#turn();
        const leave = () => {
          if (!engine.concurrent) this.#leave();
        };
        if (life.alive) return entered(leave);
        leave();
        return NEVER();
      },
      committed: () => clock.track(this.readCommitted()),
    };
  }

  async #turn(): Promise<void> {
    while (this.#busy) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#busy = true;
  }

  #leave(): void {
    this.#busy = false;
    this.#waiting.shift()?.();
  }

  /** A fresh read, with a session of its own, of what may be new. */
  async readCommitted(): Promise<void> {
    const since = this.#readUpTo - LONGEST_TRANSACTION_MS;
    const { rows } = await sql<{
      gateway: string;
      epoch: string;
      lane: string;
      seq: number;
      received_at: number;
    }>`
      select gateway, epoch, lane, seq, received_at from events where received_at >= ${since}::bigint union all
      select gateway, epoch, lane, seq, received_at from dead_letters
      where seq is not null and received_at >= ${since}::bigint
    `.execute(this.#parts.engine.admin);
    for (const { gateway, epoch, lane, seq, received_at } of rows) {
      this.committed.add(ledgerKey(gateway, epoch, lane, Number(seq)));
      this.#readUpTo = Math.max(this.#readUpTo, Number(received_at));
    }
  }
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
