/** The main side of the journal's worker thread, and the in-thread stand-in that virtual-time runs use. */
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../../protocol/ports/clock.ts';
import { JournalError } from '../journal-error.ts';
import { type EngineLink, type EngineOptions, type EngineReply, JournalEngine } from './engine.ts';
import { fromWire, type WorkerReply, type WorkerRequest } from './worker-messages.ts';

interface ReplyWaiter {
  resolve(reply: EngineReply): void;
  reject(error: Error): void;
}

/** `onDied` is called at an end that nobody asked for. */
export function startWorker(
  options: EngineOptions,
  clock: Clock,
  onDied: (error: JournalError) => void,
  script = new URL('./worker.ts', import.meta.url),
): EngineLink {
  const worker = new Worker(script, { workerData: options, name: 'journal' });
  let ending = false;
  const waiting = new Map<number, ReplyWaiter>();
  let lastId = 0;
  let dead: JournalError | undefined;
  const die = (reason: string) => {
    const first = dead === undefined;
    dead ??= new JournalError('worker-died', `the journal worker ended: ${reason}`);
    if (first && !ending) onDied(dead);
    for (const waiter of waiting.values()) waiter.reject(dead);
    waiting.clear();
  };
  worker.on('message', (reply: WorkerReply) => {
    const waiter = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (reply.ok) waiter?.resolve(reply.reply);
    else waiter?.reject(fromWire(reply.error));
  });
  worker.on('error', (error) => die(error instanceof Error ? error.message : String(error)));
  worker.on('exit', (exitCode) => die(`exit code ${exitCode}`));
  return {
    call(request) {
      if (dead !== undefined) return Promise.reject(dead);
      const reply = new Promise<EngineReply>((resolve, reject) => {
        const id = ++lastId;
        waiting.set(id, { resolve, reject });
        const message: WorkerRequest = { id, request };
        worker.postMessage(message);
      });
      return clock.track(reply);
    },
    async terminate() {
      ending = true;
      await worker.terminate();
    },
  };
}

export function startInThread(options: EngineOptions, clock: Clock): EngineLink {
  const engine = new JournalEngine(options);
  return {
    call: (request) => clock.track(new Promise((resolve) => resolve(engine.handle(request)))),
    async terminate() {
      engine.close();
    },
  };
}
