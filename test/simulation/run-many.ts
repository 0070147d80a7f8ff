/** Spreads seeds over worker processes. A worker that hangs or dies takes its seed down as failed, and is replaced. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SeedResult } from './run-seed.ts';
import type { WorkerAnswer } from './worker.ts';

const SCRIPT = fileURLToPath(new URL('./worker.ts', import.meta.url));
/** No seed takes this long; one that does waits for something that never comes. */
const HANG_MS = 180_000;

export async function runMany(
  seeds: Iterable<number>,
  options: { workers: number; database: string | undefined },
  onResult: (result: SeedResult) => void,
): Promise<void> {
  const left = seeds[Symbol.iterator]();
  await Promise.all(Array.from({ length: options.workers }, () => work(left, options.database, onResult)));
}

async function work(
  left: Iterator<number>,
  database: string | undefined,
  onResult: (result: SeedResult) => void,
): Promise<void> {
  let worker: Worker | undefined;
  for (let next = left.next(); next.done !== true; next = left.next()) {
    worker ??= await startWorker(database);
    const result = await worker.run(next.value);
    onResult(result);
    if (!worker.alive) worker = undefined;
  }
  await worker?.end();
}

interface Worker {
  readonly alive: boolean;
  run(seed: number): Promise<SeedResult>;
  /** Resolves when it is gone, and what it had in the database with it. */
  end(): Promise<void>;
}

async function startWorker(database: string | undefined): Promise<Worker> {
  const child = fork(SCRIPT, database === undefined ? [] : [database], { stdio: 'inherit' });
  let alive = true;
  child.once('exit', () => {
    alive = false;
  });
  const ready = await nextAnswer(child, HANG_MS);
  if (ready === undefined) throw new Error('a simulation worker does not start');
  return {
    get alive() {
      return alive;
    },
    async run(seed) {
      child.send(seed);
      const answer = await nextAnswer(child, HANG_MS);
      if (answer !== undefined && !answer.ready) return answer.result;
      const detail = alive ? `no end after ${HANG_MS / 1000} s` : `the worker ended with ${child.exitCode}`;
      child.kill('SIGKILL');
      alive = false;
      return failedSeed(seed, detail);
    },
    end() {
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.disconnect();
      return gone;
    },
  };
}

/** Undefined when the process ends or stays silent for too long. */
function nextAnswer(child: ChildProcess, limitMs: number): Promise<WorkerAnswer | undefined> {
  return new Promise((resolve) => {
    const settle = (answer: WorkerAnswer | undefined) => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      resolve(answer);
    };
    const onMessage = (message: unknown) => settle(message as WorkerAnswer);
    const onExit = () => settle(undefined);
    const timer = setTimeout(() => settle(undefined), limitMs);
    child.on('message', onMessage);
    child.on('exit', onExit);
  });
}

function failedSeed(seed: number, detail: string): SeedResult {
  return {
    seed,
    violations: [{ kind: 'broken', detail }],
    faults: {},
    crashes: 0,
    events: 0,
    batches: 0,
    virtualMs: 0,
    traceHash: '',
  };
}
