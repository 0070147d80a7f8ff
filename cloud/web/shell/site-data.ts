/**
 * Everything the page shows all the time, and which live topics make which part of it old. Parts that are only
 * shown on demand (samples of a room, the objects of a stock row) join with `watch`.
 */
import type { Clock, Timer } from '../../../protocol/ports/clock.ts';
import { exceptionSchema } from '../../contract/exceptions.ts';
import { deadLetterSchema, gatewaySchema } from '../../contract/gateways.ts';
import { holdSchema } from '../../contract/holds.ts';
import { listOf } from '../../contract/lists.ts';
import type { LiveMessage } from '../../contract/live.ts';
import { passSchema } from '../../contract/passes.ts';
import { roomSchema } from '../../contract/rooms.ts';
import { shipmentSchema } from '../../contract/shipments.ts';
import { type Status, statusSchema } from '../../contract/status.ts';
import { stockRowSchema } from '../../contract/stock.ts';
import { API, type ApiClient } from './api-client.ts';
import { followLive, type LiveSource, type LiveState } from './live.ts';
import { Resource } from './resource.ts';
import { addTimeSample, type ServerTime, serverTimeAt, UNKNOWN_TIME } from './server-time.ts';

export type Topic = LiveMessage['topic'];

/** At most two fetches per second of each part. */
const REFRESH_EVERY_MS = 500;
const STATUS_EVERY_MS = 10_000;
/** The second status soon after the first shows how fast the cloud's clock runs. */
const SECOND_STATUS_MS = 2000;
const TICK_MS = 1000;
const SHOWN_PASSES = 60;
const SHOWN_EXCEPTIONS = 300;
/** The most the API gives in one page. */
const MOST = 1000;

export type SiteData = ReturnType<typeof openSiteData>;

interface SiteDataOptions {
  readonly clock: Clock;
  readonly api: ApiClient;
  readonly openLive: (url: string) => LiveSource;
  /** Whether the user may see dead letters. */
  readonly seesDeadLetters: boolean;
}

export function openSiteData({ clock, api, openLive, seesDeadLetters }: SiteDataOptions) {
  let time: ServerTime = UNKNOWN_TIME;
  let liveState: LiveState = 'connecting';
  const liveListeners = new Set<() => void>();
  const tickListeners = new Set<() => void>();
  const watchers = new Set<{ topics: readonly Topic[]; onChange: (message?: LiveMessage) => void }>();

  function part<T>(name: string, topics: readonly Topic[], load: () => Promise<T>): Resource<T> {
    const resource = new Resource({ clock, name, everyMs: REFRESH_EVERY_MS, load });
    watchers.add({ topics, onChange: () => resource.refresh() });
    return resource;
  }

  async function loadStatus(): Promise<Status> {
    const askedAt = clock.monotonicMs();
    const status = await api.get('/status', statusSchema);
    const localMs = (askedAt + clock.monotonicMs()) / 2;
    time = addTimeSample(time, { localMs, serverMs: Date.parse(status.now) });
    return status;
  }

  const parts = {
    status: part('status', [], loadStatus),
    passes: part('passes', ['pass'], async () => {
      return (await api.get('/passes', listOf(passSchema), { limit: SHOWN_PASSES })).items;
    }),
    shipments: part('shipments', ['shipment'], async () => {
      return (await api.get('/shipments', listOf(shipmentSchema))).items;
    }),
    stock: part('stock', ['stock', 'hold'], async () => {
      return (await api.get('/stock', listOf(stockRowSchema))).items;
    }),
    rooms: part('rooms', ['sample', 'contact', 'stock', 'exception', 'hold', 'device'], async () => {
      return (await api.get('/rooms', listOf(roomSchema))).items;
    }),
    exceptions: part('exceptions', ['exception', 'hold'], async () => {
      return (await api.get('/exceptions', listOf(exceptionSchema), { limit: SHOWN_EXCEPTIONS })).items;
    }),
    holds: part('holds', ['hold', 'exception'], async () => {
      return (await api.get('/holds', listOf(holdSchema), { status: 'active', limit: MOST })).items;
    }),
    gateways: part('gateways', ['gateway', 'device'], async () => {
      return (await api.get('/gateways', listOf(gatewaySchema))).items;
    }),
    deadLetters: part('dead letters', [], async () => {
      return seesDeadLetters ? (await api.get('/dead-letters', listOf(deadLetterSchema))).items : [];
    }),
  };

  const timers = new Map<string, Timer>();
  function repeat(name: string, everyMs: number, task: () => void) {
    timers.set(
      name,
      clock.setTimer(everyMs, name, () => {
        task();
        repeat(name, everyMs, task);
      }),
    );
  }

  const stopLive = followLive({
    clock,
    open: () => openLive(`${API}/stream`),
    onMessage: (message) => {
      for (const { topics, onChange } of watchers) if (topics.includes(message.topic)) onChange(message);
    },
    onState: (state) => {
      liveState = state;
      for (const listener of liveListeners) listener();
    },
    onConnected: () => {
      for (const { onChange } of watchers) onChange();
    },
    // A session that has ended answers so, and the page then asks for a token.
    onRefused: () => parts.status.refresh(),
  });
  for (const resource of Object.values(parts)) resource.refresh();
  timers.set(
    'second status',
    clock.setTimer(SECOND_STATUS_MS, 'second status', () => parts.status.refresh()),
  );
  repeat('status', STATUS_EVERY_MS, () => {
    parts.status.refresh();
    parts.deadLetters.refresh();
    // A lane's progress is no event of its own.
    parts.gateways.refresh();
  });
  repeat('tick', TICK_MS, () => {
    for (const listener of tickListeners) listener();
  });

  return {
    ...parts,
    clock,
    api,
    /** The cloud's time now; not a number before its first answer. */
    now: () => serverTimeAt(time, clock.monotonicMs()),
    liveState: () => liveState,
    subscribeLive: (listener: () => void) => {
      liveListeners.add(listener);
      return () => void liveListeners.delete(listener);
    },
    /** Once per local second. */
    subscribeTick: (listener: () => void) => {
      tickListeners.add(listener);
      return () => void tickListeners.delete(listener);
    },
    /** Called with each message of these topics, and without a message at each new connection. */
    watch: (topics: readonly Topic[], onChange: (message?: LiveMessage) => void) => {
      const watcher = { topics, onChange };
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    close: () => {
      stopLive();
      for (const timer of timers.values()) timer.cancel();
      for (const resource of Object.values(parts)) resource.close();
    },
  };
}
