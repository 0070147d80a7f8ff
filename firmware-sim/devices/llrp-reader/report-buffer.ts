/**
 * What a simulated reader keeps while it must not speak: between losing a client with "hold" configured and the
 * next client's ENABLE_EVENTS_AND_REPORTS (LLRP 1.1 §13.2.6.4). Bounded in tags and events together; what comes
 * beyond is lost and remembered as an overflow.
 */
import type { ReaderEventNotificationData } from '../../../protocol/wire/llrp/events.ts';
import type { TagReportContentSelector } from '../../../protocol/wire/llrp/rospec.ts';
import type { Sight } from './air.ts';

export interface HeldReport {
  readonly kind: 'report';
  readonly roSpecId: number;
  readonly wanted: TagReportContentSelector;
  readonly sights: readonly Sight[];
}

interface HeldEvent {
  readonly kind: 'event';
  readonly event: ReaderEventNotificationData;
}

export type HeldItem = HeldReport | HeldEvent;

const WARNING_PERCENT = 80;

export class ReportBuffer {
  readonly #capacity: number;
  #held: HeldItem[] = [];
  #filled = 0;
  #overflowed = false;
  #warned = false;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Returns the level in percent when it has just become worth a warning. */
  add(item: HeldItem): number | undefined {
    const size = item.kind === 'report' ? item.sights.length : 1;
    if (this.#filled + size > this.#capacity) {
      this.#overflowed = true;
      return undefined;
    }
    this.#held.push(item);
    this.#filled += size;
    const percent = Math.floor((this.#filled * 100) / this.#capacity);
    if (percent < WARNING_PERCENT || this.#warned) return undefined;
    this.#warned = true;
    return percent;
  }

  /** Everything held, oldest first, and whether something was lost behind it. */
  drain(): { readonly held: readonly HeldItem[]; readonly overflowed: boolean } {
    const drained = { held: this.#held, overflowed: this.#overflowed };
    this.#held = [];
    this.#filled = 0;
    this.#overflowed = false;
    this.#warned = false;
    return drained;
  }
}
