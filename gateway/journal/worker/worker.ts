/** The worker thread that owns the journal file: one request at a time, in the order they come. */
import { parentPort, workerData } from 'node:worker_threads';
import { type EngineOptions, JournalEngine } from './engine.ts';
import { toWire, type WorkerReply, type WorkerRequest } from './worker-messages.ts';

if (parentPort === null) throw new Error('worker.ts runs only as a worker thread');
const port = parentPort;
const options: EngineOptions = workerData;
const engine = new JournalEngine(options);

port.on('message', ({ id, request }: WorkerRequest) => {
  const answer = (reply: WorkerReply) => port.postMessage(reply);
  try {
    answer({ id, ok: true, reply: engine.handle(request) });
  } catch (error) {
    answer({ id, ok: false, error: toWire(error) });
  }
});
