/** The live stream as server-sent events: what changed; the page fetches what it shows. */
import * as z from 'zod';
import { findUserByName } from '../access/users.ts';
import { type Api, type ApiContext, answers } from '../http/api.ts';
import { ProblemError } from '../http/problems.ts';
import { actorOf } from './decision.ts';

/** Below the idle limits of common proxies (60 s). */
export const HEARTBEAT_MS = 15_000;
/** What the browser waits before it connects again. */
const RETRY_MS = 3000;

export function streamRoutes(app: Api, { db, live, clock }: ApiContext): void {
  app.get(
    '/stream',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'Server-sent events: each `data` is a live message as JSON, without history',
        tags: ['live'],
        produces: ['text/event-stream'],
        response: answers(200, z.string()),
      },
    },
    (request, reply) => {
      const { raw } = reply;
      const name = actorOf(request);
      const subscription = live.subscribe({
        write: (text) => raw.write(text),
        destroy: () => raw.destroy(),
      });
      if (!subscription) throw new ProblemError('too_many_streams', `${live.size} streams are open`);
      reply.hijack();
      let timer = clock.setTimer(HEARTBEAT_MS, 'live heartbeat', beat);
      /** Also the moment to notice that the reader's token was revoked; a database that is away ends the stream too. */
      function beat() {
        const known = findUserByName(db, name).catch(() => undefined);
        const beaten = known.then((user) => {
          if (raw.destroyed) return;
          if (user === undefined) {
            raw.destroy();
            return;
          }
          subscription?.heartbeat();
          timer = clock.setTimer(HEARTBEAT_MS, 'live heartbeat', beat);
        });
        void clock.track(beaten);
      }
      raw.on('drain', () => subscription.drained());
      raw.on('close', () => {
        timer.cancel();
        subscription.close();
      });
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        if (value !== undefined) raw.setHeader(name, value);
      }
      raw.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
      });
      raw.write(`retry: ${RETRY_MS}\n\n`);
    },
  );
}
