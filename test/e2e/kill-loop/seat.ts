/**
 * A place in the site that a process sits in: killed without warning, started again, and, as a supervisor would,
 * started again also when it ends by itself (a cloud whose database is away does).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { until } from '../../support/processes.ts';

const RESPAWN_MS = 300;
const UP_LIMIT_MS = 300_000;
const KEPT_CHARACTERS = 20_000;

/** Something that can be killed and started again. */
export interface Victim {
  readonly name: string;
  kill(): Promise<void>;
  /** Resolves when it answers, or when it was killed again. */
  start(): Promise<void>;
  /** The end of what it has written. */
  output(): string;
}

interface SeatPlan {
  readonly name: string;
  /** Arguments of node for its next life. */
  args(): readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  isUp(): Promise<boolean>;
}

export class Seat implements Victim {
  readonly name: string;
  /** Ends by itself before it answered: a cloud whose database is away. */
  failedStarts = 0;
  /** Ends by itself after it had answered, which no trouble of another part excuses. */
  deaths = 0;
  readonly #plan: SeatPlan;
  #child: ChildProcess | undefined;
  #wanted = false;
  #up = false;
  #respawn: NodeJS.Timeout | undefined;
  #output = '';

  constructor(plan: SeatPlan) {
    this.#plan = plan;
    this.name = plan.name;
  }

  output(): string {
    return this.#output;
  }

  async start(): Promise<void> {
    this.#wanted = true;
    this.#spawn();
    const upOrUnwanted = async () => {
      this.#up = this.#wanted && (await this.#plan.isUp());
      return this.#up || !this.#wanted;
    };
    await until(`${this.name} to answer`, upOrUnwanted, UP_LIMIT_MS).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.#output}`, { cause: error });
    });
  }

  async kill(): Promise<void> {
    this.#wanted = false;
    this.#up = false;
    clearTimeout(this.#respawn);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** Resolves when it has ended by itself without an error. */
  async ended(limitMs: number): Promise<void> {
    await until(`${this.name} to end`, () => this.#child?.exitCode === 0, limitMs).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.#output}`, { cause: error });
    });
  }

  #spawn(): void {
    const { args, env } = this.#plan;
    const child = spawn(process.execPath, args(), { stdio: ['ignore', 'pipe', 'pipe'], ...(env && { env }) });
    this.#child = child;
    const keep = (chunk: unknown) => {
      this.#output = (this.#output + String(chunk)).slice(-KEPT_CHARACTERS);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('exit', (code, signal) => {
      keep(`[${this.name} ended: ${code ?? signal}]\n`);
      if (!this.#wanted || this.#child !== child || code === 0) return;
      if (this.#up) this.deaths += 1;
      else this.failedStarts += 1;
      this.#up = false;
      this.#respawn = setTimeout(() => this.#spawn(), RESPAWN_MS);
    });
  }
}
