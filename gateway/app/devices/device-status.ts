/** The state of a device, for the status page and the metrics: counters that only rise, and the last of each thing. */
import type { Discarded } from '../../drivers/driver.ts';

export type DeviceState = 'stopped' | 'connecting' | 'connected' | 'waiting';

export interface DeviceStatus {
  readonly device: string;
  readonly kind: string;
  readonly address: string;
  readonly state: DeviceState;
  /** The driver's own words. */
  readonly session: string;
  readonly silent: boolean;
  readonly lastInputAt?: number;
  readonly lastReadingAt?: number;
  /** Why the line last failed or could not be opened. */
  readonly lastProblem?: string;
  readonly bytes: number;
  readonly messages: number;
  readonly readings: number;
  readonly reconnects: number;
  readonly discarded: Readonly<Record<string, { readonly count: number; readonly bytes: number }>>;
}

/** Reasons are a driver's fixed words; a device must not be able to grow this map. */
const MAX_REASONS = 32;

export class DeviceCounts {
  bytes = 0;
  messages = 0;
  readings = 0;
  reconnects = 0;
  readonly #discarded = new Map<string, { count: number; bytes: number }>();
  #unreported = new Map<string, number>();

  /** `count` losses of this kind at once. */
  discard({ reason, bytes }: Discarded, count = 1): void {
    const known = this.#discarded.has(reason) || this.#discarded.size < MAX_REASONS;
    const key = known ? reason : 'OTHER';
    const entry = this.#discarded.get(key) ?? { count: 0, bytes: 0 };
    entry.count += count;
    entry.bytes += bytes;
    this.#discarded.set(key, entry);
    this.#unreported.set(key, (this.#unreported.get(key) ?? 0) + count);
  }

  /** What has been discarded since the last call, in words; undefined when nothing was. */
  takeUnreported(): { readonly lost: number; readonly detail: string } | undefined {
    if (this.#unreported.size === 0) return undefined;
    const entries = [...this.#unreported];
    this.#unreported = new Map();
    const lost = entries.reduce((sum, [, count]) => sum + count, 0);
    return { lost, detail: entries.map(([reason, count]) => `${count} ${reason}`).join(', ') };
  }

  get discarded(): DeviceStatus['discarded'] {
    return Object.fromEntries([...this.#discarded].map(([reason, entry]) => [reason, { ...entry }]));
  }
}
