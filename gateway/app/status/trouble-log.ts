/**
 * Logs what people look for there: the uplink and the site's brokers coming and going, what keeps events from getting through it,
 * and each condition of a device when it begins and when it is over. Looks now and then and writes changes only; the journal holds the full story.
 */
import type { Logger } from 'pino';

export interface GatewayTroubles {
  /** Undefined: the gateway has no uplink. */
  readonly uplink: { readonly connected: boolean; readonly state: string } | undefined;
  /** Of the site, with devices on them. */
  readonly brokers?: readonly {
    readonly name: string;
    readonly connected: boolean;
    readonly state: string;
  }[];
  /** What keeps events from getting through, and what to do; its figures change without being logged again. */
  readonly problem?: string | undefined;
  readonly devices: readonly {
    readonly device: string;
    readonly conditions: readonly { readonly condition: string; readonly detail: string }[];
  }[];
}

export function createTroubleLog(log: Pick<Logger, 'info' | 'warn'>): (now: GatewayTroubles) => void {
  let connected: boolean | undefined;
  let open = new Map<string, { device: string; condition: string }>();
  let problemKind: string | undefined;
  const reached = new Map<string, boolean>();
  return ({ uplink, problem, brokers = [], devices }) => {
    const kind = problem?.replace(/\d+/g, '#');
    if (kind !== problemKind) {
      problemKind = kind;
      if (problem !== undefined) log.warn({ event: 'uplink.trouble', problem }, 'events do not get through');
      else log.info({ event: 'uplink.well' }, 'events get through again');
    }
    if (uplink !== undefined && uplink.connected !== connected) {
      connected = uplink.connected;
      if (connected) log.info({ event: 'uplink.connected', state: uplink.state }, 'uplink connected');
      else log.warn({ event: 'uplink.down', state: uplink.state }, 'uplink down; events wait in the journal');
    }
    for (const { name, connected: isReached, state } of brokers) {
      if (reached.get(name) === isReached) continue;
      reached.set(name, isReached);
      if (isReached) log.info({ event: 'broker.connected', broker: name, state }, 'broker connected');
      else log.warn({ event: 'broker.down', broker: name, state }, 'broker down; its devices are not heard');
    }
    const still = new Map<string, { device: string; condition: string }>();
    for (const { device, conditions } of devices) {
      for (const { condition, detail } of conditions) {
        const key = `${device} ${condition}`;
        still.set(key, { device, condition });
        if (!open.has(key))
          log.warn({ event: 'device.trouble', device, condition, detail }, 'device trouble');
      }
    }
    for (const [key, was] of open) {
      if (!still.has(key)) log.info({ event: 'device.well', ...was }, 'device trouble over');
    }
    open = still;
  };
}
